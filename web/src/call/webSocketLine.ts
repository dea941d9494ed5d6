import { LevelMeter } from "../sound/level.ts";
import { Heartbeat } from "./heartbeat.ts";
import { type CallLine, type LineEvents, LineError } from "./line.ts";
import { type PageMessage, type ServerMessage, parseMessage } from "./messages.ts";
import { failureOfClose } from "./refusals.ts";
import type { Credentials, LineFailure } from "./state.ts";
import captureUrl from "./worklets/capture.worklet.ts?worker&url";
import playbackUrl from "./worklets/playback.worklet.ts?worker&url";

/** Hz of the sound we send. */
const RATE = 16_000;
/** From the first packet to the host's greeting. */
const OPEN_MS = 10_000;
/** Bytes waiting to leave, 1 s of sound: more is dropped, because late sound is worse than a gap. */
const MAX_WAITING = RATE * 2;

/** Sound as PCM over one WebSocket, for browsers without WebRTC and networks that let none through. */
export class WebSocketLine implements CallLine {
  private readonly heartbeat: Heartbeat;
  private socket: WebSocket | null = null;
  private source: MediaStreamAudioSourceNode | null = null;
  private capture: AudioWorkletNode | null = null;
  private playback: AudioWorkletNode | null = null;
  private meter: LevelMeter | null = null;
  private closed = false;
  private established = false;

  constructor(
    private readonly credentials: Credentials,
    private readonly takeOver: boolean,
    private microphone: MediaStreamTrack,
    private readonly audio: AudioContext,
    private readonly events: LineEvents,
  ) {
    this.heartbeat = new Heartbeat(
      (ping) => this.send(ping),
      () => this.fail({ cause: "unreachable" }),
    );
  }

  async open(signal: AbortSignal): Promise<void> {
    try {
      await Promise.all([
        this.audio.audioWorklet.addModule(captureUrl),
        this.audio.audioWorklet.addModule(playbackUrl),
      ]);
      signal.throwIfAborted();
      await this.greeted(signal);
      this.startSound();
      this.heartbeat.start();
    } catch (cause) {
      this.close();
      if (signal.aborted || cause instanceof LineError) throw cause;
      throw new LineError({ cause: "no_media", letIn: this.established }, { cause });
    }
  }

  send(message: PageMessage): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  replaceMicrophone(track: MediaStreamTrack): Promise<void> {
    this.microphone = track;
    if (this.capture !== null) this.connectMicrophone(this.capture);
    return Promise.resolve();
  }

  outputLevel(): number {
    return this.meter?.read() ?? 0;
  }

  async allowSound(): Promise<boolean> {
    await this.audio.resume();
    return this.audio.state === "running";
  }

  close(): void {
    this.closed = true;
    this.heartbeat.stop();
    if (this.socket !== null) {
      this.socket.onclose = null;
      this.socket.onmessage = null;
      this.socket.close(1000);
    }
    this.audio.removeEventListener("statechange", this.audioChanged);
    this.source?.disconnect();
    this.meter?.close();
    this.meter = null;
    for (const node of [this.capture, this.playback]) {
      if (node === null) continue;
      node.port.onmessage = null;
      node.port.close();
      node.disconnect();
    }
  }

  private fail(failure: LineFailure): void {
    if (this.closed) return;
    this.close();
    this.events.failed(failure);
  }

  /** Connects, and waits for the host's first word. */
  private greeted(signal: AbortSignal): Promise<void> {
    const url = new URL(
      `/api/v1/sessions/${encodeURIComponent(this.credentials.sessionId)}/audio`,
      location.href,
    );
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.searchParams.set("rate", String(RATE));
    url.searchParams.set("take_over", this.takeOver ? "1" : "0");
    const socket = new WebSocket(url, ["vivavoce.v1", `bearer.${this.credentials.token}`]);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    return new Promise((resolve, reject) => {
      const settle = (done: () => void) => {
        clearTimeout(timer);
        signal.removeEventListener("abort", aborted);
        done();
      };
      const aborted = () => settle(() => reject(signal.reason as Error));
      const timer = setTimeout(() => settle(() => reject(new LineError({ cause: "unreachable" }))), OPEN_MS);
      signal.addEventListener("abort", aborted);
      let queued: Extract<ServerMessage, { type: "queued" }> | null = null;
      socket.onclose = ({ code }) => {
        const failure = failureOfClose(code, this.established, queued);
        if (this.established) this.fail(failure);
        else settle(() => reject(new LineError(failure)));
      };
      socket.onmessage = ({ data }: MessageEvent<unknown>) => {
        const first = !this.established && typeof data === "string" ? parseMessage(data) : null;
        if (first?.type === "queued") {
          queued = first;
          return;
        }
        if (!this.established) {
          this.established = true;
          settle(resolve);
        }
        this.hear(data);
      };
    });
  }

  private hear(data: unknown): void {
    if (data instanceof ArrayBuffer) {
      this.playback?.port.postMessage(data, [data]);
      return;
    }
    const message = typeof data === "string" ? parseMessage(data) : null;
    if (message === null) return;
    if (message.type === "pong") this.heartbeat.pong(message.n);
    else if (message.type === "flush") this.playback?.port.postMessage("flush");
    else this.events.message(message);
  }

  private startSound(): void {
    const capture = new AudioWorkletNode(this.audio, "vivavoce-capture", {
      numberOfInputs: 1,
      numberOfOutputs: 1,
      channelCount: 1,
      channelCountMode: "explicit",
    });
    capture.port.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => {
      const socket = this.socket;
      if (socket?.readyState === WebSocket.OPEN && socket.bufferedAmount < MAX_WAITING) socket.send(data);
    };
    this.capture = capture;
    this.connectMicrophone(capture);
    // It puts out silence; browsers run only what leads to the speaker.
    capture.connect(this.audio.destination);
    const playback = new AudioWorkletNode(this.audio, "vivavoce-playback", {
      numberOfInputs: 0,
      numberOfOutputs: 1,
      outputChannelCount: [1],
    });
    playback.connect(this.audio.destination);
    this.playback = playback;
    this.meter = new LevelMeter(playback);
    this.audio.addEventListener("statechange", this.audioChanged);
    this.audioChanged();
  }

  private connectMicrophone(capture: AudioWorkletNode): void {
    this.source?.disconnect();
    this.source = this.audio.createMediaStreamSource(new MediaStream([this.microphone]));
    this.source.connect(capture);
  }

  /** A phone call or the operating system may stop our sound; it comes back in a gesture. */
  private readonly audioChanged = (): void => {
    if (!this.closed && this.audio.state !== "running") this.events.soundBlocked();
  };
}
