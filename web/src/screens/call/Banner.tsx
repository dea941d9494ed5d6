import type { ReactNode } from "react";
import { Button as AriaButton } from "react-aria-components/Button";
import type { CallView, Notice } from "../../call/state.ts";
import { type Strings } from "../../i18n/en.ts";
import { useStrings } from "../../i18n/strings.ts";
import { Button } from "../../ui/Button.tsx";
import { useDispatch } from "../../ui/context.ts";
import { Icon, type IconName } from "../../ui/Icon.tsx";
import { MicrophoneSelect } from "../../ui/MicrophoneSelect.tsx";

/** Whether there is anything to know or do. */
export function hasBanner(call: CallView): boolean {
  return call.outage !== null || call.soundBlocked || call.microphone !== "ok" || call.notice !== null;
}

/** The most urgent thing to know or do, above the conversation. */
export function Banner({ call }: { call: CallView }) {
  const t = useStrings();
  const dispatch = useDispatch();
  return (
    <div className="banners" role="status">
      {call.outage !== null ? (
        <Strip icon="offline" tone="warning" title={t.call.reconnecting} text={t.call.reconnectingText}>
          <Button onPress={() => dispatch({ type: "retry" })}>{t.call.reconnectNow}</Button>
        </Strip>
      ) : call.soundBlocked ? (
        <Strip icon="speaker" tone="warning" title={t.call.soundBlocked} text={t.call.soundBlockedText}>
          <Button kind="primary" onPress={() => dispatch({ type: "soundAllowed" })}>
            {t.call.allowSound}
          </Button>
        </Strip>
      ) : call.microphone !== "ok" ? (
        <MicrophoneGone microphone={call.microphone} />
      ) : (
        call.notice !== null && (
          <Strip
            icon={call.notice.code === "fault" ? "alert" : "info"}
            text={noticeText(call.notice, t)}
            onClose={() => dispatch({ type: "noticeDismissed" })}
          />
        )
      )}
    </div>
  );
}

function MicrophoneGone({ microphone }: { microphone: Exclude<CallView["microphone"], "ok"> }) {
  const t = useStrings();
  const dispatch = useDispatch();
  if (microphone === "opening")
    return <Strip icon="microphoneOff" tone="warning" text={t.call.microphoneOpening} />;
  return (
    <Strip
      icon="microphoneOff"
      tone="warning"
      title={microphone === "missing" ? t.call.microphoneGone : t.microphone[microphone].title}
      text={t.call.microphoneGoneText}
    >
      <MicrophoneSelect label={t.settings.microphone} />
      <Button onPress={() => dispatch({ type: "microphoneAsked", deviceId: null })}>
        {t.common.tryAgain}
      </Button>
    </Strip>
  );
}

interface StripProps {
  icon: IconName;
  tone?: "calm" | "warning";
  title?: string;
  text: string;
  children?: ReactNode;
  onClose?: () => void;
}

function Strip({ icon, tone = "calm", title, text, children, onClose }: StripProps) {
  const { call } = useStrings();
  return (
    <div className={`banner banner-${tone}`}>
      <Icon name={icon} size={22} />
      <div className="banner-text">
        {title !== undefined && <strong>{title}</strong>}
        <span dir="auto">{text}</span>
      </div>
      {onClose !== undefined && (
        <AriaButton className="banner-close" aria-label={call.dismiss} onPress={onClose}>
          <Icon name="close" size={20} />
        </AriaButton>
      )}
      {children !== undefined && <div className="banner-actions">{children}</div>}
    </div>
  );
}

/** The host's words where it has some, ours where not. */
function noticeText(notice: Notice, t: Strings): string {
  switch (notice.code) {
    case "resumed":
      return t.call.resumed;
    case "microphone_changed":
      return t.call.microphoneChanged(notice.text);
    case "idle_prompt":
      return notice.text || t.call.idle;
    case "wrap_up":
      return notice.text || t.call.wrapUp;
    case "fault":
    case "other":
      return notice.text || t.call.fault;
  }
}
