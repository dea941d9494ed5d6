import { type ReactNode, useEffect, useRef } from "react";
import type { ScreenName } from "../call/state.ts";
import { useStrings } from "../i18n/strings.ts";
import { useCallState } from "./context.ts";
import { Icon, type IconName, Mark } from "./Icon.tsx";
import { Steps } from "./Steps.tsx";

/**
 * The heading of a screen. When the screen comes up it takes the focus, so that a screen reader says where one is and
 * the next Tab leads into the screen; and it names the browser's tab.
 */
export function ScreenTitle({ children, className }: { children: string; className?: string }) {
  const { view } = useCallState();
  const { product } = useStrings();
  const heading = useRef<HTMLHeadingElement>(null);
  const about = view?.study.title ?? product;
  useEffect(() => {
    document.title = about === children ? `${children} · ${product}` : `${children} · ${about}`;
  }, [about, children, product]);
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }, []);
  return (
    <h1 ref={heading} tabIndex={-1} className={className}>
      {children}
    </h1>
  );
}

interface PageProps {
  name: ScreenName;
  title: string;
  /** 1 to 3, on the way to the interview. */
  step?: 1 | 2 | 3;
  /** A picture for screens that say one thing. */
  icon?: IconName;
  tone?: "calm" | "warning";
  /** Something is under way, and one waits. */
  waiting?: boolean;
  children?: ReactNode;
}

/** Every screen but the call: who asks, a heading, one column of reading width, and whom to turn to. */
export function Page({ name, title, step, icon, tone = "calm", waiting = false, children }: PageProps) {
  const t = useStrings();
  const { view } = useCallState();
  const contact = view?.study.contact ?? "";
  const owner = view?.study.organisation ?? "";
  return (
    <div className="page">
      <header className="page-header">
        <span className="page-owner">{owner === "" ? t.product : owner}</span>
        {step !== undefined && <Steps step={step} />}
      </header>
      <main
        className={icon === undefined && !waiting ? "page-main" : "page-main page-notice"}
        data-screen={name}
      >
        {icon !== undefined && (
          <div className={`page-icon page-icon-${tone}`}>
            <Icon name={icon} size={34} />
          </div>
        )}
        {waiting && <div className="waiting" aria-hidden="true" />}
        <ScreenTitle>{title}</ScreenTitle>
        {children}
      </main>
      <footer className="page-footer">
        {contact !== "" && name !== "goodbye" && (
          <p>
            <WithContact text={t.common.contact(contact)} contact={contact} />
          </p>
        )}
        <p className="page-product">
          <Mark /> {t.product}
        </p>
      </footer>
    </div>
  );
}

/** A sentence that names a contact, whose script may run the other way; an e-mail address in it can be written to. */
export function WithContact({ text, contact }: { text: string; contact: string }) {
  const at = text.indexOf(contact);
  if (at < 0) return <>{text}</>;
  const address = /[^\s<>(),;]+@[^\s<>(),;]+\.[a-z]{2,}/i.exec(contact)?.[0];
  const [before = "", after = ""] = address === undefined ? [contact] : contact.split(address);
  return (
    <>
      {text.slice(0, at)}
      <bdi>
        {before}
        {address !== undefined && <a href={`mailto:${address}`}>{address}</a>}
        {after}
      </bdi>
      {text.slice(at + contact.length)}
    </>
  );
}
