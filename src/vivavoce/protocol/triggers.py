"""When a probe applies to an answer."""

from __future__ import annotations

from vivavoce.protocol.intent import Reading
from vivavoce.protocol.study import Trigger
from vivavoce.protocol.words import find_phrase


def applies(when: Trigger, text: str, reading: Reading, language: str) -> str | None:
    """Why a probe applies to an answer, as `MoveDecided.trigger`; None if it does not."""
    match when.kind:
        case "short_answer":
            return "short_answer" if reading.words < when.words else None
        case "vague":
            return "vague" if reading.vague else None
        case "yes_no":
            return "yes_no" if reading.intent == "yes_no" else None
        case "keywords":
            keyword = find_phrase(text, when.keywords.get(language, ()))
            return f"keywords:{keyword}" if keyword is not None else None
        case "always":
            return "always"
