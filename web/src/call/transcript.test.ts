import { expect, it } from "vitest";
import { type Transcript, currentCaption, withCaption } from "./transcript.ts";

const say = (speaker: "moderator" | "participant", id: string, text: string, final = true) => ({
  speaker,
  id,
  text,
  final,
});
const fold = (...heard: ReturnType<typeof say>[]): Transcript => heard.reduce(withCaption, [] as Transcript);

it("replaces a caption by its later form, in place", () => {
  const transcript = fold(
    say("moderator", "1", "How", false),
    say("participant", "1", "Well", false),
    say("moderator", "1", "How are you?"),
  );
  expect(transcript.map((c) => [c.key, c.text, c.final])).toEqual([
    ["moderator:1", "How are you?", true],
    ["participant:1", "Well", false],
  ]);
});

it("takes away what turned out to be nothing, and ignores the empty beginning of a caption", () => {
  expect(fold(say("participant", "1", "uh", false), say("participant", "1", " "))).toEqual([]);
  expect(fold(say("participant", "1", "", false))).toEqual([]);
  expect(fold(say("participant", "1", "uh", false), say("participant", "1", "", false))).toHaveLength(1);
});

it("is bounded, and keeps the newest", () => {
  const many = fold(...Array.from({ length: 500 }, (_, i) => say("moderator", String(i), `line ${i}`)));
  expect(many).toHaveLength(400);
  expect(many.at(-1)?.text).toBe("line 499");
});

it("holds the moderator's latest words as the current ones while the participant answers", () => {
  expect(currentCaption([])).toBeNull();
  const transcript = fold(
    say("moderator", "1", "First?"),
    say("moderator", "2", "Second?"),
    say("participant", "3", "Yes"),
  );
  expect(currentCaption(transcript)?.text).toBe("Second?");
});
