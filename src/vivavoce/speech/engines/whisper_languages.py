"""Which language is spoken, by what Whisper makes of the beginning of a sound. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from vivavoce.speech.errors import SpeechRejected

SURE = 0.7
LEAST_S = 1.5
"""How likely another language than the expected one must be, among those that may be spoken, and how long a sound, for
it to be taken. So whole sentences are all told, and nothing is taken for what it is not (`benchmarks/languages.md`);
a bare «sí» is English to Whisper base, and surely so."""


def candidates(language: str | None, known: Mapping[str, int]) -> tuple[str, ...]:
    """The languages a request leaves to choose among, the expected one first; none: any.

    Args:
        language: codes separated by commas.
        known: the languages that Whisper knows.

    Raises:
        SpeechRejected: the first is none of them.
    """
    wanted = tuple(language.split(",")) if language else ()
    if wanted and wanted[0] not in known:
        raise SpeechRejected(
            f"Whisper knows no language {wanted[0]!r}.",
            next_step="Give an ISO 639-1 code such as en, or none to have it detected.",
            reason="language_unknown",
            param="language",
        )
    return tuple(code for code in wanted if code in known)


def likeliest(scores: Mapping[str, float], among: Sequence[str], *, sound_s: float) -> str:
    """The language that is spoken.

    Args:
        scores: by language, logarithms of something proportional to how likely each is.
        among: the languages there are to choose from, the expected one first; none: any.
        sound_s: how long the sound is.
    """
    best = max(among or scores, key=lambda code: scores[code])
    if not among or best == among[0]:
        return best
    whole = sum(math.exp(scores[code] - scores[best]) for code in among)
    return best if 1 / whole >= SURE and sound_s >= LEAST_S else among[0]
