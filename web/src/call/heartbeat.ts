import type { PageMessage } from "./messages.ts";

/** Milliseconds between signs of life; the host gives up on a WebSocket that says nothing for 6 s. */
export const BEAT_MS = 1_500;
/** Unanswered pings after which the line is lost. Counted in beats, because hidden tabs' timers are slowed down. */
const MISSES = 4;

/** Finds out that the other side is gone where the network does not say so. */
export class Heartbeat {
  private timer: ReturnType<typeof setInterval> | undefined;
  private sent = 0;
  private answered = 0;

  constructor(
    private readonly send: (message: PageMessage) => void,
    private readonly lost: () => void,
  ) {}

  start(): void {
    this.timer ??= setInterval(() => this.beat(), BEAT_MS);
  }

  /** The host answered the ping `n`. */
  pong(n: number): void {
    this.answered = Math.max(this.answered, Math.min(n, this.sent));
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private beat(): void {
    if (this.sent - this.answered >= MISSES) {
      this.stop();
      this.lost();
      return;
    }
    this.sent += 1;
    this.send({ type: "ping", n: this.sent });
  }
}
