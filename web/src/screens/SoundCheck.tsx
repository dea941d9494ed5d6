import { useEffect, useRef, useState } from "react";
import { Meter } from "react-aria-components/Meter";
import type { Screen } from "../call/state.ts";
import { useStrings } from "../i18n/strings.ts";
import { Button } from "../ui/Button.tsx";
import { useDispatch, useOutside } from "../ui/context.ts";
import { Icon } from "../ui/Icon.tsx";
import { MicrophoneSelect } from "../ui/MicrophoneSelect.tsx";
import { Page } from "../ui/Page.tsx";
import { useLevel } from "../ui/useLevel.ts";

/** A level that speech reaches and a quiet room does not. */
const SPEECH = 0.45;
/** After so long without speech, something may be wrong. */
const PATIENCE_MS = 8_000;

/** Microphone and speaker, tried here on the device; nothing is sent. */
export function SoundCheck({ screen }: { screen: Extract<Screen, { name: "check" }> }) {
  const t = useStrings();
  const { sound } = useOutside();
  const dispatch = useDispatch();
  const ready = screen.microphone === "ready";
  const start = useRef<HTMLButtonElement>(null);

  const turnOn = () => {
    // In this gesture the browser lets us sound, too.
    sound.wake();
    dispatch({ type: "microphoneAsked", deviceId: null });
  };

  return (
    <Page name="check" title={screen.returning ? t.check.returningTitle : t.check.title} step={2}>
      <p className="lead">{t.check.intro}</p>
      <section className="card">
        <h2>
          <Icon name="microphone" size={22} /> {t.check.microphone}
        </h2>
        {ready ? (
          <MicrophoneLevel />
        ) : (
          <>
            <p>{t.check.ask}</p>
            <Button
              kind="primary"
              icon="microphone"
              onPress={turnOn}
              isDisabled={screen.microphone === "opening"}
            >
              {screen.microphone === "opening" ? t.check.opening : t.check.use}
            </Button>
          </>
        )}
      </section>
      <SpeakerTest />
      <p className="private">
        <Icon name="lock" size={20} /> {t.check.private}
      </p>
      <div className="actions">
        <Button
          kind={ready ? "primary" : "secondary"}
          buttonRef={start}
          isDisabled={!ready}
          describedBy={ready ? undefined : "check-first"}
          onPress={() => {
            sound.wake();
            dispatch({ type: "started" });
          }}
        >
          {screen.returning ? t.check.resume : t.check.start}
        </Button>
        {!ready && (
          <p className="hint" id="check-first">
            {t.check.first}
          </p>
        )}
      </div>
    </Page>
  );
}

function MicrophoneLevel() {
  const t = useStrings();
  const { sound } = useOutside();
  const { ref, told } = useLevel<HTMLDivElement>(() => sound.microphoneLevel());
  const heard = useHeard(told);
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, []);
  const { levels } = t.check;
  const word =
    told < 0.08 ? levels.silent : told < SPEECH ? levels.soft : told < 0.96 ? levels.good : levels.loud;
  return (
    <>
      <MicrophoneSelect label={t.check.choose} />
      <Meter className="level" aria-label={t.check.level} value={Math.round(told * 100)} valueLabel={word}>
        <div className="level-track" ref={ref}>
          <div className="level-fill" />
        </div>
      </Meter>
      <p className={heard ? "verdict verdict-good" : "verdict"} role="status">
        {heard ? (
          <>
            <Icon name="check" size={20} /> {t.check.heard}
          </>
        ) : late ? (
          t.check.notHeard
        ) : (
          t.check.say
        )}
      </p>
    </>
  );
}

/** True from the second moment of speech on: one may be a cough. */
function useHeard(level: number): boolean {
  const moments = useRef(0);
  const loud = level >= SPEECH;
  const [heard, setHeard] = useState(false);
  useEffect(() => {
    if (!loud) return;
    moments.current += 1;
    if (moments.current >= 2) setHeard(true);
  }, [loud]);
  return heard;
}

function SpeakerTest() {
  const t = useStrings();
  const { sound } = useOutside();
  const [test, setTest] = useState<"new" | "playing" | "played">("new");
  const play = () => {
    setTest("playing");
    sound.chime().then(
      () => setTest("played"),
      () => setTest("played"),
    );
  };
  return (
    <section className="card">
      <h2>
        <Icon name="speaker" size={22} /> {t.check.speaker}
      </h2>
      <p role="status">{test === "played" ? t.check.played : t.check.speakerText}</p>
      <Button icon="speaker" onPress={play} isDisabled={test === "playing"}>
        {test === "playing" ? t.check.playing : t.check.play}
      </Button>
    </section>
  );
}
