import { afterEach, describe, expect, it, vi } from "vitest";
import { Api } from "./client.ts";
import { ApiError, Unreachable } from "./errors.ts";

type Asked = { url: string; init: RequestInit };

function apiThat(answer: (asked: Asked) => Response | Promise<Response>): { api: Api; asked: Asked[] } {
  const asked: Asked[] = [];
  const api = new Api((url, init) => {
    const one = { url: String(url), init: init ?? {} };
    asked.push(one);
    return Promise.resolve(answer(one));
  });
  return { api, asked };
}

const json = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json", ...headers } });

afterEach(() => {
  vi.useRealTimers();
});

describe("requests", () => {
  it("name what is in the address so that it cannot lead elsewhere", async () => {
    const { api, asked } = apiThat(() => json({ status: "open" }));
    await api.invitation("../a b", "de");
    expect(asked[0]?.url).toBe("/api/v1/invitations/..%2Fa%20b?language=de");
  });

  it("carry the token as a bearer, and the body as JSON", async () => {
    const { api, asked } = apiThat(() => json({ sdp: "a", type: "answer", connection_id: "c" }));
    await api.offer("s", "secret", { sdp: "o", type: "offer", take_over: true });
    expect(asked[0]?.url).toBe("/api/v1/sessions/s/webrtc");
    expect(asked[0]?.init.headers).toMatchObject({
      Authorization: "Bearer secret",
      "Content-Type": "application/json",
    });
    expect(JSON.parse(String(asked[0]?.init.body))).toEqual({ sdp: "o", type: "offer", take_over: true });
  });

  it("tell of leaving in a way that outlives the page", async () => {
    const { api, asked } = apiThat(() => new Response(null, { status: 204 }));
    await api.leave("s", "secret");
    expect(asked[0]?.init).toMatchObject({ method: "POST", keepalive: true });
  });
});

describe("refusals", () => {
  it("keep the host's code, words and waiting time", async () => {
    const body = { error: { code: "host_full", message: "All taken.", next_step: "Wait.", place: 3 } };
    const { api } = apiThat(() => json(body, 503, { "Retry-After": "7" }));
    const refusal = await api
      .offer("s", "t", { sdp: "", type: "offer", take_over: false })
      .catch((e: unknown) => e);
    expect(refusal).toBeInstanceOf(ApiError);
    expect(refusal).toMatchObject({
      status: 503,
      code: "host_full",
      message: "All taken.",
      nextStep: "Wait.",
      retryAfterS: 7,
      place: 3,
    });
  });

  it.each([
    ["a proxy's page", () => new Response("<h1>Bad gateway</h1>", { status: 502 })],
    ["JSON of another kind", () => json({ detail: "no" }, 404)],
    ["a null", () => json(null, 500)],
    ["a success that is no JSON", () => new Response("<html>", { status: 200 })],
    ["no answer", () => Promise.reject(new TypeError("Failed to fetch"))],
  ])("%s counts as the host out of reach", async (_, answer) => {
    const { api } = apiThat(answer);
    await expect(api.invitation("i")).rejects.toBeInstanceOf(Unreachable);
  });

  it("a host that says nothing is given up", async () => {
    vi.useFakeTimers();
    const api = new Api(
      (_, init) =>
        new Promise((_resolve, reject) => {
          init?.signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
        }),
    );
    const outcome = expect(api.invitation("i")).rejects.toBeInstanceOf(Unreachable);
    await vi.advanceTimersByTimeAsync(15_000);
    await outcome;
  });

  it("the caller's own change of mind is no fault of the host", async () => {
    const change = new AbortController();
    const api = new Api(
      (_, init) =>
        new Promise((_resolve, reject) => {
          init?.signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
        }),
    );
    const asked = api.offer("s", "t", { sdp: "", type: "offer", take_over: false }, change.signal);
    change.abort();
    await expect(asked).rejects.toMatchObject({ name: "AbortError" });
  });
});
