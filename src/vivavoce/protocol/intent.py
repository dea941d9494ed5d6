"""Reading an utterance: is it an answer, or does the participant steer the interview? Pure and deterministic.

It is read by phrases alone (`protocol.cues`), and on the safe side: a phrase must be the whole utterance or a whole
sentence of it, so that "I can't repeat that mistake" is an answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from vivavoce.protocol.cues import CUES, Cue, LanguageCues
from vivavoce.protocol.facts import Intent
from vivavoce.protocol.phrases import PhraseSet, letters
from vivavoce.protocol.words import count_words, find_phrase, sentences, tokens

# Longer utterances are answers, whatever they begin with: in 30 words one says something.
_MOST_WORDS = 30
# A vague phrase makes a long answer no less telling.
_MOST_VAGUE_WORDS = 20


@dataclass(frozen=True)
class Reading:
    """How an utterance was read. `words`: how many there were; `vague`: whether it says little (answers only)."""

    intent: Intent
    words: int
    vague: bool = False


def read(text: str, language: str) -> Reading:
    """Read an utterance. In a language without cues everything is an answer.

    Args:
        text: as transcribed.
        language: of the session, e.g. `en` or `en-GB`.
    """
    words = count_words(text)
    base = language.split("-")[0]
    if base not in CUES:
        return Reading("answer", words)
    intent = _steering(text, words, base)
    if intent is not None:
        return Reading(intent, words)
    vague = words <= _MOST_VAGUE_WORDS and find_phrase(text, CUES[base].vague) is not None
    return Reading("answer", words, vague)


def read_intent(text: str, language: str) -> Intent:
    """Only the intent of an utterance; see `read`."""
    return read(text, language).intent


def _steering(text: str, words: int, base: str) -> Intent | None:
    cut = _cut(CUES[base])
    whole = cut(text)
    parts = [cut(sentence) for sentence in sentences(text)]
    readers = _readers(base)
    # Whoever wants to stop is obeyed, however much was said around it.
    if any(readers[0].strong.matches(part) for part in parts):
        return readers[0].intent
    if words > _MOST_WORDS:
        return None
    for reader in readers:
        if reader.matches(whole, parts):
            return reader.intent
    return None


class _Reader:
    """Recognises one intent."""

    def __init__(self, intent: Intent, cue: Cue, cues: LanguageCues) -> None:
        fillers, cut = cues.fillers, _cut(cues)
        self.intent: Intent = intent
        self.alone = PhraseSet(cue.alone, cut=cut)
        self.whole = PhraseSet((*cue.whole, *cue.strong), around=fillers, several=True, cut=cut)
        self.strong = PhraseSet(cue.strong, around=fillers, cut=cut)

    def matches(self, whole: list[str], parts: list[list[str]]) -> bool:
        if self.alone.matches(whole) or self.whole.matches(whole):
            return True
        # What is asked of the moderator opens or ends a turn; in the middle it is told of somebody else.
        return bool(parts) and (self.strong.matches(parts[0]) or self.strong.matches(parts[-1]))


def _cut(cues: LanguageCues) -> Callable[[str], list[str]]:
    return letters if cues.letters else tokens


@cache
def _readers(base: str) -> tuple[_Reader, ...]:
    """A language's readers, the one that wins first."""
    cues = CUES[base]
    order: tuple[tuple[Intent, Cue], ...] = (
        ("stop", cues.stop),
        ("repeat_request", cues.repeat),
        ("clarify_request", cues.clarify),
        ("decline", cues.decline),
        ("wait", cues.wait),
        ("ready", cues.ready),
        ("yes_no", cues.yes_no),
        ("backchannel", cues.backchannel),
    )
    return tuple(_Reader(intent, cue, cues) for intent, cue in order)
