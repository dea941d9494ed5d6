import { describe, expect, it } from "vitest";
import { JitterBuffer } from "./jitterBuffer.ts";

const RATE = 1_000;
const TIMES = { target: 0.06, longest: 0.4 };
const ramp = (from: number, count: number) => Float32Array.from({ length: count }, (_, i) => from + i);
const buffer = () => new JitterBuffer(RATE, TIMES);

function read(from: JitterBuffer, count: number): number[] {
  const out = new Float32Array(count);
  from.read(out);
  return [...out];
}

describe("playing", () => {
  it("holds back until there is enough, then plays in order", () => {
    const b = buffer();
    b.push(ramp(1, 20));
    expect(read(b, 10)).toEqual(Array(10).fill(0));
    b.push(ramp(21, 40));
    expect(read(b, 60)).toEqual([...ramp(1, 60)]);
  });

  it("plays the end of a sentence that never fills it", () => {
    const b = buffer();
    b.push(ramp(1, 5));
    const heard = Array.from({ length: 20 }, () => read(b, 10)).flat();
    expect(heard.filter((s) => s !== 0)).toEqual([1, 2, 3, 4, 5]);
  });

  it("falls silent when it runs dry, and holds back anew", () => {
    const b = buffer();
    b.push(ramp(1, 60));
    expect(read(b, 70)).toEqual([...ramp(1, 60), ...Array(10).fill(0)]);
    b.push(ramp(100, 10));
    expect(read(b, 10)).toEqual(Array(10).fill(0));
  });

  it("goes round its ring without losing a sample", () => {
    const b = buffer();
    b.push(ramp(1, 60));
    let next = 61;
    const heard: number[] = [];
    for (let i = 0; i < 200; i++) {
      b.push(ramp(next, 20));
      next += 20;
      heard.push(...read(b, 20));
    }
    expect(heard).toEqual([...ramp(1, heard.length)]);
  });
});

describe("too much", () => {
  it("is cut back to the newest, so that speech is never late for long", () => {
    const b = buffer();
    b.push(ramp(1, 401));
    expect(b.length).toBe(60);
    expect(read(b, 1)).toEqual([342]);
  });

  it("is bounded whatever comes", () => {
    const b = buffer();
    for (let i = 0; i < 50; i++) b.push(ramp(0, 5_000));
    expect(b.length).toBeLessThanOrEqual(400);
  });
});

describe("flush", () => {
  it("drops what waits, but for a fade", () => {
    const b = buffer();
    b.push(new Float32Array(200).fill(1));
    read(b, 10);
    b.flush();
    const rest = read(b, 20);
    expect(rest.slice(0, 5).every((s, i, all) => s < (all[i - 1] ?? 1.01))).toBe(true);
    expect(rest.slice(5)).toEqual(Array(15).fill(0));
  });

  it("leaves nothing behind of what had not begun", () => {
    const b = buffer();
    b.push(ramp(1, 30));
    b.flush();
    expect(Array.from({ length: 20 }, () => read(b, 10)).flat()).toEqual(Array(200).fill(0));
  });
});
