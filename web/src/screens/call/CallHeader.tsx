import { useEffect, useState } from "react";
import { ProgressBar } from "react-aria-components/ProgressBar";
import type { CallView } from "../../call/state.ts";
import { useStrings } from "../../i18n/strings.ts";
import { ScreenTitle } from "../../ui/Page.tsx";

/** What this is, how far it is, and how long it has taken. */
export function CallHeader({ call }: { call: CallView }) {
  const t = useStrings();
  const elapsed = useElapsed(call);
  const phase = call.progress?.phase;
  const part = phase === undefined ? "" : t.call.part(Math.min(phase.index + 1, phase.count), phase.count);
  const percent = Math.round((call.progress?.fraction ?? 0) * 100);
  return (
    <header className="call-header">
      <div className="call-title">
        <ScreenTitle>{call.title}</ScreenTitle>
        {call.progress !== null && (
          <time
            className="call-time"
            aria-label={t.call.elapsed(clock(elapsed))}
            role="timer"
            aria-live="off"
          >
            {clock(elapsed)}
          </time>
        )}
      </div>
      <ProgressBar
        className="progress"
        aria-label={t.call.progress}
        value={percent}
        valueLabel={part === "" ? `${percent} %` : `${part}, ${percent} %`}
      >
        <div className="progress-track">
          <Fill fraction={percent / 100} />
        </div>
      </ProgressBar>
      <p className="call-part">
        {part}
        {phase !== undefined && phase.title !== "" && (
          <>
            {" · "}
            <span dir="auto">{phase.title}</span>
          </>
        )}
      </p>
    </header>
  );
}

function Fill({ fraction }: { fraction: number }) {
  return <div className="progress-fill" style={{ inlineSize: `${fraction * 100}%` }} />;
}

/** Seconds of the interview, counted on between the host's messages; it stands still while the line is down. */
function useElapsed({ progress, progressAt, outage }: CallView): number {
  const [now, setNow] = useState(() => performance.now());
  const running = outage === null;
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setNow(performance.now()), 500);
    return () => clearInterval(timer);
  }, [running]);
  return (progress?.elapsed_s ?? 0) + Math.max(0, now - progressAt) / 1000;
}

/** Minutes and seconds, as 4:05. */
export function clock(seconds: number): string {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
