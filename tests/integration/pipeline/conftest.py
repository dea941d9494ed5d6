"""A database, and sessions that ended in it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.integration.speech.conftest import models_dir as models_dir
from tests.lib.recorded import AT, BEGUN, ENDED

from vivavoce.session.events import Payload, SessionScheduled
from vivavoce.storage.engine import make_engine
from vivavoce.storage.sessions import PostgresSessionStore

Hold = Callable[..., Awaitable[None]]


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = make_engine(database_url)
    yield engine
    await engine.dispose()


@pytest.fixture
def hold(engine: AsyncEngine) -> Hold:
    """Hold an interview with what is said in it, and end it."""
    store = PostgresSessionStore(engine)

    async def hold(
        session_id: str, said: Sequence[Payload] = (), *, language: str = "en", after: Sequence[Payload] = ()
    ) -> None:
        scheduled = SessionScheduled(
            study_id="demo", study_hash="f", study_title="Demo", language=language, participant_id="p-1"
        )
        await store.create(session_id, scheduled, at=AT)
        lease = await store.claim(session_id, holder="host", ttl_s=60)
        await store.append(lease, [*BEGUN, *said], at=AT)
        await store.append(lease, [ENDED, *after], at=AT + timedelta(minutes=1))
        await store.release(lease)

    return hold
