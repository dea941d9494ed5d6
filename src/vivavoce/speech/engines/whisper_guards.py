"""How a text shows that Whisper's decoder failed, and what it costs to find out: the choices of `benchmarks/stt.md`."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

WHOLE_WINDOW_S = 30.0
"""What Whisper was trained on."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """What the short window costs and saves. The defaults are the choice that `benchmarks/stt.md` shows.

    Attributes:
        window_least_s: never encode less.
        window_after_s: silence encoded after the speech.
        window_most_s: longer sound is decoded in pieces of at most this.
        pause_s: a pause that ends a piece.
        margin_s: silence kept around speech.
        beam: width of the search when greedy decoding is doubtful.
        doubt: mean log probability under which the search is widened.
        refuse: mean log probability under which the whole window is tried.
        silence: no-speech probability over which a doubtful text counts as nothing, as in Whisper's own code.
        tokens: decoded at most, beyond `tokens_a_second`; hitting the cap means a loop.
        repetition: text bytes over compressed bytes; above it the text is a loop.
    """

    window_least_s: float = 8.0
    window_after_s: float = 2.0
    window_most_s: float = 28.0
    pause_s: float = 3.0
    margin_s: float = 0.3
    beam: int = 5
    doubt: float = -0.25
    refuse: float = -0.9
    silence: float = 0.6
    tokens: int = 12
    repetition: float = 2.0

    def window_s(self, sound_s: float) -> float:
        """Seconds to encode for so many seconds of sound."""
        return min(WHOLE_WINDOW_S, max(self.window_least_s, sound_s + self.window_after_s))

    def cap(self, sound_s: float, language: str) -> int:
        """Tokens that a sound can hold: fast English has 6 a second, other languages take more tokens a word."""
        return self.tokens + int(sound_s * (7 if language == "en" else 14))


@dataclass(frozen=True, slots=True)
class Decoded:
    """One try at a piece of sound. `score` is the mean log probability of its tokens."""

    text: str
    tokens: tuple[int, ...]
    score: float
    no_speech: float
    capped: bool


def doubtful(decoded: Decoded, tuning: Tuning) -> bool:
    """Whether a text looks like a failure of the decoder: a loop, cut off, unlikely, or nothing where speech is."""
    raw = decoded.text.encode()
    looping = len(raw) > 20 and len(raw) / len(zlib.compress(raw)) > tuning.repetition
    return decoded.capped or looping or decoded.score < tuning.refuse or not decoded.text


def unrepeated(text: str) -> str:
    """A text without the loop it ends in: a phrase said three times or more in a row is kept once."""
    words = text.split()
    for size in range(1, len(words) // 3 + 1):
        phrase = words[-size:]
        times = 1
        while words[-size * (times + 1) : -size * times] == phrase:
            times += 1
        if times >= 3:
            return " ".join(words[: len(words) - size * (times - 1)])
    return text
