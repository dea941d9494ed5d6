"""The machine that decides what the moderator says next.

Pure and deterministic: no clock, no chance, no I/O.
"""

from __future__ import annotations

from dataclasses import dataclass

from vivavoce.protocol.facts import Fact, MoveDecided
from vivavoce.protocol.observations import Observation as Observation
from vivavoce.protocol.progress import Progress
from vivavoce.protocol.study import Study


@dataclass(frozen=True)
class Decision:
    """What follows from an observation.

    `facts` are appended to the log in order; `move`, the last of them, is spoken.
    """

    facts: tuple[Fact, ...] = ()
    move: MoveDecided | None = None

    @property
    def end_reason(self) -> str | None:
        """Why the interview ends once `move` has been heard; None while it goes on."""
        return self.move.end_reason if self.move is not None else None


def decide(study: Study, progress: Progress, observation: Observation, *, language: str) -> Decision:
    """What the moderator does about an observation."""
    raise NotImplementedError
