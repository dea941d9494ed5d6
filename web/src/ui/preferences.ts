import { useState } from "react";

/** How a participant likes to see the call; kept on this device. */
export interface Preferences {
  captions: boolean;
  textSize: "s" | "m" | "l";
  /** The key M mutes. WCAG 2.1.4: one-key shortcuts can be turned off. */
  shortcut: boolean;
}

const KEY = "vivavoce.preferences";
const DEFAULTS: Preferences = { captions: true, textSize: "s", shortcut: true };

export function parsePreferences(text: string | null): Preferences {
  let saved: unknown = null;
  try {
    saved = JSON.parse(text ?? "null");
  } catch {
    // Not ours, or damaged: the defaults do.
  }
  const given = (typeof saved === "object" && saved !== null ? saved : {}) as Partial<
    Record<keyof Preferences, unknown>
  >;
  return {
    captions: typeof given.captions === "boolean" ? given.captions : DEFAULTS.captions,
    textSize: given.textSize === "m" || given.textSize === "l" ? given.textSize : DEFAULTS.textSize,
    shortcut: typeof given.shortcut === "boolean" ? given.shortcut : DEFAULTS.shortcut,
  };
}

export function usePreferences(): [Preferences, (change: Partial<Preferences>) => void] {
  const [preferences, set] = useState(() => parsePreferences(read()));
  const change = (wanted: Partial<Preferences>) => {
    const next = { ...preferences, ...wanted };
    set(next);
    try {
      localStorage.setItem(KEY, JSON.stringify(next));
    } catch {
      // Storage is off: they hold for this visit.
    }
  };
  return [preferences, change];
}

function read(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}
