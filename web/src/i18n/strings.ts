import { createContext, useContext } from "react";
import type { Direction } from "../api/types.ts";
import { type Strings, en } from "./en.ts";

/** Languages the page itself speaks. A study may be held in others; its own texts then stand in an English page. */
export const PAGE_LANGUAGES = ["en", "de", "fr", "es", "ar"] as const;
export type PageLanguage = (typeof PAGE_LANGUAGES)[number];

export interface Locale {
  language: PageLanguage;
  dir: Direction;
  strings: Strings;
}

export const ENGLISH: Locale = { language: "en", dir: "ltr", strings: en };

/** The page's language for a participant: that of the interview, else the first that the browser asks for, else English. */
export function pageLanguage(interview: string, browser: readonly string[]): PageLanguage {
  for (const wanted of [interview, ...browser]) {
    const base = wanted.toLowerCase().split(/[-_]/)[0];
    const found = PAGE_LANGUAGES.find((language) => language === base);
    if (found !== undefined) return found;
  }
  return "en";
}

/** Loads a language's strings; English is always there. */
export async function loadLocale(language: PageLanguage): Promise<Locale> {
  switch (language) {
    case "en":
      return ENGLISH;
    case "de":
      return { language, dir: "ltr", strings: (await import("./de.ts")).de };
    case "fr":
      return { language, dir: "ltr", strings: (await import("./fr.ts")).fr };
    case "es":
      return { language, dir: "ltr", strings: (await import("./es.ts")).es };
    case "ar":
      return { language, dir: "rtl", strings: (await import("./ar.ts")).ar };
  }
}

const StringsContext = createContext<Strings>(en);
export const StringsProvider = StringsContext.Provider;

export function useStrings(): Strings {
  return useContext(StringsContext);
}
