"""The shape of a language's cues."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cue:
    """The phrases for one intent; see the module for the notation."""

    whole: tuple[str, ...] = ()
    strong: tuple[str, ...] = ()
    alone: tuple[str, ...] = ()


@dataclass(frozen=True)
class LanguageCues:
    """One language's phrases.

    Attributes:
        vague: plain phrases that make an answer a vague one.
        letters: whether the others are compared letter by letter, for a script without spaces.
    """

    fillers: tuple[str, ...]
    stop: Cue
    repeat: Cue
    clarify: Cue
    decline: Cue
    wait: Cue
    ready: Cue
    yes_no: Cue
    backchannel: Cue
    vague: tuple[str, ...]
    letters: bool = False
