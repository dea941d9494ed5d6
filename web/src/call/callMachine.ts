/**
 * Which screen follows which: a pure machine. `step` takes what happened and gives the next state and what the outside
 * has to do (`Effect`); it reads no clock and touches no browser. An event that means nothing on the present screen
 * changes nothing.
 */
import type { InvitationView, Transport } from "../api/types.ts";
import { GHOST_MS, REJOIN_MS, backoffMs } from "./backoff.ts";
import { inCall, startCall } from "./inCall.ts";
import type {
  Capabilities,
  Credentials,
  Effect,
  Event,
  LineFailure,
  Problem,
  Screen,
  State,
  Step,
} from "./state.ts";

/** Tries to come in before the participant is told that the server does not answer. */
export const CONNECT_TRIES = 4;
/** Seconds to wait for a place where the host named none. */
export const FULL_RETRY_S = 15;

export function initialState(capabilities: Capabilities): State {
  return {
    invitation: null,
    view: null,
    language: "",
    credentials: null,
    capabilities,
    muted: false,
    returning: false,
    takeOver: false,
    webrtcFailed: false,
    renewed: false,
    screen: { name: "loading" },
  };
}

export function step(state: State, event: Event): Step {
  switch (event.type) {
    case "opened":
      if (event.invitation === null) return show({ ...state, invitation: null }, { name: "landing" });
      return show({ ...state, invitation: event.invitation }, { name: "loading" }, { do: "loadInvitation" });
    case "invitationLoaded":
      return state.screen.name === "loading" ? invited(state, event) : stay(state);
    case "invitationRefused":
      return state.screen.name === "loading" ? invitationRefused(state, event.problem) : stay(state);
    case "unreachable":
      return unreachable(state);
    case "retry":
      return retry(state);
    case "networkBack":
      return networkBack(state);
    case "languageChosen":
      return languageChosen(state, event.language);
    case "studyTranslated":
      if (state.view === null || state.language !== event.language) return stay(state);
      return stay({ ...state, view: { ...state.view, study: event.study } });
    case "agreed":
      if (state.screen.name !== "consent" || state.screen.sending) return stay(state);
      return show(state, { ...state.screen, sending: true, problem: null }, { do: "sendConsent" });
    case "declined":
      return state.screen.name === "consent" ? show(state, { name: "declined" }) : stay(state);
    case "reconsidered":
      return state.screen.name === "declined" ? show(state, consent(state)) : stay(state);
    case "consentGiven":
      return state.screen.name === "consent" ? consented(state, event.credentials) : stay(state);
    case "consentRefused":
      return consentRefused(state, event.problem);
    case "tokenRenewed":
      return tokenRenewed(state, event.credentials, event.at);
    case "started":
      if (state.screen.name !== "check" || state.screen.microphone !== "ready") return stay(state);
      return connect(state, 0, state.takeOver);
    case "continuedHere":
      if (state.screen.name !== "elsewhere" && state.screen.name !== "replaced") return stay(state);
      return connect(state, 0, true);
    case "sessionKnown":
      return sessionKnown(state, event.status, event.reason);
    case "connected":
      return connected(state);
    case "lineFailed":
      return lineFailed(state, event.failure, event.at);
    case "left":
      if (state.screen.name !== "call") return stay(state);
      return end(state, { name: "goodbye", status: "", reason: "left", text: "" });
    case "muteToggled": {
      if (state.screen.name !== "call") return stay(state);
      const muted = !state.muted;
      return [
        { ...state, muted },
        [
          { do: "muteMicrophone", muted },
          { do: "send", message: { type: "mute", muted } },
        ],
      ];
    }
    case "message":
      if (event.message.type === "ended" && ["connecting", "full", "call"].includes(state.screen.name)) {
        const { status, reason, text } = event.message;
        return end(state, { name: "goodbye", status, reason, text });
      }
      if (event.message.type === "notice" && event.message.code === "replaced") {
        return lineFailed(state, { cause: "replaced" }, event.at);
      }
      return inCall(state, event);
    case "microphoneAsked":
      return microphoneAsked(state, event.deviceId);
    case "microphoneReady":
      if (state.screen.name === "check") return show(state, { ...state.screen, microphone: "ready" });
      if (state.screen.name === "microphone") {
        const unmuted: State = { ...state, muted: false };
        return show(
          unmuted,
          { name: "check", returning: state.returning, microphone: "ready" },
          { do: "muteMicrophone", muted: false },
        );
      }
      return inCall(state, event);
    case "microphoneFailed":
      switch (state.screen.name) {
        case "check":
        case "microphone":
          return show(state, { name: "microphone", why: event.why, opening: false });
        case "connecting":
        case "full":
          return show(state, { name: "microphone", why: event.why, opening: false }, { do: "closeLine" });
        default:
          return inCall(state, event);
      }
    case "microphoneLost":
      if (state.screen.name === "check") {
        return show(
          state,
          { ...state.screen, microphone: "opening" },
          { do: "openMicrophone", deviceId: null },
        );
      }
      return inCall(state, event);
    case "devicesChanged":
      if (state.screen.name === "microphone" && state.screen.why === "missing")
        return microphoneAsked(state, null);
      return inCall(state, event);
    case "soundAllowed":
    case "soundBlocked":
    case "soundRunning":
    case "noticeDismissed":
    case "leaveConfirmed":
      return inCall(state, event);
  }
}

