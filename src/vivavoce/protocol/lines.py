"""The standard lines: what the moderator says in every interview, besides the study's own wording.

A study may reword any of them, and must word all of them in a language that is not here. The closing lines
stand alone: the study's own `closing` is said only when the interview comes to its natural end.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

LINE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "repeat_intro": "before a question is said again on request",
        "clarify_intro": "before a question is said in simpler words",
        "declined_ack": "when the participant would rather not answer",
        "nudge": "after a long silence, once a question",
        "welcome_back": "before the open question, when the participant is back",
        "wrap_up": "when the time is nearly over",
        "stop_ack": "last words when the participant asks to stop",
        "closing_early": "last words when the interview must end early for any other reason",
        "closing_limit": "last words at the hard time limit",
        "closing_budget": "last words when the budget is used up",
        "closing_idle": "last words when nobody answers any more",
        "closing_drain": "last words when the service must shut down",
    }
)
"""Every line's name, and when it is said."""

_EN = {
    "repeat_intro": "Of course, I will say it again.",
    "clarify_intro": "Let me put it another way.",
    "declined_ack": "That is quite all right, we can leave that one.",
    "nudge": "Are you still there? Take your time.",
    "welcome_back": "Welcome back. This is where we were.",
    "wrap_up": "We are coming to the end of our time.",
    "stop_ack": "Of course, we stop here. Thank you for the time you have given. Goodbye.",
    "closing_early": "I have to end our conversation here. Thank you very much for your answers. Goodbye.",
    "closing_limit": "Our time is up, so I will stop here. Thank you very much for your answers. Goodbye.",
    "closing_budget": "Our time is up, so I will stop here. Thank you very much for your answers. Goodbye.",
    "closing_idle": "I cannot hear you any more, so I will end here. Thank you for your answers so far. Goodbye.",
    "closing_drain": (
        "I am sorry, for a technical reason I have to end here. Your answers so far are safe. "
        "Thank you very much. Goodbye."
    ),
}

_DE = {
    "repeat_intro": "Gern, ich sage es noch einmal.",
    "clarify_intro": "Ich frage es noch einmal anders.",
    "declined_ack": "Das ist völlig in Ordnung, wir lassen diese Frage weg.",
    "nudge": "Sind Sie noch da? Lassen Sie sich Zeit.",
    "welcome_back": "Willkommen zurück. Hier waren wir stehen geblieben.",
    "wrap_up": "Unsere Zeit geht langsam zu Ende.",
    "stop_ack": "Natürlich, wir hören hier auf. Vielen Dank für Ihre Zeit. Auf Wiederhören.",
    "closing_early": (
        "Ich muss unser Gespräch hier beenden. Vielen Dank für Ihre Antworten. Auf Wiederhören."
    ),
    "closing_limit": (
        "Unsere Zeit ist um, deshalb höre ich hier auf. Vielen Dank für Ihre Antworten. Auf Wiederhören."
    ),
    "closing_budget": (
        "Unsere Zeit ist um, deshalb höre ich hier auf. Vielen Dank für Ihre Antworten. Auf Wiederhören."
    ),
    "closing_idle": (
        "Ich höre Sie nicht mehr und beende deshalb das Gespräch. "
        "Vielen Dank für Ihre bisherigen Antworten. Auf Wiederhören."
    ),
    "closing_drain": (
        "Es tut mir leid, aus einem technischen Grund muss ich hier aufhören. "
        "Ihre bisherigen Antworten sind gesichert. Vielen Dank. Auf Wiederhören."
    ),
}

_FR = {
    "repeat_intro": "Bien sûr, je répète.",
    "clarify_intro": "Je vais le dire autrement.",
    "declined_ack": "Il n'y a aucun problème, nous pouvons laisser cette question.",
    "nudge": "Vous êtes toujours là ? Prenez votre temps.",
    "welcome_back": "Merci d'être de retour. Voici où nous en étions.",
    "wrap_up": "Nous arrivons bientôt à la fin de notre entretien.",
    "stop_ack": "Bien sûr, nous nous arrêtons ici. Merci pour le temps que vous m'avez accordé. Au revoir.",
    "closing_early": "Je dois mettre fin à notre entretien. Merci beaucoup pour vos réponses. Au revoir.",
    "closing_limit": (
        "Le temps prévu est écoulé, je m'arrête donc ici. Merci beaucoup pour vos réponses. Au revoir."
    ),
    "closing_budget": (
        "Le temps prévu est écoulé, je m'arrête donc ici. Merci beaucoup pour vos réponses. Au revoir."
    ),
    "closing_idle": (
        "Je ne vous entends plus, je vais donc m'arrêter ici. "
        "Merci pour les réponses que vous m'avez données. Au revoir."
    ),
    "closing_drain": (
        "Veuillez m'excuser, je dois m'arrêter ici pour une raison technique. "
        "Vos réponses sont bien enregistrées. Merci beaucoup. Au revoir."
    ),
}

_ES = {
    "repeat_intro": "Claro, lo repito.",
    "clarify_intro": "Se lo digo de otra manera.",
    "declined_ack": "No hay ningún problema, podemos dejar esa pregunta.",
    "nudge": "¿Sigue ahí? Tómese su tiempo.",
    "welcome_back": "Gracias por volver. Nos habíamos quedado aquí.",
    "wrap_up": "Estamos llegando al final de nuestro tiempo.",
    "stop_ack": "Por supuesto, lo dejamos aquí. Gracias por el tiempo que nos ha dedicado. Adiós.",
    "closing_early": (
        "Tengo que terminar aquí nuestra conversación. Muchas gracias por sus respuestas. Adiós."
    ),
    "closing_limit": (
        "Se nos ha acabado el tiempo, así que lo dejo aquí. Muchas gracias por sus respuestas. Adiós."
    ),
    "closing_budget": (
        "Se nos ha acabado el tiempo, así que lo dejo aquí. Muchas gracias por sus respuestas. Adiós."
    ),
    "closing_idle": (
        "Ya no le oigo, así que voy a terminar aquí. Gracias por las respuestas que nos ha dado. Adiós."
    ),
    "closing_drain": (
        "Lo siento, por una razón técnica tengo que terminar aquí. "
        "Sus respuestas están guardadas. Muchas gracias. Adiós."
    ),
}

BUILT_IN_LINES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "en": MappingProxyType(_EN),
        "de": MappingProxyType(_DE),
        "fr": MappingProxyType(_FR),
        "es": MappingProxyType(_ES),
    }
)
"""Language → line name → text. A regional code (`en-GB`) uses its language's."""
