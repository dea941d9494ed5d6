import { useEffect, useRef } from "react";
import { type Transcript, currentCaption, lastSentences } from "../../call/transcript.ts";
import { useStrings } from "../../i18n/strings.ts";

interface Props {
  transcript: Transcript;
  lang: string;
  dir: "ltr" | "rtl" | "auto";
}

/** What the moderator says now, large; and, unseen, each finished caption once for screen readers. */
export function CurrentCaption({ transcript, lang, dir }: Props) {
  const { call } = useStrings();
  const current = currentCaption(transcript);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // The newest words are what one reads along with.
    box.current?.scrollTo({ top: box.current.scrollHeight });
  }, [current?.text]);
  return (
    <>
      {/* A box that may scroll must be reachable by keyboard. */}
      <div className="caption-now" ref={box} tabIndex={0} role="group" aria-label={call.captionNow}>
        <p lang={lang} dir={dir}>
          {current === null ? "" : lastSentences(current.text, lang)}
        </p>
      </div>
      <Spoken transcript={transcript} lang={lang} dir={dir} />
    </>
  );
}

/** Partial captions would be read over and over: only what is finished is announced. */
function Spoken({ transcript, lang, dir }: Props) {
  const finished = transcript.filter((c) => c.speaker === "moderator" && c.final).slice(-3);
  return (
    <div className="unseen" role="log" aria-live="polite" aria-relevant="additions" lang={lang} dir={dir}>
      {finished.map((c) => (
        <p key={c.key}>{c.text}</p>
      ))}
    </div>
  );
}

/** All that was said, newest at the end. */
export function Conversation({ transcript, lang, dir }: Props) {
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
            <p lang={lang} dir={dir}>
              {c.text}
            </p>
          </div>
        ))}
      </div>
    </section>
  );
}
