import type { Screen } from "../call/state.ts";
import { useStrings } from "../i18n/strings.ts";
import { Button } from "../ui/Button.tsx";
import { useCallState, useDispatch } from "../ui/context.ts";
import { Page, WithContact } from "../ui/Page.tsx";

type Kind = "thanks" | "left" | "away" | "idle" | "time" | "interrupted";

/** How an interview that ended with this status and reason is said goodbye to. */
export function kindOf(status: string, reason: string): Kind {
  // The host says "left" of those who did not come back in time, too; their session counts as abandoned.
  if (reason === "left") return status === "abandoned" ? "away" : "left";
  if (reason === "withdrawn") return "left";
  if (reason === "idle") return "idle";
  if (reason === "hard_limit" || reason === "budget") return "time";
  if (status === "failed" || ["crash", "forced", "drain", "no_show"].includes(reason)) return "interrupted";
  if (status === "interrupted" || status === "abandoned") return "interrupted";
  return "thanks";
}

export function Goodbye({ screen }: { screen: Extract<Screen, { name: "goodbye" }> }) {
  const { goodbye, lost } = useStrings();
  const { view, language, invitation } = useCallState();
  const dispatch = useDispatch();
  const kind = kindOf(screen.status, screen.reason);
  // Another sitting takes it up where it stopped; what was finished or over its time is over.
  const resumable =
    view?.study.resumable === true && kind !== "thanks" && kind !== "time" && screen.reason !== "withdrawn";
  const { contact, organisation } = view?.study ?? { contact: "", organisation: "" };
  return (
    <Page name="goodbye" title={goodbye[kind].title} icon={kind === "interrupted" ? "alert" : "farewell"}>
      <p className="lead">{goodbye[kind].text}</p>
      {screen.text !== "" && (
        <p className="study-text" lang={language} dir="auto">
          {screen.text}
        </p>
      )}
      <section className="card">
        <h2>{goodbye.data}</h2>
        <p>{goodbye.dataText(organisation === "" ? null : organisation)}</p>
        {contact !== "" && (
          <p>
            <WithContact text={goodbye.rights(contact)} contact={contact} />
          </p>
        )}
      </section>
      {resumable && invitation !== null ? (
        <div className="actions">
          <Button kind="primary" onPress={() => dispatch({ type: "opened", invitation })}>
            {lost.button}
          </Button>
        </div>
      ) : (
        <p>{goodbye.close}</p>
      )}
    </Page>
  );
}
