"""The waiting room: who asked for a place first gets the next one that falls free. Pure."""

from __future__ import annotations


class WaitingRoom:
    """Sessions that were refused because all places are taken, in the order they first asked.

    Args:
        forget_s: seconds after which one that does not ask again has gone.
    """

    def __init__(self, *, forget_s: float) -> None:
        self._forget_s = forget_s
        self._asked: dict[str, float] = {}

    def place(self, session_id: str, *, now: float) -> int:
        """How many, this one included, are to have a place before the next in line; 1: the next place is theirs."""
        self._asked[session_id] = now
        for other, at in list(self._asked.items()):
            if now - at > self._forget_s:
                del self._asked[other]
        return list(self._asked).index(session_id) + 1

    def leave(self, session_id: str) -> None:
        """They have a place, or want none any more."""
        self._asked.pop(session_id, None)
