import type { Api } from "../api/client.ts";
import { Heartbeat } from "./heartbeat.ts";
import { type CallLine, type LineEvents, LineError } from "./line.ts";
import { type PageMessage, parseMessage } from "./messages.ts";
import { failureOf } from "./refusals.ts";
import { Speaker } from "./speaker.ts";
import type { Credentials, LineFailure } from "./state.ts";

/** The host takes offers whole, so candidates are gathered first; what is not there by then hardly helps. */
const GATHER_MS = 1_500;
/** From the host's answer to the open data channel. */
const OPEN_MS = 10_000;
/** Name of the data channel, by the contract. */
const CHANNEL = "vivavoce";

const NO_MEDIA: LineFailure = { cause: "no_media", letIn: true };

/** Sound by WebRTC, messages on its data channel. */
export class WebRtcLine implements CallLine {
  private readonly pc: RTCPeerConnection;
  private readonly channel: RTCDataChannel;
  private readonly sender: RTCRtpSender;
  private readonly speaker: Speaker;
  private readonly heartbeat: Heartbeat;
  private closed = false;
  private opened = false;

  constructor(
    private readonly api: Api,
    private readonly credentials: Credentials,
    private readonly takeOver: boolean,
    microphone: MediaStreamTrack,
    audio: AudioContext,
    private readonly events: LineEvents,
  ) {
    this.pc = new RTCPeerConnection({ iceServers: credentials.iceServers, bundlePolicy: "max-bundle" });
    this.sender = this.pc.addTrack(microphone, new MediaStream([microphone]));
    this.channel = this.pc.createDataChannel(CHANNEL, { ordered: true });
    this.heartbeat = new Heartbeat(
      (ping) => this.send(ping),
      () => this.fail({ cause: "unreachable" }),
    );
    this.speaker = new Speaker(audio, () => this.events.soundBlocked());
    this.pc.ontrack = ({ track }) => this.speaker.play(track);
    this.pc.onconnectionstatechange = () => {
      if (this.pc.connectionState === "failed") this.fail(NO_MEDIA);
    };
    this.channel.onmessage = ({ data }: MessageEvent<unknown>) => this.hear(data);
    this.channel.onclose = () => this.fail({ cause: "unreachable" });
  }

  async open(signal: AbortSignal): Promise<void> {
    let letIn = false;
    try {
      await this.pc.setLocalDescription();
      await this.gathered(signal);
      const answer = await this.api.offer(
        this.credentials.sessionId,
        this.credentials.token,
        { sdp: this.pc.localDescription?.sdp ?? "", type: "offer", take_over: this.takeOver },
        signal,
      );
      letIn = true;
      signal.throwIfAborted();
      await this.pc.setRemoteDescription({ type: "answer", sdp: answer.sdp });
      await this.channelOpen(signal);
      this.opened = true;
      this.heartbeat.start();
    } catch (cause) {
      this.close();
      if (signal.aborted || cause instanceof LineError) throw cause;
      throw new LineError(letIn ? NO_MEDIA : failureOf(cause), { cause });
    }
  }

  send(message: PageMessage): void {
    if (this.channel.readyState === "open") this.channel.send(JSON.stringify(message));
  }

  async replaceMicrophone(track: MediaStreamTrack): Promise<void> {
    await this.sender.replaceTrack(track);
  }

  outputLevel(): number {
    return this.speaker.level();
  }

  allowSound(): Promise<boolean> {
    return this.speaker.allow();
  }

  close(): void {
    this.closed = true;
    this.heartbeat.stop();
    this.channel.onclose = null;
    this.channel.onmessage = null;
    this.pc.onconnectionstatechange = null;
    this.pc.close();
    this.speaker.close();
  }

  private fail(failure: LineFailure): void {
    if (this.closed || !this.opened) return;
    this.close();
    this.events.failed(failure);
  }

  private hear(data: unknown): void {
    const message = typeof data === "string" ? parseMessage(data) : null;
    if (message === null) return;
    if (message.type === "pong") this.heartbeat.pong(message.n);
    else this.events.message(message);
  }

  private gathered(signal: AbortSignal): Promise<void> {
    if (this.pc.iceGatheringState === "complete") return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = (done: () => void) => () => {
        clearTimeout(timer);
        this.pc.onicegatheringstatechange = null;
        signal.removeEventListener("abort", aborted);
        done();
      };
      const timer = setTimeout(settle(resolve), GATHER_MS);
      const aborted = settle(() => reject(signal.reason as Error));
      signal.addEventListener("abort", aborted);
      this.pc.onicegatheringstatechange = () => {
        if (this.pc.iceGatheringState === "complete") settle(resolve)();
      };
    });
  }

  private channelOpen(signal: AbortSignal): Promise<void> {
    if (this.channel.readyState === "open") return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = (done: () => void) => () => {
        clearTimeout(timer);
        this.channel.onopen = null;
        this.pc.removeEventListener("connectionstatechange", failed);
        signal.removeEventListener("abort", aborted);
        done();
      };
      const noMedia = () => reject(new LineError(NO_MEDIA));
      const timer = setTimeout(settle(noMedia), OPEN_MS);
      const aborted = settle(() => reject(signal.reason as Error));
      const failed = () => {
        if (this.pc.connectionState === "failed") settle(noMedia)();
      };
      signal.addEventListener("abort", aborted);
      this.pc.addEventListener("connectionstatechange", failed);
      this.channel.onopen = settle(resolve);
    });
  }
}
