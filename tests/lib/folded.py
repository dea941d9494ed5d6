"""A session's log in a list, for tests of what reads its fold and writes to it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from scheduling import scheduled

from vivavoce.session.events import ConsentGiven, Payload, SessionEvent, SessionWaiting
from vivavoce.session.state import SessionState, apply, fold

START = datetime(2030, 1, 1, 9, 0, tzinfo=UTC)
CONSENT = ConsentGiven(version="1", text_sha256="0" * 64, language="en", disclosure_sha256="0" * 64)


class Log:
    """A log that waits for its participant; every event happens at `START`.

    Args:
        payloads: what has happened since.
    """

    def __init__(self, *payloads: Payload) -> None:
        self._state = fold([SessionEvent(session_id="s", seq=1, at=START, payload=scheduled())])
        self.posted: list[Payload] = []
        self.post(CONSENT, SessionWaiting(transport="webrtc"), *payloads)

    def post(self, *payloads: Payload) -> None:
        """Append events."""
        for payload in payloads:
            event = SessionEvent(session_id="s", seq=self._state.seq + 1, at=START, payload=payload)
            self._state = apply(self._state, event)
            self.posted.append(payload)

    def state(self) -> SessionState:
        """The fold."""
        return self._state

    def of(self, kind: type[Any]) -> list[Any]:
        """The events of a kind."""
        return [payload for payload in self.posted if isinstance(payload, kind)]
