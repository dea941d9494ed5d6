import type { Direction, LanguageView } from "../api/types.ts";

/** Which way a language is written, by its code or that of its region's language; `auto` leaves it to the text. */
export function directionOf(languages: readonly LanguageView[], code: string): Direction | "auto" {
  const base = (tag: string) => tag.toLowerCase().split(/[-_]/)[0];
  const found = languages.find((l) => l.code === code) ?? languages.find((l) => base(l.code) === base(code));
  return found?.dir ?? "auto";
}
