"""Invitations: links for participants, made with or without a running server."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from vivavoce.ops.publish import check_model
from vivavoce.session.clock import Clock, SystemClock
from vivavoce.settings import GuardSettings, LlmSettings, RealtimeSettings, Settings, WebSettings
from vivavoce.storage.errors import DataFolderInUse
from vivavoce.storage.folder import owned
from vivavoce.storage.open import Storage, open_storage

VALID_FOR = timedelta(days=30)

URL_FILE = "web.url"
"""In the data folder of a running server: what its links start with. It may have been given another port than we."""


def public_url(settings: WebSettings, *, port: int | None = None) -> str:
    """What participants' links start with."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return (settings.public_url or f"http://{host}:{port or settings.port}").rstrip("/")


@contextmanager
def announced(data_dir: Path, url: str) -> Generator[None]:
    """Say in the data folder what links start with, for as long as the server runs."""
    file = data_dir / URL_FILE
    file.write_text(url + "\n", encoding="utf-8")
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def links_start_with(settings: Settings) -> str:
    """What participants' links start with: as the server that runs on the data folder says, or as it will be."""
    file = settings.data_dir / URL_FILE
    if settings.web.public_url is None and file.is_file():
        try:
            with owned(settings.data_dir):
                pass  # nobody runs: the file is a killed server's
        except DataFolderInUse:
            return file.read_text(encoding="utf-8").strip()
    return public_url(settings.web)


async def invite(
    storage: Storage,
    study_id: str,
    count: int,
    *,
    url: str,
    clock: Clock,
    llm: LlmSettings,
    guard: GuardSettings,
    realtime: RealtimeSettings,
    language: str | None = None,
) -> list[str]:
    """Make invitations to a published study; returns their links, which cannot be shown again.

    Raises:
        StudyUnknown: no such study was published.
        ProfileUnknown, RealtimeUnknown, GuardUnknown, PackUnreviewed: it may not meet participants (any more): it was
            published for a pilot.
    """
    check_model(llm, guard, realtime, (await storage.studies.get(study_id)).study)
    expires_at = clock.now() + VALID_FOR
    tokens = await storage.invitations.create(study_id, count, expires_at=expires_at, language=language)
    return [f"{url}/i/{token}" for token in tokens]


async def invite_here(
    settings: Settings, study_id: str, count: int, *, language: str | None = None
) -> list[str]:
    """Make invitations in the settings' database, beside a running server or without one; see `invite`."""
    async with open_storage(settings, exclusive=False) as storage:
        return await invite(
            storage,
            study_id,
            count,
            url=await asyncio.to_thread(links_start_with, settings),
            clock=SystemClock(),
            llm=settings.llm,
            guard=settings.guard,
            realtime=settings.realtime,
            language=language,
        )