/** The transport to try next, or null where this browser and this host have none in common. */
export function transportOf(state: State): Transport | null {
  const offered = state.credentials?.transports ?? [];
  if (offered.includes("livekit")) return state.capabilities.webrtc ? "livekit" : null;
  const websocket = offered.includes("websocket") && state.capabilities.websocket;
  if (offered.includes("webrtc") && state.capabilities.webrtc && !(state.webrtcFailed && websocket))
    return "webrtc";
  return websocket ? "websocket" : null;
}

function show(state: State, screen: Screen, ...effects: Effect[]): Step {
  return [{ ...state, screen }, effects];
}

function stay(state: State, ...effects: Effect[]): Step {
  return [state, effects];
}

function invited(
  state: State,
  { view, saved, reloaded }: { view: InvitationView; saved: Credentials | null; reloaded: boolean },
): Step {
  // A participant who reads the consent again after it changed keeps the language they chose.
  const keep = view.status === "open" && view.languages.some((l) => l.code === state.language);
  const changed = state.view !== null && state.view.consent.version !== view.consent.version;
  const next: State = { ...state, view, language: keep ? state.language : view.language };
  switch (view.status) {
    case "expired":
    case "revoked":
      return show(next, { name: "deadLink", why: view.status }, { do: "forgetCredentials" });
    case "finished":
      return show(next, { name: "over", status: view.session?.status ?? null }, { do: "forgetCredentials" });
    case "open":
    case "in_progress":
      break;
  }
  const { secure, microphone, webrtc, websocket } = state.capabilities;
  if (!secure) return show(next, { name: "unsupported", why: "insecure" });
  if (!microphone || !(webrtc || websocket)) return show(next, { name: "unsupported", why: "browser" });
  const returning = view.status === "in_progress";
  if (returning && saved !== null && saved.sessionId === view.session?.id) {
    return show(
      { ...next, credentials: saved, returning, takeOver: reloaded },
      { name: "check", returning, microphone: "unasked" },
    );
  }
  return show({ ...next, returning }, { ...consent({ ...next, returning }), changed });
}

function languageChosen(state: State, language: string): Step {
  // A session that has begun changes its language in the conversation, not here.
  if (state.screen.name !== "consent" || state.returning || language === state.language) return stay(state);
  if (!state.view?.languages.some((l) => l.code === language)) return stay(state);
  return stay({ ...state, language }, { do: "translateStudy", language });
}

function consent(state: State): Extract<Screen, { name: "consent" }> {
  return { name: "consent", returning: state.returning, changed: false, sending: false, problem: null };
}

function invitationRefused(state: State, problem: Problem): Step {
  switch (problem.code) {
    case "invitation_unknown":
      return show(state, { name: "deadLink", why: "unknown" });
    case "invitation_expired":
      return show(state, { name: "deadLink", why: "expired" });
    case "invitation_revoked":
      return show(state, { name: "deadLink", why: "revoked" });
    default:
      return show(state, { name: "failed", problem });
  }
}

function unreachable(state: State): Step {
  switch (state.screen.name) {
    case "loading":
      return show(state, { name: "unreachable", retry: "load" });
    case "consent":
      return state.screen.sending
        ? show(state, { ...state.screen, sending: false, problem: OFFLINE })
        : stay(state);
    default:
      return stay(state);
  }
}

const OFFLINE: Problem = { code: "unreachable", message: "", nextStep: null };

