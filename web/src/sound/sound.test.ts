import { afterEach, describe, expect, it, vi } from "vitest";
import { levelOf } from "./level.ts";
import { MicrophoneError, listMicrophones, openMicrophone, problemOf } from "./microphone.ts";
import { fromS16, toS16 } from "./pcm.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("PCM", () => {
  it("goes there and back within a step of 16 bits, and clips what is too loud", () => {
    const samples = Float32Array.of(0, 0.5, -0.5, 0.999, -1, 2, -2);
    const back = fromS16(toS16(samples));
    [0, 0.5, -0.5, 0.999, -1, 1, -1].forEach((s, i) => expect(back[i]).toBeCloseTo(s, 3));
  });

  it("is little-endian, and an odd last byte is dropped", () => {
    expect([...new Uint8Array(toS16(Float32Array.of(258 / 32767)))]).toEqual([2, 1]);
    expect(fromS16(Uint8Array.of(0, 64, 7).buffer)).toEqual(Float32Array.of(0.5));
  });
});

describe("a level", () => {
  const noise = (loud: number) => Float32Array.from({ length: 1000 }, (_, i) => (i % 2 ? loud : -loud));
  it("is 0 in silence, 1 for a shout, and rises between", () => {
    const levels = [0, 0.002, 0.01, 0.05, 0.2, 1].map((loud) => levelOf(noise(loud)));
    expect(levels[0]).toBe(0);
    expect(levels.at(-1)).toBe(1);
    expect([...levels].sort((a, b) => a - b)).toEqual(levels);
    expect(new Set(levels).size).toBeGreaterThanOrEqual(5);
    expect(levelOf(new Float32Array(0))).toBe(0);
  });
});

describe("the microphone", () => {
  const named = (name: string) => new DOMException("scripted", name);

  it.each([
    ["NotAllowedError", "denied"],
    ["SecurityError", "denied"],
    ["NotFoundError", "missing"],
    ["NotReadableError", "busy"],
    ["AbortError", "busy"],
    ["TypeError", "failed"],
  ])("%s is %s", (name, why) => {
    expect(problemOf(named(name))).toBe(why);
  });

  it("is opened with echo cancellation, noise suppression and gain control", async () => {
    const getUserMedia = vi.fn(() => Promise.resolve("stream"));
    vi.stubGlobal("navigator", { mediaDevices: { getUserMedia } });
    await openMicrophone("dev");
    expect(getUserMedia).toHaveBeenCalledWith({
      audio: {
        echoCancellation: true,
        noiseSuppression: true,
        autoGainControl: true,
        channelCount: 1,
        deviceId: { exact: "dev" },
      },
      video: false,
    });
  });

  it("falls back to any other when the chosen one is gone, and says why when there is none", async () => {
    const getUserMedia = vi
      .fn()
      .mockRejectedValueOnce(named("OverconstrainedError"))
      .mockResolvedValueOnce("other")
      .mockRejectedValue(named("NotFoundError"));
    vi.stubGlobal("navigator", { mediaDevices: { getUserMedia } });
    await expect(openMicrophone("gone")).resolves.toBe("other");
    const failure = await openMicrophone(null).catch((e: unknown) => e);
    expect(failure).toBeInstanceOf(MicrophoneError);
    expect(failure).toMatchObject({ why: "missing" });
  });

  it("is listed only with a name, which browsers tell after permission", async () => {
    const enumerateDevices = () =>
      Promise.resolve([
        { kind: "audioinput", deviceId: "a", label: "Headset" },
        { kind: "audioinput", deviceId: "", label: "" },
        { kind: "videoinput", deviceId: "v", label: "Camera" },
      ]);
    vi.stubGlobal("navigator", { mediaDevices: { enumerateDevices } });
    await expect(listMicrophones()).resolves.toEqual([{ deviceId: "a", label: "Headset" }]);
  });
});
