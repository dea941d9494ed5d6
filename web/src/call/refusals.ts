import { ApiError, Unreachable } from "../api/errors.ts";
import type { ServerMessage } from "./messages.ts";
import type { LineFailure, Problem } from "./state.ts";

/** What a refused or failed request means for the line that was to be opened. */
export function failureOf(cause: unknown): LineFailure {
  if (cause instanceof Unreachable) return { cause: "unreachable" };
  if (!(cause instanceof ApiError)) return { cause: "no_media", letIn: false };
  if (cause.code === "already_connected") return { cause: "already_connected" };
  if (cause.code === "session_over" || cause.status === 410) return { cause: "session_over" };
  if (cause.code === "host_full") {
    return { cause: "host_full", retryAfterS: cause.retryAfterS, place: cause.place };
  }
  // Consent given once more brings a token that has it.
  if (cause.status === 401 || cause.code === "consent_missing") return { cause: "unauthorised" };
  // A host that is busy, going down or coming up: trying again is all there is to do.
  if (cause.status === 429 || (cause.status >= 502 && cause.status <= 504)) return { cause: "unreachable" };
  return { cause: "refused", problem: problemOf(cause) };
}

export function problemOf(cause: ApiError): Problem {
  return { code: cause.code, message: cause.message, nextStep: cause.nextStep };
}

/**
 * What a WebSocket's close code means (docs/architecture.md). `established`: the host had let us in before, so
 * "already connected" means that another page took our place. `queued`: what a full host said before it closed.
 */
export function failureOfClose(
  code: number,
  established: boolean,
  queued: Extract<ServerMessage, { type: "queued" }> | null = null,
): LineFailure {
  switch (code) {
    case 4401:
    case 4403:
      return { cause: "unauthorised" };
    case 4409:
      return { cause: established ? "replaced" : "already_connected" };
    case 4410:
      return { cause: "session_over" };
    case 1013:
      return { cause: "host_full", retryAfterS: queued?.retry_after_s ?? null, place: queued?.place ?? null };
    case 4404:
      return { cause: "refused", problem: { code: "session_unknown", message: "", nextStep: null } };
    case 4400:
    case 1009:
      return { cause: "refused", problem: { code: "bad_frame", message: "", nextStep: null } };
    default:
      return { cause: "unreachable" };
  }
}
