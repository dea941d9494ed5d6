import { describe, expect, it } from "vitest";
import type { InvitationView } from "../api/types.ts";
import { GHOST_MS, REJOIN_MS } from "./backoff.ts";
import { CONNECT_TRIES, FULL_RETRY_S, initialState, step, transportOf } from "./callMachine.ts";
import type { ServerMessage } from "./messages.ts";
import type {
  Capabilities,
  Credentials,
  Effect,
  Event,
  LineFailure,
  Problem,
  Screen,
  State,
} from "./state.ts";

const ABLE: Capabilities = { secure: true, microphone: true, webrtc: true, websocket: true };
const CREDENTIALS: Credentials = {
  sessionId: "s1",
  token: "t1",
  expiresAt: "2099-01-01T00:00:00Z",
  transports: ["webrtc", "websocket"],
  iceServers: [],
  language: "en",
  consentVersion: "v1",
};
const VIEW: InvitationView = {
  status: "open",
  study: { title: "Work", about: "", organisation: "", contact: "", minutes: 3, resumable: false },
  languages: [
    { code: "en", name: "English", dir: "ltr" },
    { code: "de", name: "Deutsch", dir: "ltr" },
  ],
  language: "en",
  disclosure: { en: "An AI." },
  consent: { version: "v1", text: { en: "Yes?" } },
  session: null,
};
const IN_PROGRESS: InvitationView = {
  ...VIEW,
  status: "in_progress",
  session: { id: "s1", status: "DISCONNECTED" },
};

/** Runs events from the start; gives the last state and the effects of the last event. */
function play(
  events: Event[],
  from: State = initialState(ABLE),
): { state: State; effects: readonly Effect[] } {
  let state = from;
  let effects: readonly Effect[] = [];
  for (const event of events) [state, effects] = step(state, event);
  return { state, effects };
}

const opened: Event = { type: "opened", invitation: "inv" };
const loaded = (view = VIEW, saved: Credentials | null = null, reloaded = false): Event => ({
  type: "invitationLoaded",
  view,
  saved,
  reloaded,
});
const given: Event = { type: "consentGiven", credentials: CREDENTIALS };
const microphone: Event[] = [
  { type: "microphoneAsked", deviceId: null },
  { type: "microphoneReady", label: "Mic", changed: true },
];
const TO_CONSENT = [opened, loaded()];
const TO_CHECK: Event[] = [...TO_CONSENT, { type: "agreed" }, given];
const TO_CONNECTING: Event[] = [...TO_CHECK, ...microphone, { type: "started" }];
const TO_CALL: Event[] = [...TO_CONNECTING, { type: "connected" }];
const failed = (failure: LineFailure, at = 1000): Event => ({ type: "lineFailed", failure, at });
const said = (message: ServerMessage, at = 0): Event => ({ type: "message", message, at });
const problem = (code: string): Problem => ({ code, message: "", nextStep: null });
const FULL = failed({ cause: "host_full", retryAfterS: 20, place: 3 });

const screenAfter = (...events: Event[]): Screen => play(events).state.screen;
const nameAfter = (...events: Event[]): string => screenAfter(...events).name;
const done = (effects: readonly Effect[]): string[] => effects.map((e) => e.do);

function callOf(state: State) {
  if (state.screen.name !== "call") throw new Error(`on ${state.screen.name}, not in the call`);
  return state.screen.call;
}

