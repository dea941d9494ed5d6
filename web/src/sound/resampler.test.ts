import { describe, expect, it } from "vitest";
import { Resampler } from "./resampler.ts";

function sine(frequency: number, rate: number, seconds: number): Float32Array {
  return Float32Array.from({ length: rate * seconds }, (_, i) =>
    Math.sin((2 * Math.PI * frequency * i) / rate),
  );
}

/** As a worklet does it: 128 samples at a time. */
function resample(input: Float32Array, from: number, to: number, block = 128): Float32Array {
  const resampler = new Resampler(from, to);
  const parts: number[] = [];
  for (let at = 0; at < input.length; at += block)
    parts.push(...resampler.process(input.subarray(at, at + block)));
  return Float32Array.from(parts);
}

/** Decibels against a full sine, of the middle half: the ends are filter settling. */
function level(samples: Float32Array): number {
  const middle = samples.subarray(samples.length >> 2, (samples.length * 3) >> 2);
  let sum = 0;
  for (const s of middle) sum += s * s;
  return 10 * Math.log10((2 * sum) / middle.length);
}

/** Level of one frequency alone (Goertzel), in the middle half. */
function levelAt(samples: Float32Array, frequency: number, rate: number): number {
  const middle = samples.subarray(samples.length >> 2, (samples.length * 3) >> 2);
  let re = 0;
  let im = 0;
  middle.forEach((s, i) => {
    // A Hann window, so that other frequencies do not leak in.
    const w = s * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / middle.length)) * 2;
    re += w * Math.cos((2 * Math.PI * frequency * i) / rate);
    im -= w * Math.sin((2 * Math.PI * frequency * i) / rate);
  });
  return 20 * Math.log10((2 * Math.hypot(re, im)) / middle.length + 1e-12);
}

describe.each([
  [48_000, 16_000],
  [44_100, 16_000],
  [24_000, 48_000],
  [24_000, 44_100],
  [22_050, 16_000],
])("from %i to %i Hz", (from, to) => {
  it("gives as many samples as there is time", () => {
    const out = resample(sine(440, from, 1), from, to);
    expect(Math.abs(out.length - to)).toBeLessThan(100);
  });

  it.each([200, 1_000, 3_000, 6_000])(
    "keeps speech at %i Hz within half a decibel, and clean",
    (frequency) => {
      const out = resample(sine(frequency, from, 0.5), from, to);
      expect(levelAt(out, frequency, to)).toBeCloseTo(0, 0);
      expect(Math.abs(level(out))).toBeLessThan(0.5);
    },
  );
});

it("keeps out what would fold back into speech, by 50 dB and more", () => {
  expect(level(resample(sine(10_000, 48_000, 0.5), 48_000, 16_000))).toBeLessThan(-50);
  expect(level(resample(sine(9_500, 44_100, 0.5), 44_100, 16_000))).toBeLessThan(-50);
});

it("makes no images of speech when the rate goes up", () => {
  const out = resample(sine(6_000, 24_000, 0.5), 24_000, 48_000);
  expect(levelAt(out, 18_000, 48_000)).toBeLessThan(-50);
});

it("does not care how the sound is cut into blocks", () => {
  const input = sine(700, 48_000, 0.1);
  const whole = resample(input, 48_000, 16_000, input.length);
  for (const block of [1, 37, 128, 1_000]) {
    const cut = resample(input, 48_000, 16_000, block);
    expect(cut.length).toBe(whole.length);
    cut.forEach((s, i) => expect(s).toBeCloseTo(whole[i] ?? Number.NaN, 5));
  }
});

it("leaves sound alone where the rates are the same", () => {
  const input = sine(300, 16_000, 0.1);
  expect(new Resampler(16_000, 16_000).process(input)).toBe(input);
});
