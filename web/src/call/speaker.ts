import { LevelMeter } from "../sound/level.ts";

/** Plays the moderator's track. The element plays; the context only looks at how loud it is. */
export class Speaker {
  private readonly element: HTMLAudioElement;
  private meter: LevelMeter | null = null;
  private closed = false;

  constructor(
    private readonly audio: AudioContext,
    private readonly blocked: () => void,
  ) {
    this.element = document.createElement("audio");
    this.element.autoplay = true;
    // Without it, iPhones open a full-screen player.
    this.element.setAttribute("playsinline", "");
  }

  /** Plays `track`, in the place of the one before. */
  play(track: MediaStreamTrack): void {
    const stream = new MediaStream([track]);
    this.element.srcObject = stream;
    document.body.append(this.element);
    this.meter?.close();
    this.meter = new LevelMeter(this.audio.createMediaStreamSource(stream));
    this.element.play().catch((cause: unknown) => {
      if (!this.closed && cause instanceof Error && cause.name === "NotAllowedError") this.blocked();
    });
  }

  /** How loud it is, 0 to 1. */
  level(): number {
    return this.meter?.read() ?? 0;
  }

  /** Called in a gesture; true when it plays. */
  async allow(): Promise<boolean> {
    try {
      await this.element.play();
      return true;
    } catch {
      return false;
    }
  }

  close(): void {
    this.closed = true;
    this.meter?.close();
    this.meter = null;
    this.element.pause();
    this.element.srcObject = null;
    this.element.remove();
  }
}