function retry(state: State): Step {
  switch (state.screen.name) {
    case "unreachable":
      if (state.screen.retry === "connect") return connect(state, 0, state.takeOver);
      return show(state, { name: "loading" }, { do: "loadInvitation" });
    case "failed":
      if (state.credentials !== null) return connect({ ...state, renewed: false }, 0, state.takeOver);
      return show(state, { name: "loading" }, { do: "loadInvitation" });
    case "lost":
      return connect(state, 0, false);
    case "full": {
      const [next, effects] = connect(state, 0, state.takeOver);
      return next.screen.name === "connecting"
        ? [{ ...next, screen: { ...state.screen, trying: true } }, effects]
        : [next, effects];
    }
    case "call":
      return state.screen.call.outage === null ? stay(state) : reconnect(state, 0);
    default:
      return stay(state);
  }
}

function networkBack(state: State): Step {
  const screen = state.screen;
  if (screen.name === "unreachable") return retry(state);
  if (screen.name === "call" && screen.call.outage !== null) return retry(state);
  return stay(state);
}

function consented(state: State, credentials: Credentials): Step {
  const next = { ...state, credentials };
  if (transportOf(next) === null) return show(next, { name: "unsupported", why: "browser" });
  const screen: Screen = { name: "check", returning: state.returning, microphone: "unasked" };
  return show(next, screen, { do: "saveCredentials", credentials });
}

function consentRefused(state: State, problem: Problem): Step {
  const renewing = ["connecting", "full", "call"].includes(state.screen.name);
  if (state.screen.name !== "consent" && !renewing) return stay(state);
  const clear: Effect[] = renewing
    ? [{ do: "closeLine" }, { do: "releaseMicrophone" }, { do: "forgetCredentials" }]
    : [];
  switch (problem.code) {
    case "interview_finished":
      return show(state, { name: "over", status: null }, ...clear);
    case "invitation_expired":
      return show(state, { name: "deadLink", why: "expired" }, ...clear);
    case "invitation_revoked":
      return show(state, { name: "deadLink", why: "revoked" }, ...clear);
    case "invitation_unknown":
      return show(state, { name: "deadLink", why: "unknown" }, ...clear);
    case "consent_changed":
    case "language_fixed":
      // What was agreed to is not what holds now: read it again.
      return show({ ...state, credentials: null }, { name: "loading" }, ...clear, { do: "loadInvitation" });
    default:
      if (state.screen.name === "consent") return show(state, { ...state.screen, sending: false, problem });
      return show(state, { name: "failed", problem }, ...clear);
  }
}

function tokenRenewed(state: State, credentials: Credentials, at: number): Step {
  const next: State = { ...state, credentials, renewed: true };
  const save: Effect = { do: "saveCredentials", credentials };
  const screen = state.screen;
  if (screen.name === "connecting") return prepend(save, connect(next, screen.attempt, state.takeOver));
  if (screen.name === "full") return prepend(save, retry(next));
  if (screen.name === "call" && screen.call.outage !== null) {
    return prepend(save, reconnect({ ...next, takeOver: at - screen.call.outage.since < GHOST_MS }, 0));
  }
  return stay(next, save);
}

function prepend(effect: Effect, [state, effects]: Step): Step {
  return [state, [effect, ...effects]];
}

/** Comes in for the first time, or anew after a screen that asked. */
function connect(state: State, attempt: number, takeOver: boolean, afterMs = 0): Step {
  const transport = transportOf(state);
  if (transport === null) return show(state, { name: "unsupported", why: "browser" });
  return show(
    { ...state, takeOver },
    { name: "connecting", attempt },
    { do: "connect", transport, takeOver, afterMs },
  );
}

/** Comes back into the call on screen. */
function reconnect(state: State, afterMs: number): Step {
  const transport = transportOf(state);
  if (transport === null)
    return show(state, { name: "unsupported", why: "browser" }, { do: "releaseMicrophone" });
  return stay(state, { do: "connect", transport, takeOver: state.takeOver, afterMs });
}

function connected(state: State): Step {
  const next: State = { ...state, takeOver: false, renewed: false, returning: true };
  // What the host does not know of a new connection: that the participant had muted themselves.
  const tell: Effect[] = state.muted ? [{ do: "send", message: { type: "mute", muted: true } }] : [];
  if (state.screen.name === "connecting" || state.screen.name === "full") {
    return show(next, { name: "call", call: startCall(state.view?.study.title ?? "") }, ...tell);
  }
  if (state.screen.name === "call" && state.screen.call.outage !== null) {
    return show(
      next,
      { name: "call", call: { ...state.screen.call, outage: null, soundBlocked: false } },
      ...tell,
    );
  }
  return stay(state);
}

