// @vitest-environment jsdom
import { expect, it } from "vitest";
import { CredentialKeeper } from "./keeper.ts";
import type { Credentials } from "./state.ts";

const CREDENTIALS: Credentials = {
  sessionId: "s",
  token: "t",
  expiresAt: "2030-01-01T00:00:00Z",
  transports: ["webrtc"],
  iceServers: [],
  language: "en",
  consentVersion: "v1",
};
const BEFORE = Date.parse("2029-12-31T00:00:00Z");
const AFTER = Date.parse("2030-01-01T00:00:01Z");

it("keeps credentials by invitation, until they run out or are forgotten", () => {
  const keeper = new CredentialKeeper();
  keeper.save("a", CREDENTIALS);
  expect(keeper.load("a", BEFORE)).toEqual(CREDENTIALS);
  expect(keeper.load("b", BEFORE)).toBeNull();
  expect(keeper.load("a", AFTER)).toBeNull();
  keeper.forget("a");
  expect(keeper.load("a", BEFORE)).toBeNull();
});

it("does without storage where the browser has none, and with what is damaged in it", () => {
  const none = new CredentialKeeper(() => {
    throw new DOMException("denied", "SecurityError");
  });
  none.save("a", CREDENTIALS);
  expect(none.load("a", BEFORE)).toBeNull();
  none.forget("a");
  sessionStorage.setItem("vivavoce.call.a", "{");
  expect(new CredentialKeeper().load("a", BEFORE)).toBeNull();
  sessionStorage.setItem("vivavoce.call.a", "{}");
  expect(new CredentialKeeper().load("a", BEFORE)).toBeNull();
});
