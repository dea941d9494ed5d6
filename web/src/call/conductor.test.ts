// @vitest-environment jsdom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Api } from "../api/client.ts";
import { ApiError, Unreachable } from "../api/errors.ts";
import type { ConsentAnswer, InvitationView, Transport } from "../api/types.ts";
import { MicrophoneError } from "../sound/microphone.ts";
import { Conductor, type SoundPort } from "./conductor.ts";
import { CredentialKeeper } from "./keeper.ts";
import { type CallLine, type LineEvents, LineError } from "./line.ts";
import type { PageMessage } from "./messages.ts";

const VIEW: InvitationView = {
  status: "open",
  study: { title: "Work", about: "", organisation: "", contact: "", minutes: 3, resumable: false },
  languages: [{ code: "en", name: "English", dir: "ltr" }],
  language: "en",
  disclosure: { en: "An AI." },
  consent: { version: "v1", text: { en: "Yes?" } },
};
const ANSWER: ConsentAnswer = {
  session_id: "s1",
  token: "t1",
  expires_at: "2099-01-01T00:00:00Z",
  transports: ["webrtc", "websocket"],
  ice_servers: [],
};

class FakeLine implements CallLine {
  sent: PageMessage[] = [];
  closed = false;
  replaced = 0;

  constructor(
    readonly transport: Transport,
    readonly takeOver: boolean,
    readonly events: LineEvents,
    private readonly opening: (line: FakeLine) => Promise<void>,
  ) {}

  open(): Promise<void> {
    return this.opening(this);
  }
  send(message: PageMessage): void {
    this.sent.push(message);
  }
  replaceMicrophone(): Promise<void> {
    this.replaced += 1;
    return Promise.resolve();
  }
  outputLevel(): number {
    return 0.5;
  }
  allowSound(): Promise<boolean> {
    return Promise.resolve(true);
  }
  close(): void {
    this.closed = true;
  }
}

class FakeSound implements SoundPort {
  track: MediaStreamTrack | null = null;
  muted = false;
  opened: (string | null)[] = [];
  fails: MicrophoneError | null = null;
  onMicrophoneLost: () => void = () => undefined;

  get microphoneOpen(): boolean {
    return this.track !== null;
  }
  wake(): void {}
  openMicrophone(deviceId: string | null): Promise<MediaStreamTrack> {
    this.opened.push(deviceId);
    if (this.fails !== null) return Promise.reject(this.fails);
    this.track = { label: deviceId ?? "default" } as MediaStreamTrack;
    return Promise.resolve(this.track);
  }
  releaseMicrophone(): void {
    this.track = null;
  }
  mute(muted: boolean): void {
    this.muted = muted;
  }
}

function world() {
  const api = new Api(() => Promise.reject(new Error("no request was expected")));
  const calls = {
    invitation: vi.spyOn(api, "invitation").mockResolvedValue(VIEW),
    consent: vi.spyOn(api, "consent").mockResolvedValue(ANSWER),
    session: vi.spyOn(api, "session"),
    leave: vi.spyOn(api, "leave").mockResolvedValue(),
  };
  const sound = new FakeSound();
  const lines: FakeLine[] = [];
  const opening: ((line: FakeLine) => Promise<void>)[] = [];
  const conductor = new Conductor(
    {
      api,
      sound,
      keeper: new CredentialKeeper(),
      makeLine: (transport, _credentials, takeOver, _track, events) => {
        const line = new FakeLine(transport, takeOver, events, opening.shift() ?? (() => Promise.resolve()));
        lines.push(line);
        return line;
      },
      monotonic: () => performance.now(),
      now: () => Date.now(),
      reloaded: false,
    },
    { secure: true, microphone: true, webrtc: true, websocket: true },
  );
  const settle = () => vi.advanceTimersByTimeAsync(0);
  const open = async () => {
    conductor.dispatch({ type: "opened", invitation: "inv" });
    await settle();
  };
  const toCheck = async () => {
    await open();
    conductor.dispatch({ type: "agreed" });
    await settle();
    conductor.dispatch({ type: "microphoneAsked", deviceId: null });
    await settle();
  };
  const toCall = async () => {
    await toCheck();
    conductor.dispatch({ type: "started" });
    await settle();
    return lines.at(-1) as FakeLine;
  };
  const screen = () => conductor.state.screen.name;
  return { calls, sound, lines, opening, conductor, settle, open, toCheck, toCall, screen };
}

