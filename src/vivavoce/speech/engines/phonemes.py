"""What a language's pronunciation gives: phonemes, and the word that each says."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias


class Sound(NamedTuple):
    """A stretch of phonemes.

    Attributes:
        phonemes: perhaps none.
        at: where in the text the word begins that they say; None for marks and what parts words.
    """

    phonemes: str
    at: int | None


G2P: TypeAlias = Callable[[str], list[Sound]]
"""A text, its words parted by single spaces → its sounds in order, with its punctuation. What no one can say (other
scripts, pictures) is left out."""
