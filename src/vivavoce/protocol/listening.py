"""Which languages an interview listens for, and when another one is offered. Pure.

Only at the start: whoever has answered in the session's language twice has chosen it.
"""

from __future__ import annotations

from vivavoce.protocol.intent import read
from vivavoce.protocol.languages import base_language
from vivavoce.protocol.progress import Progress
from vivavoce.protocol.study import Study
from vivavoce.protocol.words import count_words

FIRST_QUESTIONS = 2
"""Questions at the start during which another language is listened for."""

LEAST_WORDS = 3
"""A shorter utterance says too little of its language: «No», «Okay» and a name are the same in several."""

MOST_OFFERS = 2
"""How often the offer is said: once more for whoever asks for it again or loses the line over it."""


def expected(study: Study, progress: Progress, language: str) -> tuple[str, ...]:
    """The languages that the participant may speak now, the likeliest first.

    Args:
        study: what is asked.
        progress: where the interview stands.
        language: of the session.
    """
    if progress.offered is not None:
        return progress.offered, language
    return (language, *others(study, language)) if _open(study, progress) else (language,)


def others(study: Study, language: str) -> tuple[str, ...]:
    """The study's languages that can be offered in a session of one of them."""
    if not study.language_offer.made or not study.language_offer.worded(language):
        return ()
    return tuple(
        code
        for code in study.languages
        if base_language(code) != base_language(language) and study.language_offer.worded(code)
    )


def to_offer(study: Study, progress: Progress, text: str, *, spoken: str | None, language: str) -> str | None:
    """The language to offer to somebody who has just said that; None to go on as before.

    Args:
        text: what was said, as transcribed.
        spoken: the language it is in, ISO 639-1, as far as the recogniser is sure.
    """
    if spoken is None or not _open(study, progress) or count_words(text) < LEAST_WORDS:
        return None
    if read(text, language).intent != "answer":
        return None  # it steers the interview in the session's own language
    return next(
        (code for code in others(study, language) if base_language(code) == base_language(spoken)), None
    )


def _open(study: Study, progress: Progress) -> bool:
    begins = len(progress.questions) <= FIRST_QUESTIONS
    return begins and progress.offers == 0 and not progress.wrapping_up and len(study.languages) > 1