describe("opening the page", () => {
  it("shows the landing page without an invitation, and asks the host for one with it", () => {
    expect(nameAfter({ type: "opened", invitation: null })).toBe("landing");
    const { state, effects } = play([opened]);
    expect(state.screen.name).toBe("loading");
    expect(effects).toEqual([{ do: "loadInvitation" }]);
  });

  it("asks for consent when the invitation is open, in the language the host chose", () => {
    const { state, effects } = play(TO_CONSENT);
    expect(state.screen).toEqual({
      name: "consent",
      returning: false,
      changed: false,
      sending: false,
      problem: null,
    });
    expect(state.language).toBe("en");
    expect(effects).toEqual([]);
  });

  it.each([
    ["expired", "deadLink"],
    ["revoked", "deadLink"],
    ["finished", "over"],
  ] as const)("gives an invitation that is %s its own screen and forgets its token", (status, screen) => {
    const { state, effects } = play([opened, loaded({ ...VIEW, status })]);
    expect(state.screen.name).toBe(screen);
    expect(done(effects)).toEqual(["forgetCredentials"]);
  });

  it.each([
    ["invitation_unknown", { name: "deadLink", why: "unknown" }],
    ["invitation_expired", { name: "deadLink", why: "expired" }],
    ["invitation_revoked", { name: "deadLink", why: "revoked" }],
    ["internal", { name: "failed", problem: problem("internal") }],
  ])("shows what %s means", (code, screen) => {
    expect(screenAfter(opened, { type: "invitationRefused", problem: problem(code) })).toEqual(screen);
  });

  it("says when the host is out of reach, and loads again by hand or when the network is back", () => {
    const away: Event[] = [opened, { type: "unreachable" }];
    expect(screenAfter(...away)).toEqual({ name: "unreachable", retry: "load" });
    for (const back of [{ type: "retry" }, { type: "networkBack" }] as Event[]) {
      const { state, effects } = play([...away, back]);
      expect(state.screen.name).toBe("loading");
      expect(done(effects)).toEqual(["loadInvitation"]);
    }
  });

  it.each([
    [{ secure: false }, "insecure"],
    [{ microphone: false }, "browser"],
    [{ webrtc: false, websocket: false }, "browser"],
  ])("turns away a browser with %j before consent", (lack, why) => {
    const { state } = play([opened, loaded()], initialState({ ...ABLE, ...lack }));
    expect(state.screen).toEqual({ name: "unsupported", why });
  });

  it("takes up the interview of this tab after a reload, pushing out its own ghost", () => {
    const { state } = play([opened, loaded(IN_PROGRESS, CREDENTIALS, true)]);
    expect(state.screen).toEqual({ name: "check", returning: true, microphone: "unasked" });
    const { effects } = play([...microphone, { type: "started" }], state);
    expect(effects).toEqual([{ do: "connect", transport: "webrtc", takeOver: true, afterMs: 0 }]);
  });

  it("does not push anyone out from a copied tab", () => {
    const { effects } = play([
      opened,
      loaded(IN_PROGRESS, CREDENTIALS, false),
      ...microphone,
      { type: "started" },
    ]);
    expect(effects).toMatchObject([{ do: "connect", takeOver: false }]);
  });

  it("asks for consent again where nothing or another session was saved", () => {
    expect(screenAfter(opened, loaded(IN_PROGRESS))).toMatchObject({ name: "consent", returning: true });
    const other = { ...CREDENTIALS, sessionId: "old" };
    expect(screenAfter(opened, loaded(IN_PROGRESS, other))).toMatchObject({
      name: "consent",
      returning: true,
    });
  });
});

