import { useEffect, useState } from "react";
import { I18nProvider } from "react-aria-components/I18nProvider";
import type { Screen } from "./call/state.ts";
import { ENGLISH, type Locale, StringsProvider, loadLocale, pageLanguage } from "./i18n/strings.ts";
import { Consent } from "./screens/Consent.tsx";
import { DeadLink, Declined, Landing, Loading, Over, Unsupported } from "./screens/Entrance.tsx";
import { Goodbye } from "./screens/Goodbye.tsx";
import { SoundCheck } from "./screens/SoundCheck.tsx";
import {
  Connecting,
  Elsewhere,
  Failed,
  Full,
  Lost,
  MicrophoneTrouble,
  Replaced,
  Unreachable,
} from "./screens/Trouble.tsx";
import { InterviewCall } from "./screens/call/InterviewCall.tsx";
import { type Outside, OutsideProvider, useCallState } from "./ui/context.ts";

export function App({ outside }: { outside: Outside }) {
  return (
    <OutsideProvider value={outside}>
      <Localised />
    </OutsideProvider>
  );
}

/** Speaks the interview's language where the page knows it. */
function Localised() {
  const { language, screen } = useCallState();
  const [locale, setLocale] = useState<Locale>(ENGLISH);
  const wanted = pageLanguage(language, navigator.languages);
  useEffect(() => {
    let overtaken = false;
    loadLocale(wanted).then(
      (loaded) => {
        if (!overtaken) setLocale(loaded);
      },
      // Offline before they were fetched: what is on the page stays.
      () => undefined,
    );
    return () => {
      overtaken = true;
    };
  }, [wanted]);
  useEffect(() => {
    document.documentElement.lang = locale.language;
    document.documentElement.dir = locale.dir;
  }, [locale]);
  return (
    <StringsProvider value={locale.strings}>
      <I18nProvider locale={locale.language}>
        {/* A new screen is a new tree: its heading takes the focus. */}
        <Show key={screen.name} screen={screen} />
      </I18nProvider>
    </StringsProvider>
  );
}

function Show({ screen }: { screen: Screen }) {
  switch (screen.name) {
    case "landing":
      return <Landing />;
    case "loading":
      return <Loading />;
    case "unreachable":
      return <Unreachable />;
    case "deadLink":
      return <DeadLink screen={screen} />;
    case "over":
      return <Over screen={screen} />;
    case "unsupported":
      return <Unsupported screen={screen} />;
    case "consent":
      return <Consent screen={screen} />;
    case "declined":
      return <Declined />;
    case "check":
      return <SoundCheck screen={screen} />;
    case "microphone":
      return <MicrophoneTrouble screen={screen} />;
    case "connecting":
      return <Connecting screen={screen} />;
    case "elsewhere":
      return <Elsewhere />;
    case "full":
      return <Full screen={screen} />;
    case "call":
      return <InterviewCall call={screen.call} />;
    case "lost":
      return <Lost />;
    case "replaced":
      return <Replaced />;
    case "goodbye":
      return <Goodbye screen={screen} />;
    case "failed":
      return <Failed screen={screen} />;
  }
}
