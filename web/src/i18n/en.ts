/** English; the other languages have the same shape (`Strings`). */
export const en = {
  product: "Viva Voce",
  steps: {
    label: "Steps to the interview",
    names: ["Consent", "Sound check", "Interview"] as [string, string, string],
  },
  common: {
    tryAgain: "Try again",
    contact: (contact: string) => `Questions? Contact ${contact}.`,
    details: "What the server said",
    minutes: (n: number) => (n === 1 ? "About 1 minute" : `About ${n} minutes`),
  },
  landing: {
    title: "Spoken interviews, by invitation",
    text: "This is where people talk with an AI moderator, in a study they were invited to.",
    next: "To take part, open the personal link in your invitation. It looks like this:",
  },
  loading: { title: "Opening your invitation…" },
  consent: {
    language: "Language of the interview",
    spoken: "A spoken conversation, in your browser",
    microphone: "You need a microphone and a quiet place",
    disclosure: "You will talk with an AI",
    terms: "What you agree to",
    agree: "I have read this and I agree to take part.",
    agreeFirst: "To go on, tick the box to say that you agree.",
    submit: "Agree and continue",
    sending: "One moment…",
    decline: "I would rather not",
    changed: "The text has changed since you opened this page. Please read it again.",
    returning: "Welcome back. Your interview is under way; you will go on where you stopped.",
    notSent: "Your agreement could not be sent. Check your connection and try again.",
    refused: "Your agreement could not be recorded.",
  },
  declined: {
    title: "That is fine",
    text: "Nothing was recorded, and your microphone was not used. You may close this page.",
    back: "I changed my mind",
  },
  check: {
    title: "Let’s check your sound",
    returningTitle: "Welcome back",
    intro: "This takes a moment. Headphones help, but you don’t need them.",
    private: "Only you hear this. Nothing is sent or recorded before you start.",
    microphone: "Microphone",
    ask: "Your browser will ask whether this page may use your microphone. Choose “Allow”.",
    use: "Turn on my microphone",
    opening: "Waiting for your browser…",
    choose: "Microphone in use",
    level: "Your microphone’s level",
    levels: { silent: "silent", soft: "soft", good: "good", loud: "very loud" },
    say: "Say a few words. The bar should move.",
    heard: "We can hear you well.",
    notHeard: "We cannot hear anything yet. Is the microphone muted, or do you need another one?",
    speaker: "Speaker",
    speakerText: "Play a short sound and see that you can hear it.",
    play: "Play a sound",
    playing: "Playing…",
    played: "Heard nothing? Turn up the volume, or check your headphones.",
    start: "Start the interview",
    resume: "Continue the interview",
    first: "Turn on your microphone to start.",
  },
  microphone: {
    denied: {
      title: "Your microphone is blocked",
      text: "An interview needs your voice, but this page may not use your microphone.",
      steps: [
        "Choose the icon beside the address of this page (a lock or sliders) and allow the microphone.",
        "On a phone, also see that your browser may use the microphone in the phone’s settings.",
        "Then come back here and try again.",
      ],
    },
    missing: {
      title: "No microphone found",
      text: "This device seems to have no microphone.",
      steps: [
        "Plug in a headset or a microphone: this page notices it by itself.",
        "Or open your invitation on a phone or another computer. The link works there too.",
      ],
    },
    busy: {
      title: "Your microphone is in use",
      text: "Another program seems to be using your microphone.",
      steps: ["Close other calls and recordings.", "Then try again."],
    },
    failed: {
      title: "Your microphone does not start",
      text: "Your browser could not open the microphone.",
      steps: [
        "Unplug it and plug it in again, or choose another one.",
        "If that does not help, restart your browser.",
      ],
    },
  },
  connecting: {
    title: "Connecting you…",
    text: "The moderator will greet you in a moment.",
    again: "This takes longer than usual. Still trying…",
  },
  call: {
    agent: {
      speaking: "The moderator is speaking",
      listening: "Listening to you",
      thinking: "Thinking",
      waiting: "One moment",
      ending: "The interview is ending",
    },
    you: "You are speaking",
    mutedState: "You are muted",
    part: (n: number, count: number) => `Part ${n} of ${count}`,
    progress: "How far the interview is",
    elapsed: (time: string) => `Time so far: ${time}`,
    controls: "Call controls",
    mute: "Mute",
    unmute: "Unmute",
    captions: "Captions",
    settings: "Settings",
    leave: "Leave",
    conversation: "The conversation so far",
    conversationEmpty: "What is said will appear here.",
    captionNow: "The moderator’s words",
    moderator: "Moderator",
    participant: "You",
    dismiss: "Dismiss",
    resumed: "Welcome back. You go on where you stopped.",
    microphoneChanged: (label: string) =>
      label === "" ? "Your microphone has changed." : `Now using: ${label}`,
    fault: "Something went wrong on our side. The interview goes on in a moment.",
    idle: "Are you still there?",
    wrapUp: "The interview is coming to its end.",
    reconnecting: "Reconnecting…",
    reconnectingText: "The connection was lost. Your answers so far are safe.",
    reconnectNow: "Try now",
    soundBlocked: "Your browser holds back the sound",
    soundBlockedText: "Press the button to hear the moderator.",
    allowSound: "Turn on the sound",
    microphoneGone: "Your microphone is gone",
    microphoneGoneText: "The moderator cannot hear you. Plug it in again or choose another one.",
    microphoneOpening: "Looking for your microphone…",
  },
  settings: {
    title: "Settings",
    microphone: "Microphone",
    textSize: "Size of captions",
    sizes: { s: "Normal", m: "Large", l: "Very large" },
    captions: "Show captions",
    shortcut: "Press M to mute and unmute",
    done: "Done",
  },
  leave: {
    title: "End the interview?",
    text: "Your answers so far are kept, and the interview ends here. You cannot take it up again later.",
    confirm: "End the interview",
    stay: "Stay",
    leaving: "Ending…",
  },
  lost: {
    title: "The connection was lost",
    text: "We tried for two minutes and could not get back. Your answers so far are safe.",
    next: "Check your internet connection, then continue.",
    button: "Continue the interview",
  },
  elsewhere: {
    title: "Your interview is open somewhere else",
    text: "It runs in another tab or on another device. You can go on here instead; it stops there.",
    button: "Continue here",
  },
  replaced: {
    title: "You went on somewhere else",
    text: "Your interview now runs in another tab or on another device. You may close this page.",
    button: "Continue here instead",
  },
  full: {
    title: "All places are taken",
    text: "Many interviews run at the moment. Keep this page open: it lets you in as soon as a place is free.",
    place: (place: number) =>
      place <= 1
        ? "You are next: the first place that falls free is yours."
        : `You are number ${place} in the queue.`,
    next: (seconds: number) => (seconds === 1 ? "Next try in 1 second" : `Next try in ${seconds} seconds`),
    trying: "Trying now…",
    button: "Try now",
  },
  unreachable: {
    title: "We cannot reach the interview",
    text: "Either you are offline, or the server does not answer. We try again as soon as you are online.",
  },
  failed: {
    title: "Something went wrong",
    text: "The interview could not go on. Nothing you said is lost.",
    notLetIn: "Your access has run out and could not be renewed. Open your invitation once more.",
  },
  deadLink: {
    unknown: {
      title: "This link does not work",
      text: "Perhaps a part of it was cut off. Open it from your invitation once more, or copy the whole of it.",
    },
    expired: {
      title: "This invitation has expired",
      text: "The time to take part is over. If you would still like to, ask those who invited you for a new link.",
    },
    revoked: {
      title: "This invitation was withdrawn",
      text: "It can no longer be used. If you think this is a mistake, ask those who invited you.",
    },
  },
  over: {
    title: "This interview is finished",
    text: "It was held with this invitation already. Thank you for taking part.",
    interrupted: "It ended before all questions were asked, and cannot be taken up again.",
    next: "There is nothing more to do, and you may close this page.",
  },
  unsupported: {
    insecure: {
      title: "This page needs a secure connection",
      text: "Browsers allow the microphone only on addresses that begin with https://. Those who invited you can put that right.",
    },
    browser: {
      title: "This browser cannot hold the interview",
      text: "It has no way to carry sound. Open your invitation in a current Chrome, Edge, Firefox or Safari.",
    },
    next: "Open this link in another browser:",
    copy: "Copy the link",
    copied: "Copied",
  },
  goodbye: {
    thanks: {
      title: "Thank you",
      text: "The interview is complete. Thank you for your time and your answers.",
    },
    left: {
      title: "You ended the interview",
      text: "Your answers so far are kept. Thank you for your time.",
    },
    idle: {
      title: "The interview has ended",
      text: "It was quiet for a while, so we ended here. Your answers so far are kept. Thank you for your time.",
    },
    away: {
      title: "The interview has ended",
      text: "You were away for longer than it could wait. Your answers so far are kept. Thank you for your time.",
    },
    time: {
      title: "Thank you",
      text: "The time for this interview is up. Your answers are kept. Thank you for your time.",
    },
    interrupted: {
      title: "The interview was interrupted",
      text: "A fault on our side ended it early; we are sorry. Your answers so far are kept.",
    },
    data: "What happens now",
    dataText: (organisation: string | null) =>
      organisation === null
        ? "What you said is used as the consent text describes, and for nothing else."
        : `${organisation} uses what you said as the consent text describes, and for nothing else.`,
    rights: (contact: string) => `To ask about your data or to have it deleted, contact ${contact}.`,
    close: "You may close this page now.",
  },
};

export type Strings = typeof en;
