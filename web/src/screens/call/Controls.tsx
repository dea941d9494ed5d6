import type { ReactNode } from "react";
import { Button } from "react-aria-components/Button";
import { Group } from "react-aria-components/Group";
import { ToggleButton } from "react-aria-components/ToggleButton";
import { useStrings } from "../../i18n/strings.ts";
import { Icon, type IconName } from "../../ui/Icon.tsx";
import { useOutside } from "../../ui/context.ts";
import { useLevel } from "../../ui/useLevel.ts";

interface Props {
  muted: boolean;
  onMute: () => void;
  captions: boolean;
  onCaptions: (shown: boolean) => void;
  onSettings: () => void;
  onLeave: () => void;
  leaving: boolean;
}

/** Mute, captions, settings, leave. */
export function Controls({ muted, onMute, captions, onCaptions, onSettings, onLeave, leaving }: Props) {
  const t = useStrings();
  return (
    <Group className="controls" aria-label={t.call.controls}>
      <Button
        className={muted ? "control control-mute control-muted" : "control control-mute"}
        onPress={onMute}
      >
        <Face icon={muted ? "microphoneOff" : "microphone"} name={muted ? t.call.unmute : t.call.mute}>
          {!muted && <OwnLevel />}
        </Face>
      </Button>
      <ToggleButton className="control" isSelected={captions} onChange={onCaptions}>
        <Face icon="captions" name={t.call.captions} />
      </ToggleButton>
      <Button className="control" onPress={onSettings}>
        <Face icon="settings" name={t.call.settings} />
      </Button>
      <Button className="control control-leave" onPress={onLeave} isDisabled={leaving}>
        <Face icon="leave" name={leaving ? t.leave.leaving : t.call.leave} />
      </Button>
    </Group>
  );
}

function Face({ icon, name, children }: { icon: IconName; name: string; children?: ReactNode }) {
  return (
    <>
      <span className="control-face">
        {children}
        <Icon name={icon} size={26} />
      </span>
      <span className="control-name">{name}</span>
    </>
  );
}

/** One's own voice, as a fill that rises behind the microphone: seen, it answers "am I heard?". */
function OwnLevel() {
  const { sound } = useOutside();
  const { ref } = useLevel<HTMLSpanElement>(() => sound.microphoneLevel());
  return <span className="control-level" ref={ref} aria-hidden="true" />;
}
