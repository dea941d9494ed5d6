/** The host answered, and refused. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    readonly status: number,
    /** Stable, snake_case. */
    readonly code: string,
    message: string,
    readonly nextStep: string | null = null,
    /** Seconds after which another try makes sense, where the host said so. */
    readonly retryAfterS: number | null = null,
    /** In the queue of a full host; 1: the next place is ours. */
    readonly place: number | null = null,
  ) {
    super(message);
  }
}

/** The host could not be reached, or something that is not the host answered. */
export class Unreachable extends Error {
  override readonly name = "Unreachable";
}
