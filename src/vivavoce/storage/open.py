"""Open the storage that the settings name: the embedded PostgreSQL of the data folder, or a database elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager, AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine

from vivavoce.settings import Settings
from vivavoce.storage.codebooks import CodebookStore
from vivavoce.storage.derived import DerivedStore
from vivavoce.storage.embedded import embedded_postgres
from vivavoce.storage.engine import make_engine
from vivavoce.storage.errors import DataFolderInUse
from vivavoce.storage.folder import owned, prepare
from vivavoce.storage.invitations import InvitationStore
from vivavoce.storage.jobs import JobStore
from vivavoce.storage.ledger import PostgresLedger
from vivavoce.storage.migrate import check_version, migrate
from vivavoce.storage.recordings import RecordingStore, open_recordings
from vivavoce.storage.sessions import PostgresSessionStore
from vivavoce.storage.studies import StudyStore

T = TypeVar("T")


@dataclass(frozen=True)
class Storage:
    """Everything that is kept. `url` is that of the database; it may hold a password."""

    sessions: PostgresSessionStore
    invitations: InvitationStore
    studies: StudyStore
    recordings: RecordingStore
    ledger: PostgresLedger
    jobs: JobStore
    derived: DerivedStore
    codebooks: CodebookStore
    engine: AsyncEngine
    url: str

    def __repr__(self) -> str:
        """Without the URL."""
        return "Storage(…)"


@asynccontextmanager
async def open_storage(
    settings: Settings, *, exclusive: bool, create: bool = True
) -> AsyncGenerator[Storage]:
    """The storage, until the context ends.

    Args:
        settings: name the data folder, the database and the object store.
        exclusive: be the one server of the data folder and bring the database up to date. Without it a server may be
            running there meanwhile; its database is shared, and a database nobody serves is brought up to date too.
            Servers that share a database elsewhere have a data folder each, for recordings while they are written.
        create: make a database in the data folder if there is none.

    Raises:
        DataFolderInUse: `exclusive`, and another process serves the data folder.
        StorageError: see `EmbeddedPostgres.attach`, `migrate` and `check_version`.
        StorageUnavailable: the database does not answer.
    """
    async with AsyncExitStack() as stack:
        if exclusive:
            await asyncio.to_thread(prepare, settings.data_dir)
            await _enter(stack, lambda: owned(settings.data_dir))
        if settings.database_url is not None:
            url = settings.database_url.get_secret_value()
            await asyncio.to_thread(migrate if exclusive else check_version, url)
        else:
            url = await _embedded(stack, settings, exclusive=exclusive, create=create)
        recordings = await asyncio.to_thread(
            open_recordings, settings.recordings_url, default=settings.data_dir / "recordings"
        )
        engine = make_engine(url)
        stack.push_async_callback(engine.dispose)
        yield Storage(
            sessions=PostgresSessionStore(engine),
            invitations=InvitationStore(engine),
            studies=StudyStore(engine),
            recordings=recordings,
            ledger=PostgresLedger(engine),
            jobs=JobStore(engine),
            derived=DerivedStore(engine),
            codebooks=CodebookStore(engine),
            engine=engine,
            url=url,
        )


async def _embedded(stack: AsyncExitStack, settings: Settings, *, exclusive: bool, create: bool) -> str:
    folder = settings.data_dir
    url = await _enter(stack, lambda: embedded_postgres(folder, create=create))
    if exclusive:
        await asyncio.to_thread(migrate, url)
    else:
        await asyncio.to_thread(_migrate_unless_served, settings, url)
    return url


def _migrate_unless_served(settings: Settings, url: str) -> None:
    try:
        with owned(settings.data_dir):
            migrate(url)
    except DataFolderInUse:
        check_version(url)


async def _enter(stack: AsyncExitStack, make: Callable[[], AbstractContextManager[T]]) -> T:
    """Enter a blocking context in a thread and leave it in one, also if we are cancelled meanwhile."""
    blocking = ExitStack()
    entering = asyncio.create_task(asyncio.to_thread(lambda: blocking.enter_context(make())))

    async def leave() -> None:
        await asyncio.wait([entering])
        await asyncio.to_thread(blocking.close)

    stack.push_async_callback(leave)
    return await asyncio.shield(entering)
