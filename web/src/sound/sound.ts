import { playChime } from "./chime.ts";
import { LevelMeter } from "./level.ts";
import { openMicrophone } from "./microphone.ts";

/**
 * The page's sound: one audio context, and the microphone while it is open. Nothing here sends or stores anything.
 */
export class Sound {
  private audio: AudioContext | null = null;
  private stream: MediaStream | null = null;
  private source: MediaStreamAudioSourceNode | null = null;
  private meter: LevelMeter | null = null;
  private muted = false;

  /** The browser took the microphone away: unplugged, or its permission withdrawn. */
  onMicrophoneLost: () => void = () => undefined;

  /** Browsers let a context sound only when it was made or resumed in a gesture: call this from one first. */
  get context(): AudioContext {
    this.audio ??= new AudioContext({ latencyHint: "interactive" });
    return this.audio;
  }

  /** Lets the context sound, where the browser allows it now; elsewhere it waits for a gesture. */
  wake(): void {
    // Refused only by a closed context, and ours stays open as long as the page.
    if (this.context.state !== "running") this.context.resume().catch(() => undefined);
  }

  get track(): MediaStreamTrack | null {
    return this.stream?.getAudioTracks()[0] ?? null;
  }

  get microphoneOpen(): boolean {
    return this.track?.readyState === "live";
  }

  /** The device in use, or "". */
  get deviceId(): string {
    return this.track?.getSettings().deviceId ?? "";
  }

  /** Opens the microphone, or changes to another. Rejects with `MicrophoneError`, and then what was open stays so. */
  async openMicrophone(deviceId: string | null): Promise<MediaStreamTrack> {
    const stream = await openMicrophone(deviceId);
    this.releaseMicrophone();
    const track = stream.getAudioTracks()[0];
    if (track === undefined) throw new Error("getUserMedia gave a stream without sound");
    this.stream = stream;
    track.enabled = !this.muted;
    track.addEventListener("ended", () => {
      if (this.stream === stream) this.onMicrophoneLost();
    });
    this.source = this.context.createMediaStreamSource(stream);
    this.meter = new LevelMeter(this.source);
    return track;
  }

  releaseMicrophone(): void {
    this.meter?.close();
    this.meter = null;
    this.source?.disconnect();
    this.source = null;
    const stream = this.stream;
    this.stream = null;
    for (const track of stream?.getTracks() ?? []) track.stop();
  }

  /** A muted microphone gives silence, whatever listens to it. */
  mute(muted: boolean): void {
    this.muted = muted;
    if (this.track !== null) this.track.enabled = !muted;
  }

  /** 0 to 1. */
  microphoneLevel(): number {
    return this.meter?.read() ?? 0;
  }

  async chime(): Promise<void> {
    this.wake();
    await playChime(this.context);
  }
}
