import { useEffect, useRef } from "react";
import type { LanguageView } from "../../api/types.ts";
import { directionOf } from "../../call/direction.ts";
import { type Caption, type Transcript, currentCaption, lastSentences } from "../../call/transcript.ts";
import { useStrings } from "../../i18n/strings.ts";

interface Props {
  transcript: Transcript;
  /** The interview's. */
  language: string;
  /** The study's. */
  languages: readonly LanguageView[];
}

/** A caption in its own language, and the way that is written: an offer to change it is in another than the rest. */
function inItsLanguage(caption: Caption | null, { language, languages }: Omit<Props, "transcript">) {
  const lang = caption === null || caption.language === "" ? language : caption.language;
  return { lang, dir: directionOf(languages, lang) };
}

/** What the moderator says now, large; and, unseen, each finished caption once for screen readers. */
export function CurrentCaption({ transcript, ...study }: Props) {
  const { call } = useStrings();
  const current = currentCaption(transcript);
  const words = inItsLanguage(current, study);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // The newest words are what one reads along with.
    box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [current?.text]);
  return (
    <>
      {/* A box that may scroll must be reachable by keyboard. */}
      <div className="caption-now" ref={box} tabIndex={0} role="group" aria-label={call.captionNow}>
        <p {...words}>{current === null ? "" : lastSentences(current.text, words.lang)}</p>
      </div>
      <Spoken transcript={transcript} {...study} />
    </>
  );
}

/** Partial captions would be read over and over: only what is finished is announced. */
function Spoken({ transcript, ...study }: Props) {
  const finished = transcript.filter((c) => c.speaker === "moderator" && c.final).slice(-3);
  return (
    <div className="unseen" role="log" aria-live="polite" aria-relevant="additions">
      {finished.map((c) => (
        <p key={c.key} {...inItsLanguage(c, study)}>
          {c.text}
        </p>
      ))}
    </div>
  );
}

/** All that was said, newest at the end. */
export function Conversation({ transcript, ...study }: Props) {
  const { call } = useStrings();
  const list = useRef<HTMLDivElement>(null);
  const follow = useRef(true);
  const onScroll = () => {
    const box = list.current;
    // Who scrolls back to read is not torn away by what is said next.
    if (box !== null) follow.current = box.scrollHeight - box.scrollTop - box.clientHeight < 48;
  };
  useEffect(() => {
    if (follow.current) list.current?.scrollTo({ top: list.current.scrollHeight });
  }, [transcript]);
  useEffect(() => {
    // A phone was turned, or the text made larger: the newest words stay in sight.
    const box = list.current;
    if (box === null) return;
    const observer = new ResizeObserver(() => follow.current && box.scrollTo({ top: box.scrollHeight }));
    observer.observe(box);
    return () => observer.disconnect();
  }, []);
  return (
    <section className="conversation" aria-labelledby="conversation-title">
      <h2 id="conversation-title">{call.conversation}</h2>
      <div
        className="conversation-list"
        ref={list}
        onScroll={onScroll}
        tabIndex={0}
        role="group"
        aria-labelledby="conversation-title"
      >
        {transcript.length === 0 && <p className="conversation-empty">{call.conversationEmpty}</p>}
        {transcript.map((c) => (
          <div key={c.key} className={`said said-${c.speaker}${c.final ? "" : " said-partial"}`}>
            <span className="said-who">{c.speaker === "moderator" ? call.moderator : call.participant}</span>
            <p {...inItsLanguage(c, study)}>{c.text}</p>
          </div>
        ))}
      </div>
    </section>
  );
}
