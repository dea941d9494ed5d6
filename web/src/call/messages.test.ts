import { expect, it } from "vitest";
import { parseMessage } from "./messages.ts";

const parse = (value: unknown) => parseMessage(JSON.stringify(value));

it.each([
  "",
  "{",
  "[]",
  "null",
  "3",
  '"hello"',
  "{}",
  '{"type":"unheard_of"}',
  '{"type":3}',
  '{"type":"pong","n":"x"}',
])("passes over %s", (text) => {
  expect(parseMessage(text)).toBeNull();
});

it("reads every message of the contract", () => {
  expect(
    parse({ type: "hello", v: 1, session_id: "s", language: "en", title: "T", phases: 3, resumed: true }),
  ).toEqual({
    type: "hello",
    session_id: "s",
    language: "en",
    title: "T",
    resumed: true,
  });
  expect(parse({ type: "state", status: "ACTIVE", agent: "thinking", participant: "speaking" })).toEqual({
    type: "state",
    status: "ACTIVE",
    agent: "thinking",
    participant: "speaking",
  });
  const phase = { id: "p", title: "Start", index: 1, count: 3 };
  expect(parse({ type: "progress", phase, fraction: 0.5, elapsed_s: 9, remaining_s: 100 })).toEqual({
    type: "progress",
    phase,
    fraction: 0.5,
    elapsed_s: 9,
    remaining_s: 100,
  });
  expect(parse({ type: "caption", speaker: "participant", id: "7", text: "Hi", final: true })).toMatchObject({
    id: "7",
  });
  expect(parse({ type: "notice", code: "wrap_up", text: "Soon" })).toEqual({
    type: "notice",
    code: "wrap_up",
    text: "Soon",
  });
  expect(parse({ type: "ended", status: "COMPLETED", reason: "finished", text: "" })).toMatchObject({
    status: "completed",
  });
  expect(parse({ type: "pong", n: 4 })).toEqual({ type: "pong", n: 4 });
  expect(parse({ type: "flush" })).toEqual({ type: "flush" });
});

it("puts values that make no sense within bounds, rather than showing them", () => {
  expect(parse({ type: "progress", phase: { index: 9, count: 0 }, fraction: 7, elapsed_s: -2 })).toEqual({
    type: "progress",
    phase: { id: "", title: "", index: 1, count: 1 },
    fraction: 1,
    elapsed_s: 0,
    remaining_s: null,
  });
  expect(parse({ type: "state", agent: "singing" })).toMatchObject({
    agent: "waiting",
    participant: "silent",
  });
  expect(parse({ type: "caption", text: "no id" })).toBeNull();
});
