/** What changes while the interview is on screen. Pure, as `callMachine`. */
import type { ServerMessage } from "./messages.ts";
import type { CallView, Effect, Event, Notice, State, Step } from "./state.ts";
import { withCaption } from "./transcript.ts";

export function startCall(title: string): CallView {
  return {
    title,
    status: "",
    agent: "waiting",
    participant: "silent",
    transcript: [],
    progress: null,
    progressAt: 0,
    notice: null,
    outage: null,
    soundBlocked: false,
    microphone: "ok",
    leaving: false,
  };
}

export function inCall(state: State, event: Event): Step {
  if (state.screen.name !== "call") return [state, []];
  const call = state.screen.call;
  const become = (change: Partial<CallView>, ...effects: Effect[]): Step => [
    { ...state, screen: { name: "call", call: { ...call, ...change } } },
    effects,
  ];
  switch (event.type) {
    case "message": {
      const [next, effects] = become(told(call, event.message, event.at));
      return [{ ...next, language: languageOf(next, event.message) }, effects];
    }
    case "microphoneAsked":
      return become(
        { microphone: call.microphone === "ok" ? "ok" : "opening" },
        { do: "openMicrophone", deviceId: event.deviceId },
      );
    case "microphoneReady":
      return become({
        microphone: "ok",
        notice: event.changed ? { code: "microphone_changed", text: event.label } : call.notice,
      });
    case "microphoneFailed":
      return become({ microphone: event.why });
    case "microphoneLost":
      if (call.microphone === "opening") return [state, []];
      return become({ microphone: "opening" }, { do: "openMicrophone", deviceId: null });
    case "devicesChanged":
      if (call.microphone === "ok" || call.microphone === "opening") return [state, []];
      return become({ microphone: "opening" }, { do: "openMicrophone", deviceId: null });
    case "soundBlocked":
      return become({ soundBlocked: true });
    case "soundAllowed":
      return become({}, { do: "allowSound" });
    case "soundRunning":
      return become({ soundBlocked: false });
    case "noticeDismissed":
      return become({ notice: null });
    case "leaveConfirmed":
      return call.leaving ? [state, []] : become({ leaving: true }, { do: "leave" });
    default:
      return [state, []];
  }
}

/** The host knows which language the interview is held in: it may have changed, here or before a reload. */
function languageOf(state: State, message: ServerMessage): string {
  if (message.type !== "hello" && message.type !== "language") return state.language;
  return state.view?.languages.some((l) => l.code === message.language) ? message.language : state.language;
}

function told(call: CallView, message: ServerMessage, at: number): Partial<CallView> {
  switch (message.type) {
    case "hello":
      return {
        title: message.title === "" ? call.title : message.title,
        notice: message.resumed ? { code: "resumed", text: "" } : call.notice,
      };
    case "language":
      return { title: message.title === "" ? call.title : message.title };
    case "state": {
      // Who hears "are you still there?" and answers has no more need to read it.
      const answered = message.participant === "speaking" && call.notice?.code === "idle_prompt";
      return {
        status: message.status,
        agent: message.agent,
        participant: message.participant,
        notice: answered ? null : call.notice,
      };
    }
    case "progress": {
      const { phase, fraction, elapsed_s, remaining_s } = message;
      return { progress: { phase, fraction, elapsed_s, remaining_s }, progressAt: at };
    }
    case "caption":
      return { transcript: withCaption(call.transcript, message) };
    case "notice":
      return { notice: notice(message.code, message.text) };
    case "ended":
    case "pong":
    case "flush":
    case "hang_up":
    case "queued":
      return {};
  }
}

function notice(code: string, text: string): Notice {
  switch (code) {
    case "idle_prompt":
    case "wrap_up":
    case "fault":
      return { code, text };
    default:
      return { code: "other", text };
  }
}
