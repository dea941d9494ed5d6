import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { BEAT_MS, Heartbeat } from "./heartbeat.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function beating(answer: boolean) {
  const lost = vi.fn();
  const sent: number[] = [];
  const heartbeat: Heartbeat = new Heartbeat((message) => {
    if (message.type !== "ping") return;
    sent.push(message.n);
    if (answer) heartbeat.pong(message.n);
  }, lost);
  heartbeat.start();
  return { heartbeat, lost, sent };
}

it("keeps quiet while it is answered", () => {
  const { lost, sent } = beating(true);
  vi.advanceTimersByTime(BEAT_MS * 50);
  expect(sent).toHaveLength(50);
  expect(lost).not.toHaveBeenCalled();
});

it("gives up once, after four unanswered beats, within the host's own patience", () => {
  const { lost, sent } = beating(false);
  vi.advanceTimersByTime(BEAT_MS * 20);
  expect(lost).toHaveBeenCalledTimes(1);
  expect(sent).toEqual([1, 2, 3, 4]);
  expect(BEAT_MS).toBeLessThan(2_000);
});

it("does not take an answer to a ping it never sent for a sign of life to come", () => {
  const { heartbeat, lost } = beating(false);
  heartbeat.pong(1_000);
  vi.advanceTimersByTime(BEAT_MS * 20);
  expect(lost).toHaveBeenCalledTimes(1);
});

it("stops when told", () => {
  const { heartbeat, sent, lost } = beating(false);
  heartbeat.stop();
  vi.advanceTimersByTime(BEAT_MS * 20);
  expect(sent).toEqual([]);
  expect(lost).not.toHaveBeenCalled();
});
