/** Line messages: JSON objects with `type`, the same on both transports (docs/architecture.md, "Line messages"). */

/** `ending`: the last words were heard, and the end is being stored. */
export type AgentState = "speaking" | "listening" | "thinking" | "waiting" | "ending";

export interface Progress {
  phase: { id: string; title: string; index: number; count: number };
  /** 0 to 1. */
  fraction: number;
  elapsed_s: number;
  remaining_s: number | null;
}

export type ServerMessage =
  | { type: "hello"; session_id: string; language: string; title: string; resumed: boolean }
  | { type: "state"; status: string; agent: AgentState; participant: "speaking" | "silent" }
  | ({ type: "progress" } & Progress)
  /** The interview goes on in another language of the study. */
  | { type: "language"; language: string; title: string }
  | {
      type: "caption";
      speaker: "moderator" | "participant";
      id: string;
      text: string;
      /** Of these words; empty where the host says none: then it is the interview's. */
      language: string;
      final: boolean;
    }
  | { type: "notice"; code: string; text: string }
  | { type: "ended"; status: string; reason: string; text: string }
  | { type: "pong"; n: number }
  /** On WebSocket lines, before a full host closes: the place in its queue, and when to ask again. */
  | { type: "queued"; place: number | null; retry_after_s: number | null }
  /** On WebSocket lines: drop what was sent but has not been played, the moderator was interrupted. */
  | { type: "flush" }
  /** On LiveKit: the agent is done with this line, and has said all it had to say. */
  | { type: "hang_up" };

export type PageMessage = { type: "mute"; muted: boolean } | { type: "leave" } | { type: "ping"; n: number };

const AGENT_STATES: readonly string[] = ["speaking", "listening", "thinking", "waiting", "ending"];

/** The message in `text`, or null where it is none this page knows: a newer host may say more than we understand. */
export function parseMessage(text: string): ServerMessage | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isRecord(value)) return null;
  switch (value["type"]) {
    case "hello":
      return {
        type: "hello",
        session_id: string(value["session_id"]),
        language: string(value["language"]),
        title: string(value["title"]),
        resumed: value["resumed"] === true,
      };
    case "language":
      return { type: "language", language: string(value["language"]), title: string(value["title"]) };
    case "state": {
      const agent = string(value["agent"]);
      return {
        type: "state",
        status: string(value["status"]),
        agent: AGENT_STATES.includes(agent) ? (agent as AgentState) : "waiting",
        participant: value["participant"] === "speaking" ? "speaking" : "silent",
      };
    }
    case "progress": {
      const phase = isRecord(value["phase"]) ? value["phase"] : {};
      const count = Math.max(1, Math.round(number(phase["count"]) ?? 1));
      return {
        type: "progress",
        phase: {
          id: string(phase["id"]),
          title: string(phase["title"]),
          index: Math.min(Math.max(0, Math.round(number(phase["index"]) ?? 0)), count),
          count,
        },
        fraction: Math.min(Math.max(number(value["fraction"]) ?? 0, 0), 1),
        elapsed_s: Math.max(0, number(value["elapsed_s"]) ?? 0),
        remaining_s: number(value["remaining_s"]),
      };
    }
    case "caption": {
      const id = string(value["id"]);
      if (id === "") return null;
      return {
        type: "caption",
        speaker: value["speaker"] === "participant" ? "participant" : "moderator",
        id,
        text: string(value["text"]),
        language: string(value["language"]),
        final: value["final"] === true,
      };
    }
    case "notice":
      return { type: "notice", code: string(value["code"]), text: string(value["text"]) };
    case "ended":
      return {
        type: "ended",
        status: string(value["status"]).toLowerCase(),
        reason: string(value["reason"]),
        text: string(value["text"]),
      };
    case "pong": {
      const n = number(value["n"]);
      return n === null ? null : { type: "pong", n };
    }
    case "queued":
      return {
        type: "queued",
        place: number(value["place"]),
        retry_after_s: number(value["retry_after_s"]),
      };
    case "flush":
      return { type: "flush" };
    case "hang_up":
      return { type: "hang_up" };
    default:
      return null;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function string(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}

function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
