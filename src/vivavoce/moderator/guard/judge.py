"""A judge of what a model says, what it is shown, and the ways it can fail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from vivavoce.errors import VivavoceError


class GuardFailed(VivavoceError):
    """A guard gave no verdict; what it was to judge is withheld."""

    code = "guard_failed"


class GuardUnavailable(GuardFailed):
    """The server could not be reached, refused, or broke off."""

    code = "guard_unavailable"


class GuardSlow(GuardFailed):
    """The verdict did not come in time."""

    code = "guard_slow"


class GuardUnreadable(GuardFailed):
    """The answer is no verdict: a guard that does not keep to its format has said “unsafe”."""

    code = "guard_unreadable"


@dataclass(frozen=True)
class Exchange:
    """What a judge is shown.

    Attributes:
        participant: the words that are replied to; empty if there are none.
        reply: the moderator's reply so far, up to and with the sentence that is judged.
    """

    participant: str
    reply: str


class Judge(Protocol):
    """A guard that takes time: a model somewhere."""

    @property
    def name(self) -> str:
        """For the log."""
        ...

    async def hazards(self, exchange: Exchange) -> tuple[str, ...]:
        """What is hazardous about the reply; nothing if it is safe.

        Raises:
            GuardFailed: there is no verdict.
        """
        ...
