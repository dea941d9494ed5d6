import { type FormEvent, useEffect, useId, useRef, useState } from "react";
import { Checkbox } from "react-aria-components/Checkbox";
import type { Screen } from "../call/state.ts";
import { useStrings } from "../i18n/strings.ts";
import { Button } from "../ui/Button.tsx";
import { useCallState, useDispatch } from "../ui/context.ts";
import { Icon } from "../ui/Icon.tsx";
import { Page } from "../ui/Page.tsx";
import { Select } from "../ui/Select.tsx";
import { StudyText } from "../ui/StudyText.tsx";

/** What this is, that an AI leads it, and what one agrees to. Nothing of the microphone is touched before this. */
export function Consent({ screen }: { screen: Extract<Screen, { name: "consent" }> }) {
  const t = useStrings();
  const { view, language } = useCallState();
  const dispatch = useDispatch();
  const [agreed, setAgreed] = useState(false);
  const [asked, setAsked] = useState(false);
  const box = useRef<HTMLInputElement>(null);
  const id = useId();
  // Agreeing to a text in one language is not agreeing to it in another.
  useEffect(() => setAgreed(false), [language]);
  if (view === null) return null;

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (screen.sending) return;
    setAsked(true);
    if (agreed) dispatch({ type: "agreed" });
    else box.current?.focus();
  };
  const missing = asked && !agreed;
  const { study } = view;

  return (
    <Page name="consent" title={study.title} step={1}>
      {screen.returning && <p className="note">{t.consent.returning}</p>}
      {screen.changed && (
        <p className="note note-warning" role="alert">
          {t.consent.changed}
        </p>
      )}
      {study.about !== "" && <p className="lead">{study.about}</p>}
      <ul className="facts">
        <li>
          <Icon name="clock" size={20} /> {t.common.minutes(Math.max(1, study.minutes))}
        </li>
        <li>
          <Icon name="speech" size={20} /> {t.consent.spoken}
        </li>
        <li>
          <Icon name="microphone" size={20} /> {t.consent.microphone}
        </li>
      </ul>
      {view.languages.length > 1 && !screen.returning && (
        <Select
          id={`${id}-language`}
          label={t.consent.language}
          value={language}
          options={view.languages.map(({ code, name }) => ({ value: code, name, lang: code }))}
          onChange={(chosen) => dispatch({ type: "languageChosen", language: chosen })}
        />
      )}
      <section className="card card-accent" aria-labelledby={`${id}-ai`}>
        <h2 id={`${id}-ai`}>
          <Icon name="spark" size={22} /> {t.consent.disclosure}
        </h2>
        <StudyText texts={view.disclosure} />
      </section>
      <form onSubmit={submit} noValidate>
        <section className="terms" aria-labelledby={`${id}-terms`}>
          <h2 id={`${id}-terms`}>{t.consent.terms}</h2>
          <StudyText texts={view.consent.text} />
        </section>
        <Checkbox
          className="checkbox"
          isSelected={agreed}
          onChange={setAgreed}
          isInvalid={missing}
          isRequired
          validationBehavior="aria"
          inputRef={box}
          {...(missing && { "aria-describedby": `${id}-missing` })}
        >
          <span className="checkbox-box">
            <Icon name="check" size={18} />
          </span>
          <span>{t.consent.agree}</span>
        </Checkbox>
        <div aria-live="polite">
          {missing && (
            <p className="error" id={`${id}-missing`}>
              {t.consent.agreeFirst}
            </p>
          )}
        </div>
        {screen.problem !== null && (
          <p className="note note-warning" role="alert">
            {screen.problem.code === "unreachable"
              ? t.consent.notSent
              : [t.consent.refused, screen.problem.message, screen.problem.nextStep]
                  .filter(Boolean)
                  .join(" ")}
          </p>
        )}
        <div className="actions">
          <button type="submit" className="button button-primary" aria-disabled={screen.sending}>
            {screen.sending ? t.consent.sending : t.consent.submit}
          </button>
          <Button kind="quiet" onPress={() => dispatch({ type: "declined" })}>
            {t.consent.decline}
          </Button>
        </div>
      </form>
    </Page>
  );
}
