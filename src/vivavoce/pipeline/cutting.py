"""Where a speaker's track is cut for the second pass: at silences, by what the log says was spoken when. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vivavoce.pipeline.interview import Spoken

PAD_S = 0.3
"""Seconds of sound taken before and after: the live detector may have begun late, and words end softly."""

TOGETHER_S = 1.0
"""Seconds of silence up to which two turns of a speaker are heard in one window: context helps the recogniser."""

LONGEST_S = 28.0
"""Seconds of a window made of several turns: Whisper hears 30 s at once. One longer turn stays whole: the speech server
cuts it at the silences it finds in it."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of one speaker's track, in seconds of the session clock, and the turns in it, in order."""

    start_s: float
    end_s: float
    turns: tuple[Spoken, ...]


def windows(turns: Sequence[Spoken], *, begin_s: float, end_s: float) -> list[Window]:
    """The windows that hold one speaker's turns, as far as a part of the recording has them.

    Windows do not overlap, and every turn that begins or ends within the part is in exactly one.

    Args:
        turns: of one speaker, by their start.
        begin_s: where the part begins.
        end_s: where it ends.
    """
    inside = [turn for turn in turns if turn.start_s < end_s and turn.end_s > begin_s]
    groups: list[list[Spoken]] = []
    for turn in inside:
        if groups and _joins(groups[-1], turn):
            groups[-1].append(turn)
        else:
            groups.append([turn])
    edges = [(group[0].start_s, max(turn.end_s for turn in group)) for group in groups]
    found: list[Window] = []
    for place, (group, (start, end)) in enumerate(zip(groups, edges, strict=True)):
        before = edges[place - 1][1] if place else begin_s - PAD_S
        after = edges[place + 1][0] if place + 1 < len(edges) else end_s + PAD_S
        # Between two windows the silence is shared.
        window_start = max(
            begin_s, start - PAD_S, min(start, (before + start) / 2 if place else start - PAD_S)
        )
        window_end = min(
            end_s, end + PAD_S, max(end, (end + after) / 2 if place + 1 < len(edges) else end + PAD_S)
        )
        if found:
            window_start = max(window_start, found[-1].end_s)
        found.append(Window(window_start, max(window_end, window_start), tuple(group)))
    return found


def _joins(group: Sequence[Spoken], turn: Spoken) -> bool:
    end_s = max(other.end_s for other in group)
    if turn.start_s < end_s:
        return True  # they overlap: one window has both
    return (
        turn.start_s - end_s <= TOGETHER_S
        and turn.end_s - group[0].start_s <= LONGEST_S
        and turn.language == group[0].language
    )
