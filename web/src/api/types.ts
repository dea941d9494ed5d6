/** The REST contract as the page uses it; docs/architecture.md, "The call, seen from the page". */

export type Direction = "ltr" | "rtl";
export type Transport = "webrtc" | "websocket";
export type InvitationStatus = "open" | "in_progress" | "finished" | "expired" | "revoked";

export interface Language {
  code: string;
  /** The language's own name for itself. */
  name: string;
  dir: Direction;
}

export interface StudyView {
  title: string;
  /** May be empty, as may the next two. */
  about: string;
  organisation: string;
  contact: string;
  /** About how long the interview takes. */
  minutes: number;
}

export interface InvitationView {
  status: InvitationStatus;
  study: StudyView;
  languages: Language[];
  language: string;
  /** Language code to the text that says an AI leads the interview. */
  disclosure: Record<string, string>;
  consent: { version: string; text: Record<string, string> };
  session?: { id: string; status: string } | null;
}

export interface ConsentRequest {
  language: string;
  consent_version: string;
  accepted: true;
}

export interface ConsentAnswer {
  session_id: string;
  token: string;
  /** ISO 8601, UTC. */
  expires_at: string;
  transports: Transport[];
  ice_servers: IceServer[];
}

export interface IceServer {
  urls: string[];
}

export interface SessionView {
  id: string;
  status: string;
  reason: string | null;
  language: string;
}

export interface OfferRequest {
  sdp: string;
  type: "offer";
  take_over: boolean;
}

export interface OfferAnswer {
  sdp: string;
  type: "answer";
  connection_id: string;
}

export interface ErrorBody {
  error: { code: string; message: string; next_step: string };
}
