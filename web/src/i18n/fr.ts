import type { Strings } from "./en.ts";

export const fr: Strings = {
  product: "Viva Voce",
  steps: {
    label: "Étapes jusqu’à l’entretien",
    names: ["Consentement", "Test du son", "Entretien"],
  },
  common: {
    tryAgain: "Réessayer",
    contact: (contact) => `Une question ? Contactez ${contact}.`,
    details: "Réponse du serveur",
    minutes: (n) => (n === 1 ? "Environ 1 minute" : `Environ ${n} minutes`),
  },
  landing: {
    title: "Des entretiens de vive voix, sur invitation",
    text: "Ici, des personnes parlent avec une IA qui anime l’entretien, dans une étude à laquelle elles ont été invitées.",
    next: "Pour participer, ouvrez le lien personnel de votre invitation. Il ressemble à ceci :",
  },
  loading: { title: "Ouverture de votre invitation…" },
  consent: {
    language: "Langue de l’entretien",
    spoken: "Une conversation de vive voix, dans votre navigateur",
    microphone: "Il vous faut un micro et un endroit calme",
    disclosure: "Vous parlerez avec une IA",
    terms: "Ce que vous acceptez",
    agree: "J’ai lu ce texte et j’accepte de participer.",
    agreeFirst: "Pour continuer, cochez la case afin de donner votre accord.",
    submit: "Accepter et continuer",
    sending: "Un instant…",
    decline: "Je préfère ne pas participer",
    changed: "Le texte a changé depuis que vous avez ouvert cette page. Veuillez le relire.",
    returning: "Bon retour. Votre entretien est en cours ; vous reprendrez là où vous vous êtes arrêté.",
    notSent: "Votre accord n’a pas pu être envoyé. Vérifiez votre connexion et réessayez.",
    refused: "Votre accord n’a pas pu être enregistré.",
  },
  declined: {
    title: "C’est très bien ainsi",
    text: "Rien n’a été enregistré et votre micro n’a pas été utilisé. Vous pouvez fermer cette page.",
    back: "J’ai changé d’avis",
  },
  check: {
    title: "Vérifions le son",
    returningTitle: "Bon retour",
    intro: "Cela ne prend qu’un instant. Un casque aide, mais n’est pas nécessaire.",
    private: "Vous seul entendez ce test. Rien n’est envoyé ni enregistré avant le début.",
    microphone: "Micro",
    ask: "Votre navigateur demandera si cette page peut utiliser votre micro. Choisissez « Autoriser ».",
    use: "Activer mon micro",
    opening: "En attente du navigateur…",
    choose: "Micro utilisé",
    level: "Niveau de votre micro",
    levels: { silent: "silence", soft: "faible", good: "bon", loud: "très fort" },
    say: "Dites quelques mots. La barre doit bouger.",
    heard: "Nous vous entendons bien.",
    notHeard: "Nous n’entendons rien pour l’instant. Le micro est-il coupé, ou en faut-il un autre ?",
    speaker: "Haut-parleur",
    speakerText: "Écoutez un court son pour vérifier que vous l’entendez.",
    play: "Jouer un son",
    playing: "Lecture…",
    played: "Rien entendu ? Montez le volume ou vérifiez votre casque.",
    start: "Commencer l’entretien",
    resume: "Reprendre l’entretien",
    first: "Activez votre micro pour commencer.",
  },
  microphone: {
    denied: {
      title: "Votre micro est bloqué",
      text: "Un entretien a besoin de votre voix, mais cette page n’a pas le droit d’utiliser votre micro.",
      steps: [
        "Cliquez sur l’icône à côté de l’adresse de cette page (cadenas ou curseurs) et autorisez le micro.",
        "Sur un téléphone, vérifiez aussi dans les réglages que le navigateur peut utiliser le micro.",
        "Revenez ensuite ici et réessayez.",
      ],
    },
    missing: {
      title: "Aucun micro trouvé",
      text: "Cet appareil ne semble pas avoir de micro.",
      steps: [
        "Branchez un casque ou un micro : cette page le remarque d’elle-même.",
        "Ou ouvrez votre invitation sur un téléphone ou un autre ordinateur. Le lien y fonctionne aussi.",
      ],
    },
    busy: {
      title: "Votre micro est occupé",
      text: "Un autre programme semble utiliser votre micro.",
      steps: ["Fermez les autres appels et enregistrements.", "Puis réessayez."],
    },
    failed: {
      title: "Votre micro ne démarre pas",
      text: "Le navigateur n’a pas pu ouvrir le micro.",
      steps: [
        "Débranchez-le et rebranchez-le, ou choisissez-en un autre.",
        "Si cela ne suffit pas, redémarrez le navigateur.",
      ],
    },
  },
  connecting: {
    title: "Connexion…",
    text: "L’entretien va commencer dans un instant.",
    again: "C’est plus long que d’habitude. Nous essayons encore…",
  },
  call: {
    agent: {
      speaking: "L’IA vous parle",
      listening: "Nous vous écoutons",
      thinking: "Réflexion",
      waiting: "Un instant",
    },
    you: "Vous parlez",
    mutedState: "Votre micro est coupé",
    part: (n, count) => `Partie ${n} sur ${count}`,
    progress: "Avancement de l’entretien",
    elapsed: (time) => `Temps écoulé : ${time}`,
    controls: "Commandes de l’entretien",
    mute: "Couper",
    unmute: "Rétablir",
    captions: "Sous-titres",
    settings: "Réglages",
    leave: "Quitter",
    conversation: "La conversation jusqu’ici",
    conversationEmpty: "Ce qui est dit apparaîtra ici.",
    captionNow: "Paroles de l’IA",
    moderator: "IA",
    participant: "Vous",
    dismiss: "Masquer",
    resumed: "Bon retour. Vous reprenez là où vous vous êtes arrêté.",
    microphoneChanged: (label) => (label === "" ? "Votre micro a changé." : `Micro utilisé : ${label}`),
    fault: "Un problème est survenu de notre côté. L’entretien reprend dans un instant.",
    idle: "Êtes-vous toujours là ?",
    wrapUp: "L’entretien touche à sa fin.",
    reconnecting: "Reconnexion…",
    reconnectingText: "La connexion est perdue. Vos réponses jusqu’ici sont en sécurité.",
    reconnectNow: "Essayer maintenant",
    soundBlocked: "Votre navigateur retient le son",
    soundBlockedText: "Appuyez sur le bouton pour entendre l’entretien.",
    allowSound: "Activer le son",
    microphoneGone: "Votre micro a disparu",
    microphoneGoneText: "On ne vous entend plus. Rebranchez-le ou choisissez-en un autre.",
    microphoneOpening: "Recherche de votre micro…",
  },
  settings: {
    title: "Réglages",
    microphone: "Micro",
    textSize: "Taille des sous-titres",
    sizes: { s: "Normale", m: "Grande", l: "Très grande" },
    captions: "Afficher les sous-titres",
    shortcut: "Touche M pour couper le micro",
    done: "Terminé",
  },
  leave: {
    title: "Mettre fin à l’entretien ?",
    text: "Vos réponses jusqu’ici sont conservées et l’entretien s’arrête là. Vous ne pourrez pas le reprendre plus tard.",
    confirm: "Mettre fin",
    stay: "Rester",
    leaving: "Fin en cours…",
  },
  lost: {
    title: "La connexion est perdue",
    text: "Nous avons essayé pendant deux minutes sans réussir. Vos réponses jusqu’ici sont en sécurité.",
    next: "Vérifiez votre connexion à internet, puis continuez.",
    button: "Reprendre l’entretien",
  },
  elsewhere: {
    title: "Votre entretien est ouvert ailleurs",
    text: "Il se déroule dans un autre onglet ou sur un autre appareil. Vous pouvez continuer ici ; il s’arrêtera là-bas.",
    button: "Continuer ici",
  },
  replaced: {
    title: "Vous avez continué ailleurs",
    text: "Votre entretien se déroule maintenant dans un autre onglet ou sur un autre appareil. Vous pouvez fermer cette page.",
    button: "Continuer plutôt ici",
  },
  full: {
    title: "Toutes les places sont prises",
    text: "Beaucoup d’entretiens ont lieu en ce moment. Gardez cette page ouverte : vous entrerez dès qu’une place se libère.",
    place: (place) =>
      place <= 1
        ? "C’est bientôt à vous : la première place libre est la vôtre."
        : `Vous êtes au rang ${place} de la file d’attente.`,
    next: (seconds) =>
      seconds <= 1 ? `Prochain essai dans ${seconds} seconde` : `Prochain essai dans ${seconds} secondes`,
    trying: "Essai en cours…",
    button: "Essayer maintenant",
  },
  unreachable: {
    title: "L’entretien est injoignable",
    text: "Soit vous êtes hors ligne, soit le serveur ne répond pas. Nous réessayerons dès que vous serez en ligne.",
  },
  failed: {
    title: "Un problème est survenu",
    text: "L’entretien n’a pas pu continuer. Rien de ce que vous avez dit n’est perdu.",
    notLetIn: "Votre accès a expiré et n’a pas pu être renouvelé. Ouvrez à nouveau votre invitation.",
  },
  deadLink: {
    unknown: {
      title: "Ce lien ne fonctionne pas",
      text: "Il en manque peut-être un morceau. Ouvrez-le à nouveau depuis votre invitation, ou copiez-le en entier.",
    },
    expired: {
      title: "Cette invitation a expiré",
      text: "La période de participation est terminée. Si vous le souhaitez encore, demandez un nouveau lien.",
    },
    revoked: {
      title: "Cette invitation a été retirée",
      text: "Elle n’est plus valable. Si vous pensez à une erreur, adressez-vous à ceux qui vous ont invité.",
    },
  },
  over: {
    title: "Cet entretien est terminé",
    text: "Il a déjà eu lieu avec cette invitation. Merci d’avoir participé.",
    interrupted: "Il s’est arrêté avant la fin des questions et ne peut pas être repris.",
    next: "Il n’y a plus rien à faire, vous pouvez fermer cette page.",
  },
  unsupported: {
    insecure: {
      title: "Cette page a besoin d’une connexion sécurisée",
      text: "Les navigateurs n’autorisent le micro que sur les adresses en https://. Ceux qui vous ont invité peuvent y remédier.",
    },
    browser: {
      title: "Ce navigateur ne convient pas",
      text: "Il ne peut pas transmettre le son. Ouvrez votre invitation dans une version récente de Chrome, Edge, Firefox ou Safari.",
    },
    next: "Ouvrez ce lien dans un autre navigateur :",
    copy: "Copier le lien",
    copied: "Copié",
  },
  goodbye: {
    thanks: { title: "Merci", text: "L’entretien est terminé. Merci pour votre temps et vos réponses." },
    left: {
      title: "Vous avez mis fin à l’entretien",
      text: "Vos réponses jusqu’ici sont conservées. Merci pour votre temps.",
    },
    idle: {
      title: "L’entretien est terminé",
      text: "Le silence a duré un moment, nous nous sommes donc arrêtés ici. Vos réponses jusqu’ici sont conservées. Merci pour votre temps.",
    },
    away: {
      title: "L’entretien est terminé",
      text: "Vous vous êtes absenté plus longtemps qu’il ne pouvait attendre. Vos réponses jusqu’ici sont conservées. Merci pour votre temps.",
    },
    time: {
      title: "Merci",
      text: "Le temps prévu pour cet entretien est écoulé. Vos réponses sont conservées. Merci pour votre temps.",
    },
    interrupted: {
      title: "L’entretien a été interrompu",
      text: "Un problème de notre côté y a mis fin trop tôt ; veuillez nous en excuser. Vos réponses jusqu’ici sont conservées.",
    },
    data: "Et maintenant",
    dataText: (organisation) =>
      organisation === null
        ? "Vos paroles sont utilisées comme le décrit le texte de consentement, et pour rien d’autre."
        : `${organisation} utilise vos paroles comme le décrit le texte de consentement, et pour rien d’autre.`,
    rights: (contact) =>
      `Pour toute question sur vos données ou pour les faire effacer, contactez ${contact}.`,
    close: "Vous pouvez maintenant fermer cette page.",
  },
};
