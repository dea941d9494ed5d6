import type { PageMessage, ServerMessage } from "./messages.ts";
import type { LineFailure } from "./state.ts";

/** What a line tells while it lives. */
export interface LineEvents {
  message(message: ServerMessage): void;
  /** The line was open and is down now; said once. */
  failed(failure: LineFailure): void;
  /** The browser lets nothing sound before the participant does something. */
  soundBlocked(): void;
}

/** One connection to the host: sound both ways, and line messages. Used once. */
export interface CallLine {
  /** Resolves when sound and messages can flow; rejects with `LineError`, or the signal's reason. */
  open(signal: AbortSignal): Promise<void>;
  /** Sends a message, in order; without a connection it does nothing. */
  send(message: PageMessage): void;
  /** Speak through another microphone from now on. */
  replaceMicrophone(track: MediaStreamTrack): Promise<void>;
  /** How loud the moderator is now, 0 to 1. */
  outputLevel(): number;
  /** Called in a gesture, after `soundBlocked`; true when sound plays. */
  allowSound(): Promise<boolean>;
  close(): void;
}

/** The line could not be opened. */
export class LineError extends Error {
  override readonly name = "LineError";

  constructor(
    readonly failure: LineFailure,
    options?: ErrorOptions,
  ) {
    super(`The line did not open: ${failure.cause}.`, options);
  }
}
