import { ApiError, Unreachable } from "./errors.ts";
import type {
  ConsentAnswer,
  ConsentRequest,
  InvitationView,
  OfferAnswer,
  OfferRequest,
  RoomAnswer,
  RoomRequest,
  SessionView,
} from "./types.ts";

const TIMEOUT_MS = 15_000;

interface Call {
  method?: "GET" | "POST";
  body?: unknown;
  bearer?: string;
  signal?: AbortSignal | undefined;
  /** Lets the request outlive the page. */
  keepalive?: boolean;
}

/** The calls a participant's page makes. Every one rejects with `ApiError`, `Unreachable` or the caller's abort. */
export class Api {
  constructor(
    private readonly fetch: typeof globalThis.fetch = (...a) => globalThis.fetch(...a),
    private readonly base: string = "/api/v1",
  ) {}

  /** What the invitation invites to, told in `language`, or in one the browser asks for. */
  invitation(invitation: string, language?: string): Promise<InvitationView> {
    const query = language === undefined ? "" : `?language=${encodeURIComponent(language)}`;
    return this.json(`/invitations/${encodeURIComponent(invitation)}${query}`);
  }

  /** Records the participant's consent; again on the same unfinished session it gives a fresh token. */
  consent(invitation: string, request: ConsentRequest): Promise<ConsentAnswer> {
    return this.json(`/invitations/${encodeURIComponent(invitation)}/consent`, {
      method: "POST",
      body: request,
    });
  }

  session(id: string, bearer: string): Promise<SessionView> {
    return this.json(`/sessions/${encodeURIComponent(id)}`, { bearer });
  }

  offer(id: string, bearer: string, request: OfferRequest, signal?: AbortSignal): Promise<OfferAnswer> {
    return this.json(`/sessions/${encodeURIComponent(id)}/webrtc`, {
      method: "POST",
      body: request,
      bearer,
      signal,
    });
  }

  joinRoom(id: string, bearer: string, request: RoomRequest, signal?: AbortSignal): Promise<RoomAnswer> {
    return this.json(`/sessions/${encodeURIComponent(id)}/livekit`, {
      method: "POST",
      body: request,
      bearer,
      signal,
    });
  }

  async leave(id: string, bearer: string): Promise<void> {
    await this.send(`/sessions/${encodeURIComponent(id)}/leave`, { method: "POST", bearer, keepalive: true });
  }

  private async json<T>(path: string, call: Call = {}): Promise<T> {
    const response = await this.send(path, call);
    try {
      return (await response.json()) as T;
    } catch {
      throw new Unreachable("The answer was not one of the interview server's.");
    }
  }

  private async send(path: string, call: Call): Promise<Response> {
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), TIMEOUT_MS);
    const abort = () => timeout.abort();
    call.signal?.addEventListener("abort", abort);
    const headers: Record<string, string> = { Accept: "application/json" };
    if (call.body !== undefined) headers["Content-Type"] = "application/json";
    if (call.bearer !== undefined) headers["Authorization"] = `Bearer ${call.bearer}`;
    let response: Response;
    try {
      response = await this.fetch(this.base + path, {
        method: call.method ?? "GET",
        headers,
        body: call.body === undefined ? null : JSON.stringify(call.body),
        signal: timeout.signal,
        cache: "no-store",
        credentials: "same-origin",
        keepalive: call.keepalive ?? false,
      });
    } catch (cause) {
      if (call.signal?.aborted) throw cause;
      throw new Unreachable("The interview server did not answer.", { cause });
    } finally {
      clearTimeout(timer);
      call.signal?.removeEventListener("abort", abort);
    }
    if (!response.ok) throw await refusal(response);
    return response;
  }
}

/** A refusal in the host's own form; anything else (a proxy's page) counts as not reaching the host. */
async function refusal(response: Response): Promise<Error> {
  const seconds = Number(response.headers.get("Retry-After") ?? Number.NaN);
  const retryAfterS = Number.isFinite(seconds) && seconds >= 0 ? seconds : null;
  let body: unknown;
  try {
    body = await response.json();
  } catch {
    body = null;
  }
  const error = isRecord(body) ? body["error"] : null;
  if (!isRecord(error) || typeof error["code"] !== "string") {
    return new Unreachable(`The interview server answered ${response.status} without saying why.`);
  }
  const nextStep = error["next_step"];
  return new ApiError(
    response.status,
    error["code"],
    typeof error["message"] === "string" ? error["message"] : "",
    typeof nextStep === "string" ? nextStep : null,
    retryAfterS,
    typeof error["place"] === "number" ? error["place"] : null,
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
