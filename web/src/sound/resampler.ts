/**
 * Streaming change of sample rate by a windowed sinc: flat to about 0.42 of the lower rate, images and aliases 60 dB
 * down. Keeps what it needs of the past, so blocks join without a seam. Delay: `HALF_WIDTH` samples of the lower rate.
 */
const HALF_WIDTH = 24;
const PHASES = 128;
/** Kaiser window; β 7 gives about 70 dB of stop band (Kaiser 1974). */
const BETA = 7;

export class Resampler {
  /** Input samples from one output sample to the next. */
  private readonly stride: number;
  /** Taps to each side of the point that is computed. */
  private readonly reach: number;
  /** `PHASES + 1` rows of `2 × reach` taps; row p holds the kernel for a point p/PHASES past a sample. */
  private readonly kernel: Float32Array;
  private past: Float32Array;
  /** Where the next output lies, in samples from the start of `past`. */
  private at: number;

  constructor(
    readonly from: number,
    readonly to: number,
  ) {
    this.stride = from / to;
    const cutoff = Math.min(1, to / from) * 0.92;
    this.reach = Math.ceil(HALF_WIDTH / Math.min(1, to / from));
    this.kernel = kernel(this.reach, cutoff);
    this.past = new Float32Array(this.reach * 2);
    this.at = this.reach;
  }

  process(input: Float32Array): Float32Array {
    if (this.from === this.to) return input;
    const joined = new Float32Array(this.past.length + input.length);
    joined.set(this.past);
    joined.set(input, this.past.length);
    const last = joined.length - this.reach - 1;
    const count = this.at > last ? 0 : Math.floor((last - this.at) / this.stride) + 1;
    const output = new Float32Array(count);
    const width = this.reach * 2;
    for (let n = 0; n < count; n++) {
      const point = this.at + n * this.stride;
      const whole = Math.floor(point);
      const phase = (point - whole) * PHASES;
      const row = Math.floor(phase);
      const blend = phase - row;
      const first = whole - this.reach + 1;
      let sum = 0;
      for (let k = 0; k < width; k++) {
        const lower = this.kernel[row * width + k] ?? 0;
        const upper = this.kernel[(row + 1) * width + k] ?? 0;
        sum += (joined[first + k] ?? 0) * (lower + (upper - lower) * blend);
      }
      output[n] = sum;
    }
    const next = this.at + count * this.stride;
    const drop = Math.min(joined.length, Math.max(0, Math.floor(next) - this.reach + 1));
    this.past = joined.slice(drop);
    this.at = next - drop;
    return output;
  }
}

function kernel(reach: number, cutoff: number): Float32Array {
  const width = reach * 2;
  const rows = new Float32Array((PHASES + 1) * width);
  for (let p = 0; p <= PHASES; p++) {
    let sum = 0;
    for (let k = 0; k < width; k++) {
      const x = k - reach + 1 - p / PHASES;
      const edge = x / reach;
      const window = Math.abs(edge) > 1 ? 0 : bessel(BETA * Math.sqrt(1 - edge * edge)) / bessel(BETA);
      const value = sinc(x * cutoff) * window;
      rows[p * width + k] = value;
      sum += value;
    }
    for (let k = 0; k < width; k++) rows[p * width + k] = (rows[p * width + k] ?? 0) / sum;
  }
  return rows;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** The modified Bessel function of the first kind, order 0, by its series. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; k < 40; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
    if (term < sum * 1e-12) break;
  }
  return sum;
}
