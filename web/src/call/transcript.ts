/** What was said so far, as captions: a fold of caption messages, oldest first. */

export interface Caption {
  /** Unique over both speakers. */
  key: string;
  speaker: "moderator" | "participant";
  text: string;
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
  final: boolean;
}

/** Adds a caption, or replaces the one with the same speaker and id. An empty final caption takes it away. */
export function withCaption(transcript: Transcript, heard: Heard): Transcript {
  const key = `${heard.speaker}:${heard.id}`;
  const at = transcript.findIndex((c) => c.key === key);
  if (heard.text.trim() === "")
    return at < 0 || !heard.final ? transcript : transcript.filter((c) => c.key !== key);
  const caption: Caption = { key, speaker: heard.speaker, text: heard.text, final: heard.final };
  if (at >= 0) return transcript.map((c, i) => (i === at ? caption : c));
  return [...transcript, caption].slice(-LONGEST);
}

/** The moderator's latest words: what the participant is asked now. */
export function currentCaption(transcript: Transcript): Caption | null {
  for (let i = transcript.length - 1; i >= 0; i--) {
    const caption = transcript[i];
    if (caption?.speaker === "moderator") return caption;
  }
  return null;
}
