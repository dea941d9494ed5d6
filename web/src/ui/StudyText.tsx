import { useCallState } from "./context.ts";

/** A text of the study, in the language it is written in; paragraphs are parted by empty lines. */
export function StudyText({ texts }: { texts: Record<string, string> }) {
  const { view, language } = useCallState();
  const used = [language, view?.language ?? "", ...Object.keys(texts)].find(
    (code) => texts[code] !== undefined,
  );
  const text = used === undefined ? "" : (texts[used] ?? "");
  const dir = view?.languages.find((l) => l.code === used)?.dir ?? "auto";
  return (
    <div className="study-text" lang={used} dir={dir}>
      {text
        .trim()
        .split(/\n\s*\n/)
        .map((paragraph) => (
          <p key={paragraph}>{paragraph}</p>
        ))}
    </div>
  );
}