describe("consent", () => {
  it("changes the language, and has the study told in it", () => {
    const { state, effects } = play([...TO_CONSENT, { type: "languageChosen", language: "de" }]);
    expect(state.language).toBe("de");
    expect(effects).toEqual([{ do: "translateStudy", language: "de" }]);
    const study = { ...VIEW.study, title: "Arbeit" };
    const told = play([{ type: "studyTranslated", study, language: "de" }], state).state;
    expect(told.view?.study.title).toBe("Arbeit");
    const late = play([{ type: "studyTranslated", study: VIEW.study, language: "en" }], told).state;
    expect(late.view?.study.title).toBe("Arbeit");
  });

  it("knows no other languages than the study's, and none but the session's on return", () => {
    expect(play([...TO_CONSENT, { type: "languageChosen", language: "it" }]).state.language).toBe("en");
    const back = play([opened, loaded(IN_PROGRESS), { type: "languageChosen", language: "de" }]);
    expect(back.state.language).toBe("en");
  });

  it("is sent once, then saved, and the sound check follows", () => {
    const sent = play([...TO_CONSENT, { type: "agreed" }]);
    expect(done(sent.effects)).toEqual(["sendConsent"]);
    expect(play([{ type: "agreed" }], sent.state).effects).toEqual([]);
    const { state, effects } = play([given], sent.state);
    expect(state.screen).toEqual({ name: "check", returning: false, microphone: "unasked" });
    expect(effects).toEqual([{ do: "saveCredentials", credentials: CREDENTIALS }]);
  });

  it("can be declined and taken up again", () => {
    expect(nameAfter(...TO_CONSENT, { type: "declined" })).toBe("declined");
    expect(nameAfter(...TO_CONSENT, { type: "declined" }, { type: "reconsidered" })).toBe("consent");
  });

  it("stays, and says so, when it does not get through", () => {
    expect(screenAfter(...TO_CONSENT, { type: "agreed" }, { type: "unreachable" })).toMatchObject({
      name: "consent",
      sending: false,
      problem: { code: "unreachable" },
    });
    const refused: Event = { type: "consentRefused", problem: problem("session_busy") };
    expect(screenAfter(...TO_CONSENT, { type: "agreed" }, refused)).toMatchObject({
      name: "consent",
      sending: false,
    });
  });

  it("is asked anew when the text has changed, and the participant told", () => {
    const { state, effects } = play([
      ...TO_CONSENT,
      { type: "languageChosen", language: "de" },
      { type: "agreed" },
      { type: "consentRefused", problem: problem("consent_changed") },
    ]);
    expect(state.screen.name).toBe("loading");
    expect(done(effects)).toEqual(["loadInvitation"]);
    const again = play([loaded({ ...VIEW, consent: { version: "v2", text: {} } })], state).state;
    expect(again.screen).toMatchObject({ name: "consent", changed: true });
    expect(again.language).toBe("de");
  });

  it.each([
    ["interview_finished", "over"],
    ["invitation_expired", "deadLink"],
    ["invitation_revoked", "deadLink"],
    ["invitation_unknown", "deadLink"],
  ])("ends where %s", (code, screen) => {
    expect(
      nameAfter(...TO_CONSENT, { type: "agreed" }, { type: "consentRefused", problem: problem(code) }),
    ).toBe(screen);
  });

  it("ends where browser and host have no transport in common", () => {
    const { state } = play(
      [
        ...TO_CONSENT,
        { type: "agreed" },
        { type: "consentGiven", credentials: { ...CREDENTIALS, transports: ["webrtc"] } },
      ],
      initialState({ ...ABLE, webrtc: false }),
    );
    expect(state.screen).toEqual({ name: "unsupported", why: "browser" });
  });
});

describe("before consent", () => {
  it("no event opens the microphone or a line", () => {
    const tried: Event[] = [
      { type: "microphoneAsked", deviceId: null },
      { type: "microphoneLost" },
      { type: "devicesChanged" },
      { type: "started" },
      { type: "continuedHere" },
      { type: "retry" },
      { type: "muteToggled" },
      { type: "soundAllowed" },
    ];
    for (const before of [[opened], TO_CONSENT, [...TO_CONSENT, { type: "declined" } as Event]]) {
      for (const event of tried) {
        const { effects } = play([event], play(before).state);
        expect(done(effects)).not.toContain("openMicrophone");
        expect(done(effects)).not.toContain("connect");
      }
    }
  });
});

