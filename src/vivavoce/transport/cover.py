"""Which seconds of a recording are not to be heard: what `vivavoce.transport.covered` is told."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

Stretch = tuple[float, float]
"""From one second of the session clock to another."""


def merged(stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
    """The same seconds in order, none of them twice; stretches without any are left out."""
    found: list[Stretch] = []
    for start, end in sorted(stretches):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        elif start < end:
            found.append((start, end))
    return tuple(found)


Stretches = Annotated[tuple[Stretch, ...], AfterValidator(lambda found: merged(found))]


class Cover(BaseModel):
    """What is taken out of a recording.

    Attributes:
        tones: where a tone stands instead of both voices: one's microphone may have what the other says.
        kept: where the participant's voice is kept; it is silence elsewhere. None: everywhere.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tones: Stretches = ()
    kept: Stretches | None = None


def within(stretches: Sequence[Stretch], start: int, count: int, *, rate: int) -> list[tuple[int, int]]:
    """Where merged stretches lie in a block of samples: first sample of each and the first after it, from the block's.

    Takes no longer for hours of stretches than for minutes.

    Args:
        stretches: seconds.
        start: sample of the session clock that the block begins with.
        count: samples in it.
        rate: Hz.
    """
    found: list[tuple[int, int]] = []
    # One before: a stretch that ends at this very sample has it.
    first = max(0, bisect_left(stretches, start / rate, key=lambda stretch: stretch[1]) - 1)
    for place in range(first, len(stretches)):
        begin_s, end_s = stretches[place]
        begin, end = int(begin_s * rate) - start, int(end_s * rate) + 1 - start
        if begin >= count:
            break
        if end > 0:
            found.append((max(0, begin), min(count, end)))
    return found
