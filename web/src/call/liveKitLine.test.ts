import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Api } from "../api/client.ts";
import type { LineEvents } from "./line.ts";
import { LiveKitLine } from "./liveKitLine.ts";
import type { Credentials } from "./state.ts";

type Listener = (...args: unknown[]) => void;

/** As much of a livekit-client room as a line uses. */
class FakeRoom {
  static last: FakeRoom;
  state = "connected";
  readonly sent: { type: string; n?: number }[] = [];
  private readonly listeners = new Map<string, Listener>();
  readonly localParticipant = {
    publishTrack: () => Promise.resolve(),
    publishData: (bytes: Uint8Array) => {
      this.sent.push(JSON.parse(new TextDecoder().decode(bytes)) as { type: string });
      return Promise.resolve();
    },
  };

  constructor() {
    FakeRoom.last = this;
  }

  on(event: string, listener: Listener): void {
    this.listeners.set(event, listener);
  }

  emit(event: string, ...args: unknown[]): void {
    this.listeners.get(event)?.(...args);
  }

  /** The agent says something. */
  say(message: object): void {
    const bytes = new TextEncoder().encode(JSON.stringify(message));
    this.emit("dataReceived", bytes, { identity: "agent" }, undefined, "vivavoce");
  }

  connect(): Promise<void> {
    return Promise.resolve();
  }

  removeAllListeners(): void {
    this.listeners.clear();
  }

  disconnect(): Promise<void> {
    return Promise.resolve();
  }
}

vi.mock("livekit-client", () => ({
  Room: FakeRoom,
  RoomEvent: {
    TrackSubscribed: "trackSubscribed",
    TrackUnsubscribed: "trackUnsubscribed",
    DataReceived: "dataReceived",
    Disconnected: "disconnected",
  },
  DisconnectReason: { DUPLICATE_IDENTITY: 2 },
  Track: { Source: { Microphone: "microphone" } },
}));
vi.mock("./speaker.ts", () => ({
  Speaker: class {
    play(): void {}
    close(): void {}
  },
}));

const voice = () => ({ kind: "audio", mediaStreamTrack: {} });

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

async function opened() {
  const failed = vi.fn();
  const events: LineEvents = { message: vi.fn(), failed, soundBlocked: vi.fn() };
  const api = { joinRoom: () => Promise.resolve({ url: "ws://sfu", token: "t" }) } as unknown as Api;
  const credentials: Credentials = {
    sessionId: "s",
    token: "t",
    expiresAt: "2030-01-01T00:00:00Z",
    transports: ["livekit"],
    iceServers: [],
    language: "en",
    consentVersion: "1",
  };
  const microphone = {} as MediaStreamTrack;
  const line = new LiveKitLine(
    api,
    credentials,
    false,
    microphone,
    {} as AudioContext,
    { silent: false },
    events,
  );
  const opening = line.open(new AbortController().signal);
  await vi.advanceTimersByTimeAsync(0);
  const room = FakeRoom.last;
  const first = voice();
  room.emit("trackSubscribed", first);
  await vi.advanceTimersByTimeAsync(300);
  room.say({ type: "pong", n: 0 });
  await opening;
  return { room, first, failed };
}

/** The agent answers each ping for a while. */
async function answered(room: FakeRoom, seconds: number): Promise<void> {
  for (let at = 0; at < seconds; at += 0.5) {
    await vi.advanceTimersByTimeAsync(500);
    room.say({ type: "pong", n: room.sent.at(-1)?.n ?? 0 });
  }
}

it("joins again where an agent answers whose voice does not come", async () => {
  const { room, first, failed } = await opened();
  await answered(room, 10);
  room.emit("trackUnsubscribed", first);
  await answered(room, 4);
  expect(failed).not.toHaveBeenCalled();
  await answered(room, 2);
  expect(failed).toHaveBeenCalledWith({ cause: "unreachable" });
});

it("stays where another voice has come, whichever news is first", async () => {
  const { room, first, failed } = await opened();
  const second = voice();
  room.emit("trackSubscribed", second);
  room.emit("trackUnsubscribed", first);
  await answered(room, 10);
  room.emit("trackUnsubscribed", second);
  await answered(room, 3);
  room.emit("trackSubscribed", voice());
  await answered(room, 10);
  expect(failed).not.toHaveBeenCalled();
});