describe("the sound check", () => {
  it("opens the microphone when asked, and lets nobody start without it", () => {
    expect(nameAfter(...TO_CHECK, { type: "started" })).toBe("check");
    const { state, effects } = play([...TO_CHECK, { type: "microphoneAsked", deviceId: null }]);
    expect(state.screen).toMatchObject({ name: "check", microphone: "opening" });
    expect(effects).toEqual([{ do: "openMicrophone", deviceId: null }]);
  });

  it("changes the microphone without going back to the start", () => {
    const { state, effects } = play([...TO_CHECK, ...microphone, { type: "microphoneAsked", deviceId: "b" }]);
    expect(state.screen).toMatchObject({ microphone: "ready" });
    expect(effects).toEqual([{ do: "openMicrophone", deviceId: "b" }]);
  });

  it.each(["denied", "missing", "busy", "failed"] as const)(
    "shows what to do when the microphone is %s",
    (why) => {
      const trouble: Event[] = [...TO_CHECK, { type: "microphoneFailed", why }];
      expect(screenAfter(...trouble)).toEqual({ name: "microphone", why, opening: false });
      const again = play([...trouble, { type: "microphoneAsked", deviceId: null }]);
      expect(again.state.screen).toEqual({ name: "microphone", why, opening: true });
      expect(done(again.effects)).toEqual(["openMicrophone"]);
      const ready = play([{ type: "microphoneReady", label: "", changed: true }], again.state);
      expect(ready.state.screen).toMatchObject({ name: "check", microphone: "ready" });
    },
  );

  it("notices by itself that a missing microphone was plugged in, and that one in use was pulled out", () => {
    const missing: Event[] = [
      ...TO_CHECK,
      { type: "microphoneFailed", why: "missing" },
      { type: "devicesChanged" },
    ];
    expect(done(play(missing).effects)).toEqual(["openMicrophone"]);
    const denied: Event[] = [
      ...TO_CHECK,
      { type: "microphoneFailed", why: "denied" },
      { type: "devicesChanged" },
    ];
    expect(play(denied).effects).toEqual([]);
    const pulled = play([...TO_CHECK, ...microphone, { type: "microphoneLost" }]);
    expect(pulled.state.screen).toMatchObject({ microphone: "opening" });
    expect(done(pulled.effects)).toEqual(["openMicrophone"]);
  });
});

