/** The REST contract as the page uses it. `schema.ts` is generated from the host's description: `npm run api`. */
import type { ConsentAnswer, InvitationView, LanguageView } from "./schema.ts";

export type {
  ConsentAnswer,
  ConsentRequest,
  IceServer,
  InvitationView,
  LanguageView,
  OfferAnswer,
  OfferRequest,
  RoomAnswer,
  RoomRequest,
  SessionView,
  StudyView,
} from "./schema.ts";

export type Direction = LanguageView["dir"];
export type InvitationStatus = InvitationView["status"];
export type Transport = ConsentAnswer["transports"][number];
