"""What the web room needs of the storage below it, besides `vivavoce.session.store.SessionStore`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

from vivavoce.protocol.study import Study


class Invitation(Protocol):
    """One participant's way in. Times are aware UTC."""

    @property
    def id(self) -> str:
        """Names the invitation in logs; opens nothing."""
        ...

    @property
    def study_id(self) -> str:
        """The study it invites to."""
        ...

    @property
    def participant_id(self) -> str:
        """The participant's pseudonym."""
        ...

    @property
    def language(self) -> str | None:
        """The participant's language, where it is known."""
        ...

    @property
    def expires_at(self) -> datetime | None:
        """Until when an interview may be begun with it."""
        ...

    @property
    def revoked_at(self) -> datetime | None:
        """When it was taken back."""
        ...

    @property
    def session_id(self) -> str | None:
        """The session it led to."""
        ...


class InvitationStore(Protocol):
    """Keeps invitations by the hash of their tokens."""

    async def find(self, token: str, /) -> Invitation | None:
        """The invitation with this token, if there is one."""
        ...

    async def bind_session(
        self, invitation_id: str, session_id: str, /, *, instead_of: str | None = None
    ) -> str:
        """Give the invitation its session, and return the id of the one it has then: the first one bound wins.

        Args:
            instead_of: the session of an earlier sitting, which it has now.
        """
        ...


class PublishedStudy(Protocol):
    """A study as it was published."""

    @property
    def study(self) -> Study:
        """What is asked. Asking for the first time may take a tenth of a second of work: the file is read."""
        ...

    @property
    def content_hash(self) -> str:
        """The SHA-256 of its content, as sessions record it."""
        ...


Admits = Callable[[Study], Awaitable[bool]]
"""Whether a study takes another session: it may have spent its money."""


async def always(_: Study) -> bool:
    """For whoever sets no limits."""
    return True


class StudyStore(Protocol):
    """Keeps published studies."""

    async def get(self, study_id: str, content_hash: str | None = None, /) -> PublishedStudy:
        """The study as it is published now, or as it was published under that hash."""
        ...