describe("coming in", () => {
  it("connects, and shows the call when the line is up", () => {
    const { state, effects } = play(TO_CONNECTING);
    expect(state.screen).toEqual({ name: "connecting", attempt: 0 });
    expect(effects).toEqual([{ do: "connect", transport: "webrtc", takeOver: false, afterMs: 0 }]);
    expect(callOf(play([{ type: "connected" }], state).state)).toMatchObject({ title: "Work", outage: null });
  });

  it("tries again with growing waits, then asks the participant", () => {
    let { state } = play(TO_CONNECTING);
    const waits: number[] = [];
    for (let attempt = 1; attempt < CONNECT_TRIES; attempt++) {
      const next = play([failed({ cause: "unreachable" })], state);
      state = next.state;
      expect(state.screen).toEqual({ name: "connecting", attempt });
      for (const effect of next.effects) if (effect.do === "connect") waits.push(effect.afterMs);
    }
    expect(waits).toEqual([500, 1000, 2000]);
    const last = play([failed({ cause: "unreachable" })], state);
    expect(last.state.screen).toEqual({ name: "unreachable", retry: "connect" });
    expect(done(play([{ type: "networkBack" }], last.state).effects)).toEqual(["connect"]);
  });

  it("goes over to the WebSocket at once when WebRTC does not get through, and stays there", () => {
    const { state, effects } = play([...TO_CONNECTING, failed({ cause: "no_media", letIn: false })]);
    expect(effects).toEqual([{ do: "connect", transport: "websocket", takeOver: false, afterMs: 0 }]);
    const letIn = play([...TO_CONNECTING, failed({ cause: "no_media", letIn: true })]);
    expect(letIn.effects).toMatchObject([{ transport: "websocket", takeOver: true }]);
    expect(transportOf(play([{ type: "connected" }], state).state)).toBe("websocket");
  });

  it("goes through the SFU where the host stands on one, and no other way", () => {
    const rooms = { ...CREDENTIALS, transports: ["livekit" as const] };
    const state = { ...initialState(ABLE), credentials: rooms };
    expect(transportOf(state)).toBe("livekit");
    expect(transportOf({ ...state, webrtcFailed: true })).toBe("livekit");
    expect(transportOf({ ...state, capabilities: { ...ABLE, webrtc: false } })).toBe(null);
  });

  it("keeps trying WebRTC where there is nothing else", () => {
    const only = { ...CREDENTIALS, transports: ["webrtc" as const] };
    const events: Event[] = [
      ...TO_CONSENT,
      { type: "agreed" },
      { type: "consentGiven", credentials: only },
      ...microphone,
      { type: "started" },
      failed({ cause: "no_media", letIn: false }),
    ];
    expect(play(events).effects).toMatchObject([{ do: "connect", transport: "webrtc", afterMs: 500 }]);
  });

  it("asks before it takes the place of another connection", () => {
    const { state, effects } = play([...TO_CONNECTING, failed({ cause: "already_connected" })]);
    expect(state.screen).toEqual({ name: "elsewhere" });
    expect(done(effects)).toEqual(["closeLine", "releaseMicrophone"]);
    const here = play([{ type: "continuedHere" }], state);
    expect(here.effects).toEqual([{ do: "connect", transport: "webrtc", takeOver: true, afterMs: 0 }]);
  });

  it("waits where the host is full, as long as the host says, and lets in from there", () => {
    const waiting = play([...TO_CONNECTING, FULL]);
    expect(waiting.state.screen).toEqual({ name: "full", retryAt: 21_000, trying: false, place: 3 });
    expect(waiting.effects).toEqual([{ do: "closeLine" }, { do: "retryAfter", ms: 20_000 }]);
    const trying = play([{ type: "retry" }], waiting.state);
    expect(trying.state.screen).toMatchObject({ name: "full", trying: true, place: 3 });
    expect(done(trying.effects)).toEqual(["connect"]);
    expect(play([FULL], trying.state).state.screen).toMatchObject({ name: "full", trying: false });
    expect(play([{ type: "connected" }], trying.state).state.screen.name).toBe("call");
    expect(play([failed({ cause: "unreachable" })], trying.state).state.screen.name).toBe("connecting");
    const unsaid = play([...TO_CONNECTING, failed({ cause: "host_full", retryAfterS: null, place: null }, 0)])
      .state.screen;
    expect(unsaid).toMatchObject({ retryAt: FULL_RETRY_S * 1000 });
  });

  it("renews a token that ran out, once", () => {
    const renewing = play([...TO_CONNECTING, failed({ cause: "unauthorised" })]);
    expect(done(renewing.effects)).toEqual(["closeLine", "renewToken"]);
    const fresh = { ...CREDENTIALS, token: "t2" };
    const renewed = play([{ type: "tokenRenewed", credentials: fresh, at: 2000 }], renewing.state);
    expect(done(renewed.effects)).toEqual(["saveCredentials", "connect"]);
    const again = play([failed({ cause: "unauthorised" })], renewed.state);
    expect(again.state.screen).toMatchObject({ name: "failed", problem: { code: "unauthorised" } });
    const later = play([{ type: "connected" }, failed({ cause: "unauthorised" })], renewed.state);
    expect(done(later.effects)).toEqual(["closeLine", "renewToken"]);
  });

  it("asks for consent again when it no longer holds on renewal", () => {
    const { state, effects } = play([
      ...TO_CONNECTING,
      failed({ cause: "unauthorised" }),
      { type: "consentRefused", problem: problem("consent_changed") },
    ]);
    expect(state.screen.name).toBe("loading");
    expect(state.credentials).toBeNull();
    expect(done(effects)).toEqual(["closeLine", "releaseMicrophone", "forgetCredentials", "loadInvitation"]);
  });

  it("says that the interview is over where it is", () => {
    const asking = play([...TO_CONNECTING, failed({ cause: "session_over" })]);
    expect(done(asking.effects)).toEqual(["closeLine", "askSession"]);
    const known = play([{ type: "sessionKnown", status: "completed", reason: "finished" }], asking.state);
    expect(known.state.screen).toEqual({ name: "loading" });
    expect(done(known.effects)).toEqual([
      "closeLine",
      "releaseMicrophone",
      "forgetCredentials",
      "loadInvitation",
    ]);
  });

  it("shows a refusal in the host's words, and tries again on demand", () => {
    const refused = play([...TO_CONNECTING, failed({ cause: "refused", problem: problem("bad_frame") })]);
    expect(refused.state.screen).toEqual({ name: "failed", problem: problem("bad_frame") });
    expect(done(play([{ type: "retry" }], refused.state).effects)).toEqual(["connect"]);
  });

  it("goes back to the microphone when that fails on the way in", () => {
    const { state, effects } = play([...TO_CONNECTING, { type: "microphoneFailed", why: "busy" }]);
    expect(state.screen).toMatchObject({ name: "microphone", why: "busy" });
    expect(done(effects)).toEqual(["closeLine"]);
  });
});

