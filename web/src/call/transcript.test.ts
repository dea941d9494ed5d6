import { expect, it } from "vitest";
import { type Transcript, currentCaption, lastSentences, withCaption } from "./transcript.ts";

const say = (speaker: "moderator" | "participant", id: string, text: string, final = true) => ({
  speaker,
  id,
  text,
  language: "en",
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

it("shows of a long text what is being said now, and more of it as far as it is read at a glance", () => {
  const text =
    "Thank you for your time. It takes three minutes. Please think of the last errand you ran with an office or a company, and how it went. What was it about?";
  expect(lastSentences(text, "en", 60)).toBe("What was it about?");
  expect(lastSentences(text, "en")).toMatch(/^Please think .* What was it about\?$/);
  expect(lastSentences(text.slice(0, 48), "en")).toBe("Thank you for your time. It takes three minutes.");
  expect(
    lastSentences(
      "A sentence that is far longer than can be read at a glance is shown whole. ".repeat(2),
      "en",
      20,
    ),
  ).toBe("A sentence that is far longer than can be read at a glance is shown whole.");
  expect(lastSentences("كيف حالك؟ ما رأيك؟", "ar", 5)).toBe("ما رأيك؟");
  expect(lastSentences("", "en")).toBe("");
});

it("does without the browser's own rules for sentences", () => {
  expect(lastSentences("One. Two? Three", "not a language", 4)).toBe("Three");
});
