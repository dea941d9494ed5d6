"""Use: what one request, or a stretch of a machine's time, used of a provider, before anybody put a price on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Part = Literal["llm", "guard", "stt", "tts", "realtime", "machine"]
"""What of an interview it was used for. `machine` is a machine's time, whatever runs on it."""

OURSELVES = "self"
"""The provider of what runs on the team's own machines."""

CountedBy = Literal["provider", "us"]
"""Whose count it is. Ours stands in where a provider gives none: it was broken off before it came to count."""


@dataclass(frozen=True)
class Use:
    """What was used.

    Attributes:
        part: what for.
        name: of the model profile, the speech engine or the machine, as the settings have it.
        subject: the utterance or move it was for; None: the move under way.
        input_tokens: all that were read, cached and audio ones among them.
        cached_tokens: of those, how many came from the provider's cache.
        cache_written_tokens: of those read, how many the provider put into its cache.
        output_tokens: all that were written, audio ones among them.
        input_audio_tokens: of those read, how many were sound.
        output_audio_tokens: of those written, how many were sound.
        cached_audio_tokens: of those from the cache, how many were sound.
        characters: that were spoken.
        seconds: of sound that was heard or spoken, or of a machine's time.
    """

    part: Part
    name: str
    subject: str | None = None
    input_tokens: int = 0
    cached_tokens: int = 0
    cache_written_tokens: int = 0
    output_tokens: int = 0
    input_audio_tokens: int = 0
    output_audio_tokens: int = 0
    cached_audio_tokens: int = 0
    characters: int = 0
    seconds: float = 0.0
    counted_by: CountedBy = "provider"


Used = Callable[[Use], None]
"""Told of every use, as soon as it is known."""


def unmetered(_: Use) -> None:
    """For whoever keeps no account: rehearsals, and tests of something else."""