describe("a lost line", () => {
  const lost = failed({ cause: "unreachable" }, 10_000);

  it("is taken up again at once, pushing out its own ghost, and the call stays on screen", () => {
    const { state, effects } = play([...TO_CALL, lost]);
    expect(callOf(state)).toMatchObject({ outage: { since: 10_000, attempt: 0 }, agent: "waiting" });
    expect(effects).toEqual([{ do: "connect", transport: "webrtc", takeOver: true, afterMs: 500 }]);
    const back = play([{ type: "connected" }], state);
    expect(callOf(back.state).outage).toBeNull();
    expect(back.state.takeOver).toBe(false);
  });

  it("is tried with waits of 0.5 to 3 s for two minutes, then the participant is asked", () => {
    let { state } = play([...TO_CALL, lost]);
    let at = 10_000;
    const waits: number[] = [];
    while (state.screen.name === "call") {
      at += 4_000;
      const next = play([failed({ cause: "unreachable" }, at)], state);
      state = next.state;
      for (const effect of next.effects) if (effect.do === "connect") waits.push(effect.afterMs);
    }
    expect(waits.slice(0, 5)).toEqual([1000, 2000, 3000, 3000, 3000]);
    expect(at - 10_000).toBe(REJOIN_MS);
    expect(state.screen.name).toBe("lost");
    const again = play([{ type: "retry" }], state);
    expect(again.effects).toEqual([{ do: "connect", transport: "webrtc", takeOver: false, afterMs: 0 }]);
  });

  it("does not throw out another device that has taken over meanwhile", () => {
    const late = play([...TO_CALL, lost, failed({ cause: "unreachable" }, 10_000 + GHOST_MS)]);
    expect(late.effects).toMatchObject([{ do: "connect", takeOver: false }]);
    expect(play([failed({ cause: "already_connected" }, 50_000)], late.state).state.screen.name).toBe(
      "elsewhere",
    );
  });

  it("is tried at once when the network is back, or the participant asks", () => {
    for (const now of [{ type: "networkBack" }, { type: "retry" }] as Event[]) {
      expect(play([...TO_CALL, lost, now]).effects).toMatchObject([{ do: "connect", afterMs: 0 }]);
      expect(play([...TO_CALL, now]).effects).toEqual([]);
    }
  });

  it("waits its turn at a host that came back full", () => {
    expect(callOf(play([...TO_CALL, lost, FULL]).state).outage).toMatchObject({ attempt: 1 });
  });

  it("tells the host again that the participant is muted", () => {
    const { effects } = play([...TO_CALL, { type: "muteToggled" }, lost, { type: "connected" }]);
    expect(effects).toEqual([{ do: "send", message: { type: "mute", muted: true } }]);
  });

  it("ends with goodbye where the session ended meanwhile", () => {
    const { state } = play([
      ...TO_CALL,
      lost,
      failed({ cause: "session_over" }),
      { type: "sessionKnown", status: "abandoned", reason: "left" },
    ]);
    expect(state.screen).toEqual({ name: "goodbye", status: "abandoned", reason: "left", text: "" });
  });

  it("renews its token without leaving the call", () => {
    const renewing = play([...TO_CALL, failed({ cause: "unauthorised" }, 10_000)]);
    expect(callOf(renewing.state).outage).toEqual({ since: 10_000, attempt: 0 });
    const renewed = play([{ type: "tokenRenewed", credentials: CREDENTIALS, at: 12_000 }], renewing.state);
    expect(renewed.effects).toMatchObject([{ do: "saveCredentials" }, { do: "connect", takeOver: true }]);
  });
});

