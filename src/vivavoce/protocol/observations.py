"""What the outside tells the machine. Seconds are on the session clock; texts are as transcribed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Began:
    """The participant is there and can hear: the interview may open."""

    at_s: float


@dataclass(frozen=True)
class Answered:
    """The participant took a turn and finished it, while the moderator was silent.

    `spoken` is the language it was in, ISO 639-1, where the recogniser is sure of it and was let choose.
    """

    at_s: float
    text: str
    utterance_ids: tuple[str, ...] = ()
    duration_s: float = 0.0
    spoken: str | None = None


@dataclass(frozen=True)
class Silent:
    """Nothing has been said for `silence_s`: the idle prompt is due."""

    at_s: float
    silence_s: float


@dataclass(frozen=True)
class Unheard:
    """The participant spoke, and no text could be had of it: the words are in the recording only."""

    at_s: float


@dataclass(frozen=True)
class Interrupted:
    """The participant cut the moderator's last move short, and has finished speaking.

    `heard_text` is the beginning of that move's text, as far as it reached the ear. `spoken` as in `Answered`.
    """

    at_s: float
    heard_text: str
    text: str
    utterance_ids: tuple[str, ...] = ()
    duration_s: float = 0.0
    spoken: str | None = None


@dataclass(frozen=True)
class Returned:
    """The participant is back after a lost connection, or a new host has taken the session up."""

    at_s: float


@dataclass(frozen=True)
class WrapUpDue:
    """The wrap-up timer fired. While a question is open nothing is said: its answer is awaited first."""

    at_s: float


@dataclass(frozen=True)
class CloseDue:
    """The interview must end now, for `reason` (budget, hard_limit, idle, drain, forced …)."""

    at_s: float
    reason: str


Observation = Began | Answered | Silent | Unheard | Interrupted | Returned | WrapUpDue | CloseDue
