"""Invitations: links for participants, made with or without a running server."""

from __future__ import annotations

from datetime import timedelta

from vivavoce.session.clock import Clock, SystemClock
from vivavoce.settings import Settings, WebSettings
from vivavoce.storage.invitations import InvitationStore
from vivavoce.storage.open import open_storage

VALID_FOR = timedelta(days=30)


def public_url(settings: WebSettings, *, port: int | None = None) -> str:
    """What participants' links start with."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return (settings.public_url or f"http://{host}:{port or settings.port}").rstrip("/")


async def invite(
    store: InvitationStore, study_id: str, count: int, *, url: str, clock: Clock, language: str | None = None
) -> list[str]:
    """Make invitations to a published study; returns their links, which cannot be shown again.

    Raises:
        StudyUnknown: no such study was published.
    """
    expires_at = clock.now() + VALID_FOR
    tokens = await store.create(study_id, count, expires_at=expires_at, language=language)
    return [f"{url}/i/{token}" for token in tokens]


async def invite_here(
    settings: Settings, study_id: str, count: int, *, language: str | None = None
) -> list[str]:
    """Make invitations in the settings' database, beside a running server or without one; see `invite`."""
    async with open_storage(settings, exclusive=False) as storage:
        return await invite(
            storage.invitations,
            study_id,
            count,
            url=public_url(settings.web),
            clock=SystemClock(),
            language=language,
        )
