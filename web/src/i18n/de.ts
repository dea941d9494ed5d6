import type { Strings } from "./en.ts";

export const de: Strings = {
  product: "Viva Voce",
  steps: {
    label: "Schritte zum Interview",
    names: ["Einwilligung", "Tonprobe", "Interview"],
  },
  common: {
    tryAgain: "Noch einmal versuchen",
    contact: (contact) => `Fragen? Wenden Sie sich an ${contact}.`,
    details: "Was der Server meldet",
    minutes: (n) => (n === 1 ? "Etwa 1 Minute" : `Etwa ${n} Minuten`),
  },
  landing: {
    title: "Gesprochene Interviews, auf Einladung",
    text: "Hier sprechen Menschen mit einer KI-Moderation, in einer Studie, zu der sie eingeladen wurden.",
    next: "Um teilzunehmen, öffnen Sie den persönlichen Link aus Ihrer Einladung. Er sieht so aus:",
  },
  loading: { title: "Ihre Einladung wird geöffnet …" },
  consent: {
    language: "Sprache des Interviews",
    spoken: "Ein gesprochenes Gespräch, im Browser",
    microphone: "Sie brauchen ein Mikrofon und einen ruhigen Ort",
    disclosure: "Sie sprechen mit einer KI",
    terms: "Worin Sie einwilligen",
    agree: "Ich habe das gelesen und bin mit der Teilnahme einverstanden.",
    agreeFirst: "Setzen Sie das Häkchen, um einzuwilligen. Dann geht es weiter.",
    submit: "Einwilligen und weiter",
    sending: "Einen Moment …",
    decline: "Lieber nicht",
    changed: "Der Text wurde geändert, seit Sie diese Seite geöffnet haben. Bitte lesen Sie ihn noch einmal.",
    returning: "Willkommen zurück. Ihr Interview läuft; Sie machen dort weiter, wo Sie aufgehört haben.",
    notSent:
      "Ihre Einwilligung konnte nicht gesendet werden. Prüfen Sie die Verbindung und versuchen Sie es noch einmal.",
    refused: "Ihre Einwilligung konnte nicht gespeichert werden.",
  },
  declined: {
    title: "Das ist in Ordnung",
    text: "Es wurde nichts aufgenommen und Ihr Mikrofon nicht benutzt. Sie können diese Seite schließen.",
    back: "Ich habe es mir anders überlegt",
  },
  check: {
    title: "Kurze Tonprobe",
    returningTitle: "Willkommen zurück",
    intro: "Das dauert nur einen Moment. Kopfhörer helfen, sind aber nicht nötig.",
    private: "Das hören nur Sie. Vor dem Start wird nichts gesendet oder aufgenommen.",
    microphone: "Mikrofon",
    ask: "Ihr Browser fragt, ob diese Seite das Mikrofon benutzen darf. Wählen Sie „Zulassen“.",
    use: "Mikrofon einschalten",
    opening: "Warten auf den Browser …",
    choose: "Benutztes Mikrofon",
    level: "Pegel Ihres Mikrofons",
    levels: { silent: "still", soft: "leise", good: "gut", loud: "sehr laut" },
    say: "Sagen Sie ein paar Worte. Der Balken sollte sich bewegen.",
    heard: "Wir hören Sie gut.",
    notHeard: "Wir hören noch nichts. Ist das Mikrofon stumm, oder brauchen Sie ein anderes?",
    speaker: "Lautsprecher",
    speakerText: "Spielen Sie einen kurzen Ton ab und prüfen Sie, ob Sie ihn hören.",
    play: "Ton abspielen",
    playing: "Ton läuft …",
    played: "Nichts gehört? Stellen Sie lauter oder prüfen Sie Ihre Kopfhörer.",
    start: "Interview beginnen",
    resume: "Interview fortsetzen",
    first: "Schalten Sie Ihr Mikrofon ein, um zu beginnen.",
  },
  microphone: {
    denied: {
      title: "Ihr Mikrofon ist gesperrt",
      text: "Für ein Interview braucht es Ihre Stimme, aber diese Seite darf das Mikrofon nicht benutzen.",
      steps: [
        "Klicken Sie auf das Symbol neben der Adresse dieser Seite (Schloss oder Regler) und erlauben Sie das Mikrofon.",
        "Auf dem Telefon muss auch der Browser selbst das Mikrofon benutzen dürfen; das steht in den Einstellungen.",
        "Kommen Sie dann hierher zurück und versuchen Sie es noch einmal.",
      ],
    },
    missing: {
      title: "Kein Mikrofon gefunden",
      text: "Dieses Gerät hat anscheinend kein Mikrofon.",
      steps: [
        "Schließen Sie ein Headset oder ein Mikrofon an: Diese Seite bemerkt es von selbst.",
        "Oder öffnen Sie Ihre Einladung auf einem Telefon oder einem anderen Computer. Der Link gilt auch dort.",
      ],
    },
    busy: {
      title: "Ihr Mikrofon ist belegt",
      text: "Ein anderes Programm benutzt anscheinend Ihr Mikrofon.",
      steps: ["Beenden Sie andere Anrufe und Aufnahmen.", "Versuchen Sie es dann noch einmal."],
    },
    failed: {
      title: "Ihr Mikrofon startet nicht",
      text: "Der Browser konnte das Mikrofon nicht öffnen.",
      steps: [
        "Ziehen Sie es ab und stecken Sie es wieder ein, oder wählen Sie ein anderes.",
        "Hilft das nicht, starten Sie den Browser neu.",
      ],
    },
  },
  connecting: {
    title: "Sie werden verbunden …",
    text: "Die Moderation begrüßt Sie gleich.",
    again: "Es dauert länger als sonst. Wir versuchen es weiter …",
  },
  call: {
    agent: {
      speaking: "Die Moderation spricht",
      listening: "Wir hören Ihnen zu",
      thinking: "Denkt nach",
      waiting: "Einen Moment",
      ending: "Das Interview wird beendet",
    },
    you: "Sie sprechen",
    mutedState: "Sie sind stumm",
    part: (n, count) => `Teil ${n} von ${count}`,
    progress: "Wie weit das Interview ist",
    elapsed: (time) => `Bisherige Zeit: ${time}`,
    controls: "Bedienung des Gesprächs",
    mute: "Stumm",
    unmute: "Ton an",
    captions: "Untertitel",
    settings: "Einstellungen",
    leave: "Beenden",
    conversation: "Das bisherige Gespräch",
    conversationEmpty: "Was gesagt wird, erscheint hier.",
    captionNow: "Worte der Moderation",
    moderator: "Moderation",
    participant: "Sie",
    dismiss: "Ausblenden",
    resumed: "Willkommen zurück. Sie machen dort weiter, wo Sie aufgehört haben.",
    microphoneChanged: (label) =>
      label === "" ? "Ihr Mikrofon wurde gewechselt." : `Jetzt benutzt: ${label}`,
    fault: "Bei uns ist etwas schiefgegangen. Das Interview geht gleich weiter.",
    idle: "Sind Sie noch da?",
    wrapUp: "Das Interview geht dem Ende zu.",
    reconnecting: "Neu verbinden …",
    reconnectingText: "Die Verbindung ist abgebrochen. Ihre bisherigen Antworten sind sicher.",
    reconnectNow: "Jetzt versuchen",
    soundBlocked: "Ihr Browser hält den Ton zurück",
    soundBlockedText: "Drücken Sie den Knopf, um die Moderation zu hören.",
    allowSound: "Ton einschalten",
    microphoneGone: "Ihr Mikrofon ist weg",
    microphoneGoneText:
      "Die Moderation hört Sie nicht. Stecken Sie es wieder ein oder wählen Sie ein anderes.",
    microphoneOpening: "Ihr Mikrofon wird gesucht …",
  },
  settings: {
    title: "Einstellungen",
    microphone: "Mikrofon",
    textSize: "Größe der Untertitel",
    sizes: { s: "Normal", m: "Groß", l: "Sehr groß" },
    captions: "Untertitel zeigen",
    shortcut: "Mit der Taste M stumm schalten",
    done: "Fertig",
  },
  leave: {
    title: "Interview beenden?",
    text: "Ihre bisherigen Antworten bleiben erhalten, und das Interview endet hier. Sie können es später nicht fortsetzen.",
    confirm: "Interview beenden",
    stay: "Bleiben",
    leaving: "Wird beendet …",
  },
  lost: {
    title: "Die Verbindung ist abgebrochen",
    text: "Wir haben zwei Minuten lang versucht, sie wiederherzustellen. Ihre bisherigen Antworten sind sicher.",
    next: "Prüfen Sie Ihre Internetverbindung und machen Sie dann weiter.",
    button: "Interview fortsetzen",
  },
  elsewhere: {
    title: "Ihr Interview ist woanders geöffnet",
    text: "Es läuft in einem anderen Tab oder auf einem anderen Gerät. Sie können hier weitermachen; dort hört es dann auf.",
    button: "Hier weitermachen",
  },
  replaced: {
    title: "Sie haben woanders weitergemacht",
    text: "Ihr Interview läuft jetzt in einem anderen Tab oder auf einem anderen Gerät. Sie können diese Seite schließen.",
    button: "Doch hier weitermachen",
  },
  full: {
    title: "Alle Plätze sind belegt",
    text: "Gerade laufen viele Interviews. Lassen Sie diese Seite offen: Sie kommen hinein, sobald ein Platz frei ist.",
    place: (place) =>
      place <= 1
        ? "Sie sind als Nächstes dran: Der erste freie Platz ist Ihrer."
        : `Sie sind Nummer ${place} in der Warteschlange.`,
    next: (seconds) =>
      seconds === 1 ? "Nächster Versuch in 1 Sekunde" : `Nächster Versuch in ${seconds} Sekunden`,
    trying: "Versuch läuft …",
    button: "Jetzt versuchen",
  },
  unreachable: {
    title: "Das Interview ist nicht erreichbar",
    text: "Entweder sind Sie offline, oder der Server antwortet nicht. Sobald Sie online sind, versuchen wir es wieder.",
  },
  failed: {
    title: "Etwas ist schiefgegangen",
    text: "Das Interview konnte nicht weitergehen. Nichts von dem, was Sie gesagt haben, ist verloren.",
    notLetIn:
      "Ihr Zugang ist abgelaufen und ließ sich nicht erneuern. Öffnen Sie Ihre Einladung noch einmal.",
  },
  deadLink: {
    unknown: {
      title: "Dieser Link führt nirgendwohin",
      text: "Vielleicht fehlt ein Stück. Öffnen Sie ihn noch einmal aus der Einladung, oder kopieren Sie ihn ganz.",
    },
    expired: {
      title: "Diese Einladung ist abgelaufen",
      text: "Die Zeit zur Teilnahme ist vorbei. Wenn Sie noch möchten, bitten Sie um einen neuen Link.",
    },
    revoked: {
      title: "Diese Einladung wurde zurückgezogen",
      text: "Sie gilt nicht mehr. Wenn Sie das für einen Irrtum halten, fragen Sie bei der einladenden Stelle nach.",
    },
  },
  over: {
    title: "Dieses Interview ist beendet",
    text: "Es wurde mit dieser Einladung schon geführt. Danke fürs Mitmachen.",
    interrupted: "Es endete, bevor alle Fragen gestellt waren, und lässt sich nicht fortsetzen.",
    next: "Es ist nichts weiter zu tun, und Sie können diese Seite schließen.",
  },
  unsupported: {
    insecure: {
      title: "Diese Seite braucht eine sichere Verbindung",
      text: "Browser erlauben das Mikrofon nur auf Adressen, die mit https:// beginnen. Wer Sie eingeladen hat, kann das in Ordnung bringen.",
    },
    browser: {
      title: "Mit diesem Browser geht es nicht",
      text: "Er kann keinen Ton übertragen. Öffnen Sie Ihre Einladung in einem aktuellen Chrome, Edge, Firefox oder Safari.",
    },
    next: "Öffnen Sie diesen Link in einem anderen Browser:",
    copy: "Link kopieren",
    copied: "Kopiert",
  },
  goodbye: {
    thanks: {
      title: "Vielen Dank",
      text: "Das Interview ist vollständig. Danke für Ihre Zeit und Ihre Antworten.",
    },
    left: {
      title: "Sie haben das Interview beendet",
      text: "Ihre bisherigen Antworten bleiben erhalten. Danke für Ihre Zeit.",
    },
    idle: {
      title: "Das Interview ist zu Ende",
      text: "Es war eine Weile still, deshalb haben wir hier aufgehört. Ihre bisherigen Antworten bleiben erhalten. Danke für Ihre Zeit.",
    },
    away: {
      title: "Das Interview ist zu Ende",
      text: "Sie waren länger weg, als es warten konnte. Ihre bisherigen Antworten bleiben erhalten. Danke für Ihre Zeit.",
    },
    time: {
      title: "Vielen Dank",
      text: "Die Zeit für dieses Interview ist um. Ihre Antworten bleiben erhalten. Danke für Ihre Zeit.",
    },
    interrupted: {
      title: "Das Interview wurde unterbrochen",
      text: "Ein Fehler bei uns hat es vorzeitig beendet; das tut uns leid. Ihre bisherigen Antworten bleiben erhalten.",
    },
    data: "Wie es weitergeht",
    dataText: (organisation) =>
      organisation === null
        ? "Was Sie gesagt haben, wird so verwendet, wie es in der Einwilligung steht, und zu nichts anderem."
        : `${organisation} verwendet, was Sie gesagt haben, so, wie es in der Einwilligung steht, und zu nichts anderem.`,
    rights: (contact) =>
      `Wenn Sie Fragen zu Ihren Daten haben oder sie löschen lassen möchten, wenden Sie sich an ${contact}.`,
    close: "Sie können diese Seite jetzt schließen.",
  },
};
