import type { IceServer, InvitationView, StudyView, Transport } from "../api/types.ts";
import type { AgentState, PageMessage, Progress, ServerMessage } from "./messages.ts";
import type { Transcript } from "./transcript.ts";

/** Why there is no sound from the participant's side. */
export type MicrophoneProblem = "denied" | "missing" | "busy" | "failed";

/** A refusal or fault in words, as the host or the network gave it. */
export interface Problem {
  code: string;
  message: string;
  nextStep: string | null;
}

/** What lets this page into one session; given for consent, kept for this tab only. */
export interface Credentials {
  sessionId: string;
  token: string;
  /** ISO 8601, UTC. */
  expiresAt: string;
  transports: Transport[];
  iceServers: IceServer[];
  language: string;
  consentVersion: string;
}

export interface Capabilities {
  /** False where the page came over plain http from another machine: browsers then hide the microphone. */
  secure: boolean;
  microphone: boolean;
  webrtc: boolean;
  websocket: boolean;
}

/** The interview as it is shown while it runs. */
export interface CallView {
  title: string;
  status: string;
  agent: AgentState;
  participant: "speaking" | "silent";
  transcript: Transcript;
  progress: Progress | null;
  /** When `progress` came, milliseconds of the page's monotonic clock. */
  progressAt: number;
  notice: Notice | null;
  /** Set while the line is down: since when, and how many tries failed. */
  outage: { since: number; attempt: number } | null;
  /** The browser waits for a gesture before it lets us be heard. */
  soundBlocked: boolean;
  microphone: "ok" | "opening" | MicrophoneProblem;
  leaving: boolean;
}

export type Notice =
  | { code: "resumed" | "microphone_changed"; text: string }
  | { code: "idle_prompt" | "wrap_up" | "fault" | "other"; text: string };

/** The one thing on screen. */
export type Screen =
  | { name: "landing" }
  | { name: "loading" }
  | { name: "unreachable"; retry: "load" | "connect" }
  | { name: "deadLink"; why: "unknown" | "expired" | "revoked" }
  | { name: "over"; status: string | null }
  | { name: "unsupported"; why: "insecure" | "browser" }
  | { name: "consent"; returning: boolean; changed: boolean; sending: boolean; problem: Problem | null }
  | { name: "declined" }
  | { name: "check"; returning: boolean; microphone: "unasked" | "opening" | "ready" }
  | { name: "microphone"; why: MicrophoneProblem; opening: boolean }
  | { name: "connecting"; attempt: number }
  | { name: "elsewhere" }
  /** No place is free. `retryAt`: milliseconds of the page's monotonic clock; `place`: in the queue, 1 is next. */
  | { name: "full"; retryAt: number; trying: boolean; place: number | null }
  | { name: "call"; call: CallView }
  | { name: "lost" }
  | { name: "replaced" }
  | { name: "goodbye"; status: string; reason: string; text: string }
  | { name: "failed"; problem: Problem };

export type ScreenName = Screen["name"];

export interface State {
  /** The invitation in the address; null on the landing page. */
  invitation: string | null;
  view: InvitationView | null;
  /** The language the participant chose, one of the study's. */
  language: string;
  credentials: Credentials | null;
  capabilities: Capabilities;
  muted: boolean;
  /** The interview went on before this page was opened. */
  returning: boolean;
  /** What this page connects next pushes out an older connection unasked. */
  takeOver: boolean;
  /** WebRTC did not get through here, so PCM over a WebSocket is used. */
  webrtcFailed: boolean;
  /** The token was renewed since it last worked. */
  renewed: boolean;
  screen: Screen;
}

/** Why a line did not come up, or went down. */
export type LineFailure =
  | { cause: "already_connected" }
  | { cause: "session_over" }
  | { cause: "host_full"; retryAfterS: number | null; place: number | null }
  | { cause: "unauthorised" }
  | { cause: "replaced" }
  /** The host cannot be reached. */
  | { cause: "unreachable" }
  /** Sound or messages do not get through. `letIn`: the host counts us as connected already. */
  | { cause: "no_media"; letIn: boolean }
  | { cause: "refused"; problem: Problem };

export type Event =
  | { type: "opened"; invitation: string | null }
  | { type: "invitationLoaded"; view: InvitationView; saved: Credentials | null; reloaded: boolean }
  | { type: "invitationRefused"; problem: Problem }
  | { type: "unreachable" }
  | { type: "retry" }
  | { type: "languageChosen"; language: string }
  | { type: "studyTranslated"; study: StudyView; language: string }
  | { type: "agreed" }
  | { type: "declined" }
  | { type: "reconsidered" }
  | { type: "consentGiven"; credentials: Credentials }
  | { type: "consentRefused"; problem: Problem }
  | { type: "microphoneAsked"; deviceId: string | null }
  | { type: "microphoneReady"; label: string; changed: boolean }
  | { type: "microphoneFailed"; why: MicrophoneProblem }
  | { type: "microphoneLost" }
  | { type: "devicesChanged" }
  | { type: "started" }
  | { type: "continuedHere" }
  | { type: "connected" }
  | { type: "lineFailed"; failure: LineFailure; at: number }
  | { type: "tokenRenewed"; credentials: Credentials; at: number }
  | { type: "sessionKnown"; status: string; reason: string | null }
  | { type: "message"; message: ServerMessage; at: number }
  | { type: "muteToggled" }
  | { type: "noticeDismissed" }
  | { type: "soundBlocked" }
  | { type: "soundAllowed" }
  | { type: "soundRunning" }
  | { type: "networkBack" }
  | { type: "leaveConfirmed" }
  | { type: "left" };

/** What the outside has to do; the conductor does it and answers with events. */
export type Effect =
  | { do: "loadInvitation" }
  /** Ask for the study's title and text in a language. */
  | { do: "translateStudy"; language: string }
  | { do: "sendConsent" }
  /** Consent once more on the unfinished session, for a fresh token. */
  | { do: "renewToken" }
  | { do: "saveCredentials"; credentials: Credentials }
  | { do: "forgetCredentials" }
  | { do: "openMicrophone"; deviceId: string | null }
  | { do: "releaseMicrophone" }
  | { do: "connect"; transport: Transport; takeOver: boolean; afterMs: number }
  /** Send the event `retry` when the time has come. */
  | { do: "retryAfter"; ms: number }
  | { do: "closeLine" }
  | { do: "send"; message: PageMessage }
  | { do: "muteMicrophone"; muted: boolean }
  | { do: "askSession" }
  | { do: "allowSound" }
  | { do: "leave" };

export type Step = readonly [State, readonly Effect[]];
