import { expect, it } from "vitest";
import { ApiError, Unreachable } from "../api/errors.ts";
import { failureOf, failureOfClose } from "./refusals.ts";

it.each([
  [409, "already_connected", { cause: "already_connected" }],
  [410, "session_over", { cause: "session_over" }],
  [401, "token_expired", { cause: "unauthorised" }],
  [403, "consent_missing", { cause: "unauthorised" }],
  [503, "session_busy", { cause: "unreachable" }],
  [504, "timed_out", { cause: "unreachable" }],
  [429, "too_many_requests", { cause: "unreachable" }],
  [
    422,
    "request_invalid",
    { cause: "refused", problem: { code: "request_invalid", message: "why", nextStep: "how" } },
  ],
  [500, "internal", { cause: "refused", problem: { code: "internal", message: "why", nextStep: "how" } }],
])("%i %s", (status, code, failure) => {
  expect(failureOf(new ApiError(status, code, "why", "how"))).toEqual(failure);
});

it("keeps how long a full host asks to wait", () => {
  expect(failureOf(new ApiError(503, "host_full", "", null, 9, 2))).toEqual({
    cause: "host_full",
    retryAfterS: 9,
    place: 2,
  });
  expect(failureOfClose(1013, false, { type: "queued", place: 2, retry_after_s: 9 })).toEqual({
    cause: "host_full",
    retryAfterS: 9,
    place: 2,
  });
});

it("tells the host out of reach from sound that does not get through", () => {
  expect(failureOf(new Unreachable("away"))).toEqual({ cause: "unreachable" });
  expect(failureOf(new DOMException("no codec", "OperationError"))).toEqual({
    cause: "no_media",
    letIn: false,
  });
});

it.each([
  [4401, false, "unauthorised"],
  [4403, false, "unauthorised"],
  [4404, false, "refused"],
  [1011, true, "unreachable"],
  [4409, false, "already_connected"],
  [4409, true, "replaced"],
  [4410, true, "session_over"],
  [1013, false, "host_full"],
  [4400, true, "refused"],
  [1009, true, "refused"],
  [1006, true, "unreachable"],
  [1001, true, "unreachable"],
])("a WebSocket closed with %i (let in before: %s) is %s", (code, established, cause) => {
  expect(failureOfClose(code, established).cause).toBe(cause);
});
