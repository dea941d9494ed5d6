/** What was said so far, as captions: a fold of caption messages, oldest first. */

export interface Caption {
  /** Unique over both speakers. */
  key: string;
  speaker: "moderator" | "participant";
  text: string;
  /** Of the words; empty: the interview's. */
  language: string;
  final: boolean;
}

export type Transcript = readonly Caption[];

/** Older captions are dropped; 400 are more than an hour of talk. */
const LONGEST = 400;

interface Heard {
  speaker: Caption["speaker"];
  id: string;
  /** The whole caption so far, not what is new. */
  text: string;
  language: string;
  final: boolean;
}

/** Adds a caption, or replaces the one with the same speaker and id. An empty final caption takes it away. */
export function withCaption(transcript: Transcript, heard: Heard): Transcript {
  const key = `${heard.speaker}:${heard.id}`;
  const at = transcript.findIndex((c) => c.key === key);
  if (heard.text.trim() === "")
    return at < 0 || !heard.final ? transcript : transcript.filter((c) => c.key !== key);
  const { speaker, text, language, final } = heard;
  const caption: Caption = { key, speaker, text, language, final };
  if (at >= 0) return transcript.map((c, i) => (i === at ? caption : c));
  return [...transcript, caption].slice(-LONGEST);
}

/** Characters of a caption that can be read at a glance. */
const AT_A_GLANCE = 110;

/** The end of a text that is being spoken: its last sentence, and those before it as far as they are read at a glance. */
export function lastSentences(text: string, language: string, glance = AT_A_GLANCE): string {
  const parts = sentences(text.trim(), language);
  let first = parts.length - 1;
  let length = parts[first]?.length ?? 0;
  while (first > 0 && length + (parts[first - 1]?.length ?? 0) <= glance) {
    first -= 1;
    length += parts[first]?.length ?? 0;
  }
  return parts.slice(Math.max(0, first)).join("").trim();
}

function sentences(text: string, language: string): string[] {
  try {
    return [...new Intl.Segmenter(language, { granularity: "sentence" }).segment(text)].map((s) => s.segment);
  } catch {
    // A browser without it, or a language code that is none: full stops will do.
    return text.match(/[^.!?。！？؟]+[.!?。！？؟]*\s*/g) ?? [text];
  }
}

/** The moderator's latest words: what the participant is asked now. */
export function currentCaption(transcript: Transcript): Caption | null {
  for (let i = transcript.length - 1; i >= 0; i--) {
    const caption = transcript[i];
    if (caption?.speaker === "moderator") return caption;
  }
  return null;
}
