"""Whose turn it is: which of the open jobs an engine works on next. Pure; the time is passed in.

An engine works in steps: a sentence spoken, a window encoded. Whenever it has a hand free, the next job is the one of
the highest priority whose sound will run out first. A job that has given no sound yet counts as due when it arrived, so
a newcomer goes before those who have sound left to play, and nobody's playback starves while another runs far ahead. A
step that gives a silent job nothing to hear puts it back a little: of those who came together none has its second step
before the others have had their first, and nobody waits for all of another's long sentence.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from vivavoce.speech.messages import Priority

PARTIAL_WAIT_S = 0.5
"""A partial transcription that has not begun after this is dropped: captions are re-decoded about that often."""

UNTAKEN_LIMIT = 8
"""Chunks a job may be ahead of its caller. A chunk is a sentence, a clause or a window: eight are up to 40 s."""

SILENT_STEP_S = 0.25
"""By how much a job without sound is put back by a step without sound: who comes later than that comes after it."""

JobT = TypeVar("JobT")

_RANK = {priority: rank for rank, priority in enumerate(Priority)}


@dataclass(slots=True)
class Turn(Generic[JobT]):
    """An open job. Times in seconds, of any one clock.

    Attributes:
        id: the request's.
        job: what is worked on.
        priority: see `Priority`.
        arrived_s: when it came.
        due_s: when its caller's sound runs out; for a caller that has none yet `arrived_s` and what it was put back.
        began: whether it had its first step.
        heard: whether its caller had any sound.
        running: whether a step of it is being worked.
        untaken: chunks given that the caller has not taken.
    """

    id: int
    job: JobT
    priority: Priority
    arrived_s: float
    due_s: float
    began: bool = False
    heard: bool = False
    running: bool = False
    untaken: int = 0


class Schedule(Generic[JobT]):
    """The open jobs of one engine."""

    def __init__(self) -> None:
        self._turns: dict[int, Turn[JobT]] = {}

    def __len__(self) -> int:
        return len(self._turns)

    def add(self, id: int, job: JobT, priority: Priority, *, now: float, lead_s: float = 0.0) -> None:
        """Open a job, for a caller that has `lead_s` seconds of sound left to play."""
        self._turns[id] = Turn(id, job, priority, arrived_s=now, due_s=now + lead_s)

    def get(self, id: int) -> Turn[JobT] | None:
        """An open job; None when it is not open (any more)."""
        return self._turns.get(id)

    def remove(self, id: int) -> JobT | None:
        """Close a job; None when it is not open (any more)."""
        turn = self._turns.pop(id, None)
        return None if turn is None else turn.job

    def next(self) -> Turn[JobT] | None:
        """Whose step is next; None when nobody can go on."""
        return min(self._able(), key=_urgency, default=None)

    def group(self, most: int) -> list[Turn[JobT]]:
        """Whose steps are next, the most urgent first: live ones together, any other alone; empty when none can go on.

        A live one that comes meanwhile waits for the step: of what may wait, that is never more than one job's.
        """
        able = sorted(self._able(), key=_urgency)
        live = [turn for turn in able if turn.priority is Priority.LIVE]
        return live[:most] or able[:1]

    def _able(self) -> list[Turn[JobT]]:
        return [turn for turn in self._turns.values() if not turn.running and turn.untaken < UNTAKEN_LIMIT]

    def late(self, *, now: float) -> list[Turn[JobT]]:
        """Partial transcriptions that waited too long for their first step."""
        return [
            turn
            for turn in self._turns.values()
            if turn.priority is Priority.PARTIAL and not turn.began and now - turn.arrived_s > PARTIAL_WAIT_S
        ]

    def gave(self, id: int, audio_s: float, *, now: float) -> None:
        """A job gave a chunk of `audio_s` seconds."""
        turn = self._turns.get(id)
        if turn is not None:
            # Playback begins with the first chunk, and again after it ran dry.
            turn.due_s = max(turn.due_s, now) + audio_s
            turn.untaken += 1
            turn.heard = True

    def worked(self, id: int) -> None:
        """A job was worked on, and there is nothing to hear of it yet."""
        turn = self._turns.get(id)
        if turn is not None and not turn.heard:
            turn.due_s += SILENT_STEP_S

    def taken(self, id: int) -> None:
        """The caller took a chunk."""
        turn = self._turns.get(id)
        if turn is not None:
            turn.untaken = max(0, turn.untaken - 1)


def _urgency(turn: Turn[JobT]) -> tuple[int, float, int]:
    return _RANK[turn.priority], turn.due_s, turn.id
