"""What can go wrong in an interview's life, as seen by the web, the host and the stores."""

from __future__ import annotations

from datetime import datetime

from vivavoce.errors import VivavoceError


class SessionError(VivavoceError):
    """The root of the errors of a session."""

    code = "session_error"


class SessionUnknown(SessionError):
    """There is no session of that id."""

    code = "session_unknown"

    def __init__(self, session_id: str) -> None:
        super().__init__(
            f"There is no session {session_id!r}.",
            next_step="Check the id; `vivavoce session list` shows them all.",
        )
        self.session_id = session_id


class SessionExists(SessionError):
    """A session of that id was created before."""

    code = "session_exists"

    def __init__(self, session_id: str) -> None:
        super().__init__(
            f"There is a session {session_id!r} already.", next_step="Create the session under a new id."
        )
        self.session_id = session_id


class SessionOver(SessionError):
    """The session has ended; it takes no participant any more."""

    code = "session_over"

    def __init__(self, session_id: str) -> None:
        super().__init__(
            f"The session {session_id!r} is over.",
            next_step="Nothing more can be said in it; use a new invitation for another sitting.",
        )
        self.session_id = session_id


class ContentErased(SessionError):
    """What was said in the session is erased; only its tombstone is left."""

    code = "content_erased"

    def __init__(self, session_id: str) -> None:
        super().__init__(
            f"The content of session {session_id!r} was erased; nothing of it can be read or made any more.",
            next_step="`vivavoce session show` tells when and why.",
        )
        self.session_id = session_id


class AlreadyConnected(SessionError):
    """The participant is connected from another page or device."""

    code = "already_connected"

    def __init__(self, session_id: str) -> None:
        super().__init__(
            f"The session {session_id!r} is open in another tab or on another device.",
            next_step="Close the other one, or take the session over here.",
        )
        self.session_id = session_id


class HostFull(SessionError):
    """The host holds as many sessions as it may, or takes none for another reason.

    Args:
        retry_after_s: seconds after which asking again makes sense.
        reason: why, as a sentence.
        place: in the queue, where there is one; 1: the next place that falls free is theirs.
    """

    code = "host_full"

    def __init__(
        self,
        retry_after_s: float,
        *,
        reason: str = "All places for interviews are taken at the moment.",
        place: int | None = None,
    ) -> None:
        super().__init__(reason, next_step=f"Try again in {retry_after_s:.0f} seconds.")
        self.retry_after_s = retry_after_s
        self.place = place


class StudySpent(SessionError):
    """The study has too little money left for another session. What participants are told does not speak of money."""

    code = "study_full"

    def __init__(self, study_id: str) -> None:
        super().__init__(
            "This study takes no more interviews at the moment.",
            next_step="Tell whoever sent you the invitation.",
        )
        self.study_id = study_id


class LeaseHeld(SessionError):
    """Somebody else holds the live lease of the session."""

    code = "lease_held"

    def __init__(self, session_id: str, *, holder: str, expires_at: datetime) -> None:
        super().__init__(
            f"The session {session_id!r} is being written by {holder!r} until {expires_at.isoformat()}.",
            next_step="Wait until the lease runs out, or stop that holder.",
        )
        self.session_id = session_id
        self.holder = holder
        self.expires_at = expires_at


class LeaseLost(SessionError):
    """The lease given is not the live one: it ran out, was released, or was taken over."""

    code = "lease_lost"

    def __init__(self, session_id: str, *, holder: str) -> None:
        super().__init__(
            f"{holder!r} no longer holds the lease of session {session_id!r}; nothing was written.",
            next_step="Stop working on this session, or claim it again.",
        )
        self.session_id = session_id
        self.holder = holder


class IllegalTransition(SessionError):
    """An event does not fit the state of the session.

    Args:
        kind: the event's kind.
        why: what of the state it contradicts, as a clause after "because".
    """

    code = "illegal_transition"

    def __init__(self, session_id: str, *, kind: str, why: str) -> None:
        super().__init__(
            f"{kind!r} cannot happen in session {session_id!r} because {why}.",
            next_step="Read the session's state again before deciding what happened.",
        )
        self.session_id = session_id
        self.kind = kind
        self.why = why


class LogUnreadable(SessionError):
    """An event in the log is of a kind or shape this version does not know.

    Args:
        where: the session and event, as words.
        why: what is wrong with it, as a sentence.
    """

    code = "log_unreadable"

    def __init__(self, *, where: str, why: str) -> None:
        super().__init__(
            f"The log of {where} cannot be read: {why}",
            next_step="A newer version of Viva Voce wrote it, or it was changed by hand: use that newer version.",
        )


class StorageUnavailable(SessionError):
    """The store does not answer, or cannot write at the moment: the same call may succeed later.

    What was asked was done whole or not at all; where an answer got lost, the state's `seq` tells which.

    Args:
        why: what does not answer and how, as a sentence.
    """

    code = "storage_unavailable"

    def __init__(
        self,
        why: str,
        *,
        next_step: str = "Check that PostgreSQL runs and can be reached; then it goes on by itself.",
    ) -> None:
        super().__init__(why, next_step=next_step)


class BadFrame(SessionError):
    """A frame from the participant's page is not what the protocol says.

    Args:
        why: what is wrong with it, as a sentence.
    """

    code = "bad_frame"

    def __init__(self, why: str) -> None:
        super().__init__(
            why, next_step="Send 16-bit mono PCM in binary frames and JSON objects in text frames."
        )
