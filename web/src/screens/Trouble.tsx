/** Screens for what goes wrong on the way, each with a way on. */
import { useEffect, useState } from "react";
import type { Screen } from "../call/state.ts";
import { useStrings } from "../i18n/strings.ts";
import { Button } from "../ui/Button.tsx";
import { useDispatch, useOutside } from "../ui/context.ts";
import { Page } from "../ui/Page.tsx";

export function MicrophoneTrouble({ screen }: { screen: Extract<Screen, { name: "microphone" }> }) {
  const t = useStrings();
  const { sound } = useOutside();
  const dispatch = useDispatch();
  const { title, text, steps } = t.microphone[screen.why];
  return (
    <Page name="microphone" title={title} icon="microphoneOff" tone="warning">
      <p className="lead">{text}</p>
      <ol className="todo">
        {steps.map((step) => (
          <li key={step}>{step}</li>
        ))}
      </ol>
      <div className="actions">
        <Button
          kind="primary"
          isDisabled={screen.opening}
          onPress={() => {
            sound.wake();
            dispatch({ type: "microphoneAsked", deviceId: null });
          }}
        >
          {screen.opening ? t.check.opening : t.common.tryAgain}
        </Button>
      </div>
    </Page>
  );
}

export function Connecting({ screen }: { screen: Extract<Screen, { name: "connecting" }> }) {
  const { connecting } = useStrings();
  return (
    <Page name="connecting" title={connecting.title} step={3} waiting>
      <p className="lead" role="status">
        {screen.attempt === 0 ? connecting.text : connecting.again}
      </p>
    </Page>
  );
}

export function Unreachable() {
  const t = useStrings();
  const dispatch = useDispatch();
  return (
    <Page name="unreachable" title={t.unreachable.title} icon="offline" tone="warning">
      <p className="lead">{t.unreachable.text}</p>
      <div className="actions">
        <Button kind="primary" onPress={() => dispatch({ type: "retry" })}>
          {t.common.tryAgain}
        </Button>
      </div>
    </Page>
  );
}

export function Full({ screen }: { screen: Extract<Screen, { name: "full" }> }) {
  const { full } = useStrings();
  const dispatch = useDispatch();
  const seconds = useSecondsUntil(screen.retryAt);
  return (
    <Page name="full" title={full.title} icon="queue">
      <p className="lead">{full.text}</p>
      {/* Its own live region: a screen reader is told when the queue moves on, and nothing else. */}
      <p className="queue-place" role="status">
        {screen.place !== null && full.place(screen.place)}
      </p>
      {/* Not live: a countdown read aloud every second helps nobody. */}
      <p className="countdown">{screen.trying || seconds <= 0 ? full.trying : full.next(seconds)}</p>
      <div className="actions">
        <Button kind="primary" isDisabled={screen.trying} onPress={() => dispatch({ type: "retry" })}>
          {full.button}
        </Button>
      </div>
    </Page>
  );
}

function useSecondsUntil(at: number): number {
  const left = () => Math.max(0, Math.ceil((at - performance.now()) / 1000));
  const [seconds, setSeconds] = useState(left);
  useEffect(() => {
    setSeconds(left());
    const timer = setInterval(() => setSeconds(left()), 250);
    return () => clearInterval(timer);
  }, [at]);
  return seconds;
}

export function Elsewhere() {
  const { elsewhere } = useStrings();
  return <GoOnHere name="elsewhere" {...elsewhere} kind="primary" />;
}

export function Replaced() {
  const { replaced } = useStrings();
  return <GoOnHere name="replaced" {...replaced} kind="secondary" />;
}

interface GoOnHereProps {
  name: "elsewhere" | "replaced";
  title: string;
  text: string;
  button: string;
  kind: "primary" | "secondary";
}

function GoOnHere({ name, title, text, button, kind }: GoOnHereProps) {
  const { sound } = useOutside();
  const dispatch = useDispatch();
  return (
    <Page name={name} title={title} icon="devices">
      <p className="lead">{text}</p>
      <div className="actions">
        <Button
          kind={kind}
          onPress={() => {
            sound.wake();
            dispatch({ type: "continuedHere" });
          }}
        >
          {button}
        </Button>
      </div>
    </Page>
  );
}

export function Lost() {
  const { lost } = useStrings();
  const { sound } = useOutside();
  const dispatch = useDispatch();
  return (
    <Page name="lost" title={lost.title} icon="offline" tone="warning">
      <p className="lead">{lost.text}</p>
      <p>{lost.next}</p>
      <div className="actions">
        <Button
          kind="primary"
          onPress={() => {
            sound.wake();
            dispatch({ type: "retry" });
          }}
        >
          {lost.button}
        </Button>
      </div>
    </Page>
  );
}

export function Failed({ screen }: { screen: Extract<Screen, { name: "failed" }> }) {
  const t = useStrings();
  const dispatch = useDispatch();
  const { code, message, nextStep } = screen.problem;
  const said = [message, nextStep].filter(Boolean).join(" ");
  return (
    <Page name="failed" title={t.failed.title} icon="alert" tone="warning">
      <p className="lead">{code === "unauthorised" ? t.failed.notLetIn : t.failed.text}</p>
      {said !== "" && (
        <p className="said">
          <strong>{t.common.details}</strong> <span dir="auto">{said}</span> <code>{code}</code>
        </p>
      )}
      <div className="actions">
        <Button kind="primary" onPress={() => dispatch({ type: "retry" })}>
          {t.common.tryAgain}
        </Button>
      </div>
    </Page>
  );
}