describe("in the call", () => {
  it("folds what the host tells", () => {
    const { state } = play([
      ...TO_CALL,
      said({ type: "hello", session_id: "s1", language: "en", title: "Working", resumed: false }),
      said({ type: "state", status: "ACTIVE", agent: "speaking", participant: "silent" }),
      said(
        {
          type: "progress",
          phase: { id: "a", title: "Start", index: 0, count: 3 },
          fraction: 0.1,
          elapsed_s: 5,
          remaining_s: null,
        },
        77,
      ),
      said({ type: "caption", speaker: "moderator", id: "1", text: "Hello", language: "en", final: false }),
    ]);
    expect(callOf(state)).toMatchObject({
      title: "Working",
      agent: "speaking",
      progress: { fraction: 0.1, elapsed_s: 5 },
      progressAt: 77,
      transcript: [{ key: "moderator:1", text: "Hello", final: false }],
      notice: null,
    });
  });

  it("follows the interview into another language of the study, and into no other", () => {
    const asked = said({ type: "language", language: "de", title: "Arbeiten" });
    const { state } = play([...TO_CALL, asked]);
    expect(state.language).toBe("de");
    expect(callOf(state).title).toBe("Arbeiten");
    const unknown = said({ type: "language", language: "xx", title: "" });
    expect(play([unknown], state).state.language).toBe("de");
    const hello = said({ type: "hello", session_id: "s1", language: "en", title: "", resumed: true });
    expect(play([hello], state).state.language).toBe("en");
  });

  it("welcomes back, and shows the host's notices until they are dismissed or answered", () => {
    const hello = said({ type: "hello", session_id: "s1", language: "en", title: "", resumed: true });
    expect(callOf(play([...TO_CALL, hello]).state)).toMatchObject({
      title: "Work",
      notice: { code: "resumed" },
    });
    const idle = play([...TO_CALL, said({ type: "notice", code: "idle_prompt", text: "Still there?" })]);
    expect(callOf(idle.state).notice).toEqual({ code: "idle_prompt", text: "Still there?" });
    const speaking = said({ type: "state", status: "ACTIVE", agent: "listening", participant: "speaking" });
    expect(callOf(play([speaking], idle.state).state).notice).toBeNull();
    const wrapUp = play([...TO_CALL, said({ type: "notice", code: "wrap_up", text: "" }), speaking]);
    expect(callOf(wrapUp.state).notice).toMatchObject({ code: "wrap_up" });
    expect(callOf(play([{ type: "noticeDismissed" }], wrapUp.state).state).notice).toBeNull();
    expect(
      callOf(play([...TO_CALL, said({ type: "notice", code: "new", text: "x" })]).state).notice?.code,
    ).toBe("other");
  });

  it("mutes the microphone and tells the host, and back", () => {
    const muted = play([...TO_CALL, { type: "muteToggled" }]);
    expect(muted.effects).toEqual([
      { do: "muteMicrophone", muted: true },
      { do: "send", message: { type: "mute", muted: true } },
    ]);
    expect(play([{ type: "muteToggled" }], muted.state).state.muted).toBe(false);
  });

  it("looks for another microphone when the one in use is gone, and again when one is plugged in", () => {
    const gone = play([...TO_CALL, { type: "microphoneLost" }]);
    expect(done(gone.effects)).toEqual(["openMicrophone"]);
    expect(play([{ type: "microphoneLost" }], gone.state).effects).toEqual([]);
    const none = play([{ type: "microphoneFailed", why: "missing" }], gone.state);
    expect(callOf(none.state).microphone).toBe("missing");
    expect(done(play([{ type: "devicesChanged" }], none.state).effects)).toEqual(["openMicrophone"]);
    const found = play([{ type: "microphoneReady", label: "Headset", changed: true }], gone.state);
    expect(callOf(found.state)).toMatchObject({
      microphone: "ok",
      notice: { code: "microphone_changed", text: "Headset" },
    });
    expect(play([...TO_CALL, { type: "devicesChanged" }]).effects).toEqual([]);
  });

  it("asks for a gesture where the browser holds back the sound", () => {
    const blocked = play([...TO_CALL, { type: "soundBlocked" }]);
    expect(callOf(blocked.state).soundBlocked).toBe(true);
    expect(done(play([{ type: "soundAllowed" }], blocked.state).effects)).toEqual(["allowSound"]);
    expect(callOf(play([{ type: "soundRunning" }], blocked.state).state).soundBlocked).toBe(false);
  });

  it("leaves once, and says goodbye when the host does, or without it", () => {
    const leaving = play([...TO_CALL, { type: "leaveConfirmed" }]);
    expect(done(leaving.effects)).toEqual(["leave"]);
    expect(play([{ type: "leaveConfirmed" }], leaving.state).effects).toEqual([]);
    expect(play([{ type: "left" }], leaving.state).state.screen).toMatchObject({
      name: "goodbye",
      reason: "left",
    });
    const down = play([failed({ cause: "unreachable" })], leaving.state);
    expect(done(down.effects)).toEqual(["closeLine", "leave"]);
  });

  it("ends with the host, lets go of the microphone and forgets the token", () => {
    const { state, effects } = play([
      ...TO_CALL,
      said({ type: "ended", status: "completed", reason: "finished", text: "Bye" }),
    ]);
    expect(state.screen).toEqual({ name: "goodbye", status: "completed", reason: "finished", text: "Bye" });
    expect(done(effects)).toEqual(["closeLine", "releaseMicrophone", "forgetCredentials"]);
  });

  it("gives way to another page, and takes its place back on demand", () => {
    for (const event of [
      said({ type: "notice", code: "replaced", text: "" }),
      failed({ cause: "replaced" }),
    ]) {
      const { state, effects } = play([...TO_CALL, event]);
      expect(state.screen).toEqual({ name: "replaced" });
      expect(done(effects)).toEqual(["closeLine", "releaseMicrophone"]);
      expect(play([{ type: "continuedHere" }], state).effects).toMatchObject([
        { do: "connect", takeOver: true },
      ]);
    }
  });
});

describe("events out of place", () => {
  it("change nothing", () => {
    const { state } = play(TO_CONSENT);
    const strays: Event[] = [
      { type: "connected" },
      failed({ cause: "unreachable" }),
      said({ type: "pong", n: 1 }),
      said({ type: "ended", status: "completed", reason: "finished", text: "" }),
      { type: "microphoneReady", label: "", changed: true },
      { type: "leaveConfirmed" },
      { type: "left" },
      { type: "reconsidered" },
      { type: "sessionKnown", status: "", reason: null },
      { type: "networkBack" },
      { type: "muteToggled" },
    ];
    for (const event of strays) expect(step(state, event)).toEqual([state, []]);
  });
});
