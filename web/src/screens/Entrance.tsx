/** Screens before and instead of the interview that say one thing. */
import { useState } from "react";
import type { Screen } from "../call/state.ts";
import { useStrings } from "../i18n/strings.ts";
import { Button } from "../ui/Button.tsx";
import { useDispatch } from "../ui/context.ts";
import { Page } from "../ui/Page.tsx";

export function Landing() {
  const { landing } = useStrings();
  return (
    <Page name="landing" title={landing.title} icon="speech">
      <p className="lead">{landing.text}</p>
      <p>{landing.next}</p>
      <p className="address" dir="ltr">
        {location.origin}/i/<span className="address-rest">…</span>
      </p>
    </Page>
  );
}

export function Loading() {
  const { loading } = useStrings();
  return <Page name="loading" title={loading.title} waiting />;
}

export function Declined() {
  const { declined } = useStrings();
  const dispatch = useDispatch();
  return (
    <Page name="declined" title={declined.title} icon="check">
      <p className="lead">{declined.text}</p>
      <div className="actions">
        <Button onPress={() => dispatch({ type: "reconsidered" })}>{declined.back}</Button>
      </div>
    </Page>
  );
}

export function DeadLink({ screen }: { screen: Extract<Screen, { name: "deadLink" }> }) {
  const { title, text } = useStrings().deadLink[screen.why];
  return (
    <Page
      name="deadLink"
      title={title}
      icon={screen.why === "unknown" ? "brokenLink" : "clock"}
      tone="warning"
    >
      <p className="lead">{text}</p>
    </Page>
  );
}

export function Over({ screen }: { screen: Extract<Screen, { name: "over" }> }) {
  const { over } = useStrings();
  const complete = screen.status === null || screen.status.toLowerCase() === "completed";
  return (
    <Page name="over" title={over.title} icon="check">
      <p className="lead">{complete ? over.text : over.interrupted}</p>
      <p>{over.next}</p>
    </Page>
  );
}

export function Unsupported({ screen }: { screen: Extract<Screen, { name: "unsupported" }> }) {
  const { unsupported } = useStrings();
  const { title, text } = unsupported[screen.why];
  const [copied, setCopied] = useState(false);
  return (
    <Page name="unsupported" title={title} icon="browser" tone="warning">
      <p className="lead">{text}</p>
      {screen.why === "browser" && (
        <>
          <p>{unsupported.next}</p>
          <p className="address" dir="ltr">
            {location.href}
          </p>
          {"clipboard" in navigator && (
            <div className="actions">
              <Button
                onPress={() => {
                  navigator.clipboard.writeText(location.href).then(
                    () => setCopied(true),
                    // Not allowed: the link stands above, to be copied by hand.
                    () => undefined,
                  );
                }}
              >
                {copied ? unsupported.copied : unsupported.copy}
              </Button>
            </div>
          )}
        </>
      )}
    </Page>
  );
}
