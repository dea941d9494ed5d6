"""What became of the answers that a participant gave: how many of their words the log does not have."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from caller import Caller, speech

from made import ROOT
from vivavoce.protocol.words import tokens
from vivavoce.session.events import Payload, Utterance

RATE = 48_000
NEAR_S = 0.7
"""Seconds by which a participant's clock and that of the session may differ: they begin when each knows of the join."""
TEXTS = {
    name: tokens(entry["text"])
    for name, entry in json.loads((ROOT / "tests/data/speech/refs.json").read_text(encoding="utf-8")).items()
}


@dataclass(frozen=True)
class Lost:
    """What no log has of what was said; a word that was misheard is not there either."""

    words: int
    seconds: float


def lost(caller: Caller, log: Sequence[Payload], *, zero: float) -> Lost:
    """Compare what was said with what was written down, answer by answer.

    Args:
        caller: who answered.
        log: the session's payloads.
        zero: the monotonic second at which the session's clock began.
    """
    utterances = [one for one in log if isinstance(one, Utterance)]
    words, seconds, hushed = 0, 0.0, caller.hushed
    for began, name in caller.spoke:
        whole_s = len(speech(name)) / RATE
        said_s = whole_s
        if hushed is not None and began < hushed < began + whole_s:
            said_s = hushed - began
        said = TEXTS[name][: round(len(TEXTS[name]) * said_s / whole_s)]
        from_s = began - zero
        written = Counter(
            word
            for one in utterances
            if one.start_s < from_s + said_s + NEAR_S and one.end_s > from_s - NEAR_S
            for word in tokens(one.text)
        )
        missing = (Counter(said) - written).total()
        words += missing
        seconds += said_s * missing / len(said) if said else 0.0
    return Lost(words, round(seconds, 1))


@dataclass(frozen=True)
class Missing:
    """What became of the words of an interview.

    Attributes:
        said: how many there were.
        lost: the log has fewer words than were said, by so many.
        misheard: the log has others in their place.
    """

    said: int
    lost: int
    misheard: int


def missing(caller: Caller, log: Sequence[Payload]) -> Missing:
    """Compare everything that was said, each answer to its end, with everything that was written down, whenever.

    Args:
        caller: who answered.
        log: the session's payloads.
    """
    said = Counter(word for _, name in caller.spoke for word in TEXTS[name])
    written = Counter(word for one in log if isinstance(one, Utterance) for word in tokens(one.text))
    gone = (said - written).total()
    misheard = min(gone, (written - said).total())
    return Missing(said.total(), gone - misheard, misheard)
