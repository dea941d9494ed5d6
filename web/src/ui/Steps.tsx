import { useStrings } from "../i18n/strings.ts";

/** Where one is on the way: consent, sound check, interview. */
export function Steps({ step }: { step: 1 | 2 | 3 }) {
  const { steps } = useStrings();
  return (
    <ol className="steps" aria-label={steps.label}>
      {steps.names.map((name, i) => (
        <li
          key={name}
          className={i + 1 < step ? "step step-done" : i + 1 === step ? "step step-now" : "step"}
          aria-current={i + 1 === step ? "step" : undefined}
        >
          <span className="step-name">{name}</span>
        </li>
      ))}
    </ol>
  );
}
