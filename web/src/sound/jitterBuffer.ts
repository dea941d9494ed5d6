/**
 * Smooths sound that comes in bursts: holds a little back before it plays, falls silent when it runs dry, and skips
 * ahead when it has grown too long. Bounded. All times in seconds, all lengths in samples.
 */
export interface JitterTimes {
  /** What is held back before playing starts. */
  target: number;
  /** More than this is cut back to `target`: late sound is worse than a skip. */
  longest: number;
}

export const JITTER_TIMES: JitterTimes = { target: 0.06, longest: 0.4 };

/** Length of the fade that keeps a cut from clicking. */
const FADE_S = 0.005;

export class JitterBuffer {
  private readonly ring: Float32Array;
  private readonly target: number;
  private readonly longest: number;
  private readonly fade: number;
  private start = 0;
  private held = 0;
  private playing = false;
  /** Samples of silence given while something waits. */
  private waited = 0;

  constructor(rate: number, times: JitterTimes = JITTER_TIMES) {
    this.target = Math.round(times.target * rate);
    this.longest = Math.round(times.longest * rate);
    this.fade = Math.round(FADE_S * rate);
    this.ring = new Float32Array(this.longest * 2);
  }

  get length(): number {
    return this.held;
  }

  push(samples: Float32Array): void {
    const kept =
      samples.length > this.ring.length ? samples.subarray(samples.length - this.ring.length) : samples;
    const overflow = this.held + kept.length - this.ring.length;
    if (overflow > 0) this.drop(overflow);
    for (let i = 0; i < kept.length; i++) {
      this.ring[(this.start + this.held + i) % this.ring.length] = kept[i] ?? 0;
    }
    this.held += kept.length;
    if (this.held > this.longest) this.drop(this.held - this.target);
  }

  /** Fills `out`, with silence where there is nothing to play. */
  read(out: Float32Array): void {
    if (!this.playing) {
      if (this.held > 0) this.waited += out.length;
      // The last few samples of a sentence may never reach the target: they are not kept for ever.
      if (this.held < this.target && this.waited <= this.target) {
        out.fill(0);
        return;
      }
      this.playing = this.held > 0;
    }
    const count = Math.min(out.length, this.held);
    for (let i = 0; i < count; i++) out[i] = this.ring[(this.start + i) % this.ring.length] ?? 0;
    this.drop(count);
    if (count < out.length) {
      out.fill(0, count);
      this.playing = false;
      this.waited = 0;
    }
  }

  /** Falls silent at once, but for a fade too short to hear. */
  flush(): void {
    const count = this.playing ? Math.min(this.held, this.fade) : 0;
    for (let i = 0; i < count; i++) {
      const at = (this.start + i) % this.ring.length;
      this.ring[at] = (this.ring[at] ?? 0) * (1 - (i + 1) / count);
    }
    this.held = count;
  }

  private drop(count: number): void {
    this.start = (this.start + count) % this.ring.length;
    this.held -= count;
  }
}