beforeEach(() => {
  vi.useFakeTimers();
  sessionStorage.clear();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("the way in", () => {
  it("leads from the invitation over consent and microphone into the call", async () => {
    const { toCall, screen, calls, sound, lines } = world();
    await toCall();
    expect(screen()).toBe("call");
    expect(calls.consent).toHaveBeenCalledExactlyOnceWith("inv", {
      language: "en",
      consent_version: "v1",
      accepted: true,
    });
    expect(sound.opened).toEqual([null]);
    expect(lines).toMatchObject([{ transport: "webrtc", takeOver: false }]);
    expect(sessionStorage.getItem("vivavoce.call.inv")).toContain("t1");
  });

  it("tells refusals of the invitation from a host out of reach", async () => {
    const refused = world();
    refused.calls.invitation.mockRejectedValue(new ApiError(404, "invitation_unknown", ""));
    await refused.open();
    expect(refused.conductor.state.screen).toEqual({ name: "deadLink", why: "unknown" });
    const away = world();
    away.calls.invitation.mockRejectedValue(new Unreachable(""));
    await away.open();
    expect(away.screen()).toBe("unreachable");
  });

  it("loses nothing of what the host says while the line is still opening", async () => {
    const { toCall, conductor, opening } = world();
    opening.push((line) => {
      line.events.message({
        type: "caption",
        speaker: "moderator",
        id: "1",
        text: "Hello",
        language: "en",
        final: true,
      });
      line.events.soundBlocked();
      return Promise.resolve();
    });
    await toCall();
    expect(conductor.state.screen).toMatchObject({
      name: "call",
      call: { transcript: [{ text: "Hello" }], soundBlocked: true },
    });
  });

  it("waits between tries, and closes each failed line", async () => {
    const { toCall, lines, opening, screen } = world();
    for (let i = 0; i < 2; i++) opening.push(() => Promise.reject(new LineError({ cause: "unreachable" })));
    await toCall();
    expect(lines).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(499);
    expect(lines).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(lines).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(lines.map((l) => l.closed)).toEqual([true, true, false]);
    expect(screen()).toBe("call");
  });

  it("tries a full host again when it said so", async () => {
    const { toCall, lines, opening, screen } = world();
    opening.push(() => Promise.reject(new LineError({ cause: "host_full", retryAfterS: 3, place: null })));
    await toCall();
    expect(screen()).toBe("full");
    await vi.advanceTimersByTimeAsync(3_000);
    expect(lines).toHaveLength(2);
    expect(screen()).toBe("call");
  });

  it("does not answer for an attempt that was given up meanwhile", async () => {
    const { toCall, conductor, opening, screen, settle } = world();
    let late: (reason: Error) => void = () => undefined;
    opening.push(() => new Promise((_, reject) => (late = reject)));
    await toCall();
    conductor.dispatch({ type: "lineFailed", failure: { cause: "already_connected" }, at: 0 });
    late(new LineError({ cause: "session_over" }));
    await settle();
    expect(screen()).toBe("elsewhere");
  });

  it("shows how the interview ended where it is over", async () => {
    const { toCall, calls, opening, conductor } = world();
    calls.session.mockResolvedValue({
      id: "s1",
      status: "ABANDONED",
      reason: "left",
      language: "en",
      progress: { phase: null, questions_asked: 0, elapsed_s: 0 },
    });
    opening.push(() => Promise.reject(new LineError({ cause: "session_over" })));
    calls.invitation.mockResolvedValueOnce(VIEW);
    calls.invitation.mockResolvedValue({
      ...VIEW,
      status: "finished",
      session: { id: "s1", status: "ABANDONED" },
    });
    await toCall();
    expect(conductor.state.screen).toEqual({ name: "over", status: "ABANDONED" });
  });

  it("gets a fresh token by the same consent when the old one ran out", async () => {
    const { toCall, calls, opening, screen, lines } = world();
    opening.push(() => Promise.reject(new LineError({ cause: "unauthorised" })));
    calls.consent.mockResolvedValueOnce(ANSWER).mockResolvedValueOnce({ ...ANSWER, token: "t2" });
    await toCall();
    expect(calls.consent).toHaveBeenCalledTimes(2);
    expect(calls.consent.mock.calls[1]).toEqual(calls.consent.mock.calls[0]);
    expect(lines).toHaveLength(2);
    expect(screen()).toBe("call");
    expect(sessionStorage.getItem("vivavoce.call.inv")).toContain("t2");
  });
});

describe("the microphone", () => {
  it("is exchanged on the open line", async () => {
    const { toCall, conductor, settle, sound } = world();
    const line = await toCall();
    conductor.dispatch({ type: "microphoneAsked", deviceId: "headset" });
    await settle();
    expect(sound.opened).toEqual([null, "headset"]);
    expect(line.replaced).toBe(1);
    expect(conductor.state.screen).toMatchObject({
      call: { notice: { code: "microphone_changed", text: "headset" } },
    });
  });

  it("stays the old one when the new one does not open", async () => {
    const { toCall, conductor, settle, sound } = world();
    const line = await toCall();
    sound.fails = new MicrophoneError("busy");
    conductor.dispatch({ type: "microphoneAsked", deviceId: "headset" });
    await settle();
    expect(line.replaced).toBe(0);
    expect(conductor.state.screen).toMatchObject({ call: { microphone: "ok", notice: null } });
  });

  it("is looked for when it goes, and found", async () => {
    const { toCall, conductor, settle, sound } = world();
    const line = await toCall();
    sound.track = null;
    sound.onMicrophoneLost();
    await settle();
    expect(line.replaced).toBe(1);
    expect(conductor.state.screen).toMatchObject({ call: { microphone: "ok" } });
  });

  it("is let go at the end", async () => {
    const { toCall, sound, screen } = world();
    const line = await toCall();
    line.events.message({ type: "ended", status: "completed", reason: "finished", text: "" });
    expect(screen()).toBe("goodbye");
    expect(sound.track).toBeNull();
    expect(line.closed).toBe(true);
    expect(sessionStorage.length).toBe(0);
  });

  it("is let go when it opens for an attempt that was given up", async () => {
    const { toCheck, conductor, settle, sound, screen } = world();
    await toCheck();
    sound.track = null;
    conductor.dispatch({ type: "started" });
    conductor.dispatch({ type: "message", message: { type: "notice", code: "replaced", text: "" }, at: 0 });
    await settle();
    expect(screen()).toBe("replaced");
    expect(sound.track).toBeNull();
  });
});

describe("leaving", () => {
  it("is said on the line, and by REST where the host does not answer there", async () => {
    const { toCall, conductor, calls, screen } = world();
    const line = await toCall();
    conductor.dispatch({ type: "leaveConfirmed" });
    expect(line.sent).toEqual([{ type: "leave" }]);
    await vi.advanceTimersByTimeAsync(1_999);
    expect(calls.leave).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(calls.leave).toHaveBeenCalledExactlyOnceWith("s1", "t1");
    expect(screen()).toBe("goodbye");
  });

  it("does not tell the host twice", async () => {
    const { toCall, conductor, calls, screen } = world();
    const line = await toCall();
    conductor.dispatch({ type: "leaveConfirmed" });
    line.events.message({ type: "ended", status: "interrupted", reason: "left", text: "" });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(screen()).toBe("goodbye");
    expect(calls.leave).not.toHaveBeenCalled();
  });

  it("works while the line is down, too, and even out of the host's reach", async () => {
    const { toCall, conductor, calls, screen } = world();
    const line = await toCall();
    calls.leave.mockRejectedValue(new Unreachable(""));
    conductor.dispatch({ type: "leaveConfirmed" });
    line.events.failed({ cause: "unreachable" });
    await vi.advanceTimersByTimeAsync(0);
    expect(calls.leave).toHaveBeenCalledTimes(1);
    expect(screen()).toBe("goodbye");
  });
});

it("tells who watches, only when something changed", async () => {
  const { open, conductor } = world();
  const watcher = vi.fn();
  const stop = conductor.subscribe(watcher);
  await open();
  const told = watcher.mock.calls.length;
  expect(told).toBeGreaterThan(0);
  conductor.dispatch({ type: "networkBack" });
  expect(watcher).toHaveBeenCalledTimes(told);
  stop();
  conductor.dispatch({ type: "declined" });
  expect(watcher).toHaveBeenCalledTimes(told);
});
