import { useEffect, useRef, useState } from "react";
import type { CallView } from "../../call/state.ts";
import type { Strings } from "../../i18n/en.ts";
import { useStrings } from "../../i18n/strings.ts";
import { useCallState, useDispatch, useOutside } from "../../ui/context.ts";
import { usePreferences } from "../../ui/preferences.ts";
import { Banner, hasBanner } from "./Banner.tsx";
import { CallHeader } from "./CallHeader.tsx";
import { Conversation, CurrentCaption } from "./Captions.tsx";
import { Controls } from "./Controls.tsx";
import { LeaveDialog, SettingsDialog } from "./Dialogs.tsx";
import { Orb } from "./Orb.tsx";

/** The interview itself. */
export function InterviewCall({ call }: { call: CallView }) {
  const t = useStrings();
  const { view, language, muted } = useCallState();
  const { conductor, sound } = useOutside();
  const dispatch = useDispatch();
  const [preferences, change] = usePreferences();
  const [open, setOpen] = useState<"settings" | "leave" | null>(null);
  const mute = () => dispatch({ type: "muteToggled" });
  useShortcut("m", preferences.shortcut && open === null, mute);
  useStaying();
  const words = { transcript: call.transcript, language, languages: view?.languages ?? [] };

  return (
    <div className={`call text-${preferences.textSize}${preferences.captions ? "" : " call-quiet"}`}>
      <CallHeader call={call} />
      <main
        className="call-main"
        data-screen="call"
        data-agent={call.agent}
        data-connection={call.outage === null ? "up" : "down"}
      >
        <div className={hasBanner(call) ? "stage stage-banner" : "stage"}>
          <Banner call={call} />
          <Orb
            mode={call.outage === null ? call.agent : "away"}
            moderator={() => conductor.outputLevel()}
            participant={() => (muted ? 0 : sound.microphoneLevel())}
          />
          <p className="state">{stateText(call, muted, t)}</p>
          {preferences.captions && <CurrentCaption {...words} />}
        </div>
        {preferences.captions && <Conversation {...words} />}
      </main>
      <footer className="call-footer">
        <Controls
          muted={muted}
          onMute={mute}
          captions={preferences.captions}
          onCaptions={(captions) => change({ captions })}
          onSettings={() => setOpen("settings")}
          onLeave={() => setOpen("leave")}
          leaving={call.leaving}
        />
      </footer>
      <LeaveDialog
        isOpen={open === "leave"}
        onClose={() => setOpen(null)}
        onLeave={() => {
          setOpen(null);
          dispatch({ type: "leaveConfirmed" });
        }}
      />
      <SettingsDialog
        isOpen={open === "settings"}
        onClose={() => setOpen(null)}
        preferences={preferences}
        onChange={change}
      />
    </div>
  );
}

function stateText(call: CallView, muted: boolean, { call: t }: Strings): string {
  if (call.outage !== null) return t.reconnecting;
  if (call.agent === "speaking" || call.agent === "ending") return t.agent[call.agent];
  if (muted) return t.mutedState;
  if (call.participant === "speaking") return t.you;
  return t.agent[call.agent];
}

/** A single key, but not while one writes or a key is held down with others. */
function useShortcut(key: string, active: boolean, act: () => void): void {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    if (!active) return;
    const pressed = (event: KeyboardEvent) => {
      const { target } = event;
      const writing =
        target instanceof HTMLElement &&
        (target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName));
      if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || writing) return;
      if (event.key.toLowerCase() === key) latest.current();
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, [key, active]);
}

/** While the interview runs: the screen stays on, and the browser asks before the page is closed. */
function useStaying(): void {
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => event.preventDefault();
    let lock: WakeLockSentinel | null = null;
    let gone = false;
    const stayAwake = () => {
      if (document.visibilityState !== "visible" || !("wakeLock" in navigator)) return;
      navigator.wakeLock.request("screen").then(
        (given) => {
          if (gone) void given.release();
          else lock = given;
        },
        // Low battery, or not allowed: the screen goes dark in its own time, and the call goes on.
        () => undefined,
      );
    };
    stayAwake();
    // The lock is lost whenever the page is hidden.
    document.addEventListener("visibilitychange", stayAwake);
    window.addEventListener("beforeunload", warn);
    return () => {
      gone = true;
      document.removeEventListener("visibilitychange", stayAwake);
      window.removeEventListener("beforeunload", warn);
      void lock?.release();
    };
  }, []);
}