function lineFailed(state: State, failure: LineFailure, at: number): Step {
  const screen = state.screen;
  if (screen.name !== "connecting" && screen.name !== "full" && screen.name !== "call") return stay(state);
  const away: Effect[] = [{ do: "closeLine" }, { do: "releaseMicrophone" }];
  switch (failure.cause) {
    case "already_connected":
      return show(state, { name: "elsewhere" }, ...away);
    case "replaced":
      return show(state, { name: "replaced" }, ...away);
    case "session_over":
      return stay(state, { do: "closeLine" }, { do: "askSession" });
    case "unauthorised":
      if (state.renewed) return show(state, { name: "failed", problem: NOT_LET_IN }, ...away);
      if (screen.name === "call" && screen.call.outage === null) {
        return show(
          state,
          { name: "call", call: { ...screen.call, outage: { since: at, attempt: 0 } } },
          { do: "closeLine" },
          { do: "renewToken" },
        );
      }
      return stay(state, { do: "closeLine" }, { do: "renewToken" });
    case "refused":
      return show(state, { name: "failed", problem: failure.problem }, ...away);
    case "host_full": {
      if (screen.name === "call") return outage(state, screen.call, at);
      const ms = Math.max(1, failure.retryAfterS ?? FULL_RETRY_S) * 1000;
      return show(
        state,
        { name: "full", retryAt: at + ms, trying: false, place: failure.place },
        { do: "closeLine" },
        { do: "retryAfter", ms },
      );
    }
    case "unreachable":
    case "no_media": {
      if (screen.name === "call" && screen.call.leaving)
        return stay(state, { do: "closeLine" }, { do: "leave" });
      const next = failure.cause === "no_media" ? withoutWebRtc(state) : state;
      if (screen.name === "call") return outage(next, screen.call, at);
      const tried = screen.name === "connecting" ? screen.attempt : 0;
      const attempt = tried + 1;
      if (attempt >= CONNECT_TRIES)
        return show(next, { name: "unreachable", retry: "connect" }, { do: "closeLine" });
      // Where the host has let us in, the connection in the way of the next is our own.
      const takeOver = state.takeOver || (failure.cause === "no_media" && failure.letIn);
      return connect(next, attempt, takeOver, next === state ? backoffMs(tried) : 0);
    }
  }
}

const NOT_LET_IN: Problem = { code: "unauthorised", message: "", nextStep: null };

/** Sound does not get through by WebRTC; a WebSocket goes where web pages go. */
function withoutWebRtc(state: State): State {
  const failed: State = { ...state, webrtcFailed: true };
  return transportOf(state) === "webrtc" && transportOf(failed) === "websocket" ? failed : state;
}

/** The line went down, or did not come up again. */
function outage(state: State, call: Extract<Screen, { name: "call" }>["call"], at: number): Step {
  const since = call.outage?.since ?? at;
  const attempt = call.outage === null ? 0 : call.outage.attempt + 1;
  if (at - since >= REJOIN_MS)
    return show(state, { name: "lost" }, { do: "closeLine" }, { do: "releaseMicrophone" });
  const next: State = {
    ...state,
    takeOver: at - since < GHOST_MS,
    screen: {
      name: "call",
      call: { ...call, agent: "waiting", participant: "silent", outage: { since, attempt } },
    },
  };
  return reconnect(next, backoffMs(attempt));
}

/** The host said that the session is over; now it is known how. */
function sessionKnown(state: State, status: string, reason: string | null): Step {
  switch (state.screen.name) {
    case "call":
      return end(state, { name: "goodbye", status, reason: reason ?? "", text: "" });
    case "connecting":
    case "full": {
      // The invitation tells whether there is another sitting to go on with.
      const [next, effects] = end(state, { name: "loading" });
      return [{ ...next, credentials: null }, [...effects, { do: "loadInvitation" }]];
    }
    default:
      return stay(state);
  }
}

function end(state: State, screen: Screen): Step {
  return show(state, screen, { do: "closeLine" }, { do: "releaseMicrophone" }, { do: "forgetCredentials" });
}

function microphoneAsked(state: State, deviceId: string | null): Step {
  const open: Effect = { do: "openMicrophone", deviceId };
  switch (state.screen.name) {
    case "check":
      return show(
        state,
        { ...state.screen, microphone: state.screen.microphone === "ready" ? "ready" : "opening" },
        open,
      );
    case "microphone":
      return show(state, { ...state.screen, opening: true }, open);
    default:
      return inCall(state, { type: "microphoneAsked", deviceId });
  }
}
