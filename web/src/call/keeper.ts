import type { Credentials } from "./state.ts";

const PREFIX = "vivavoce.call.";

/**
 * Keeps what lets this tab back into its interview after a reload. In `sessionStorage`: other tabs do not see it, and
 * it goes when the tab closes.
 */
export class CredentialKeeper {
  constructor(private readonly storage: () => Storage = () => window.sessionStorage) {}

  save(invitation: string, credentials: Credentials): void {
    try {
      this.storage().setItem(PREFIX + invitation, JSON.stringify(credentials));
    } catch {
      // Storage is off or full: after a reload the participant is asked for consent again, and nothing is lost.
    }
  }

  /** What was saved, unless its token has run out by `now` (milliseconds since 1970). */
  load(invitation: string, now: number): Credentials | null {
    try {
      const text = this.storage().getItem(PREFIX + invitation);
      if (text === null) return null;
      const saved = JSON.parse(text) as Credentials;
      return Date.parse(saved.expiresAt) > now ? saved : null;
    } catch {
      return null;
    }
  }

  forget(invitation: string): void {
    try {
      this.storage().removeItem(PREFIX + invitation);
    } catch {
      // Storage is off, so nothing was saved.
    }
  }
}
