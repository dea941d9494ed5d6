"""What every ledger must do: in memory and in PostgreSQL alike."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from scheduling import scheduled

from vivavoce.session.clock import ManualClock
from vivavoce.session.errors import SessionUnknown, StudySpent
from vivavoce.session.events import (
    BudgetGranted,
    Payload,
    Reason,
    SessionEnded,
    SessionStatus,
    UsageMetered,
)
from vivavoce.session.ledger import Ledger, Standing
from vivavoce.session.memory import MemoryLedger, MemorySessionStore
from vivavoce.session.store import SessionStore
from vivavoce.storage.engine import make_engine
from vivavoce.storage.ledger import PostgresLedger
from vivavoce.storage.sessions import PostgresSessionStore

AT = datetime(2030, 1, 1, 9, 0, tzinfo=UTC)


@dataclass
class Bench:
    """A store with its ledger."""

    store: SessionStore
    ledger: Ledger

    async def schedule(self, *session_ids: str, study_id: str = "demo") -> None:
        for session_id in session_ids:
            await self.store.create(session_id, scheduled(study_id), at=AT)

    async def write(self, session_id: str, *payloads: Payload) -> None:
        lease = await self.store.claim(session_id, holder="host", ttl_s=60)
        await self.store.append(lease, payloads, at=AT)
        await self.store.release(lease)


@pytest.fixture(params=["memory", "postgres"])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    if request.param == "memory":
        store = MemorySessionStore(ManualClock())
        yield Bench(store, MemoryLedger(store))
        return
    engine = make_engine(request.getfixturevalue("database_url"))
    yield Bench(PostgresSessionStore(engine), PostgresLedger(engine))
    await engine.dispose()


def spent(amount: int) -> UsageMetered:
    return UsageMetered(part="llm", provider="p", model="m", price="test", amount=amount, at_s=0)


ENDED = SessionEnded(status=SessionStatus.COMPLETED, reason=Reason.FINISHED, at_s=0)


async def test_what_is_set_aside_is_held_until_it_is_spent_or_the_session_ends(bench: Bench) -> None:
    await bench.schedule("a", "b")
    assert await bench.ledger.standing("demo") == Standing(spent=0, held=0)
    assert await bench.ledger.reserve("a", wanted=100, cap=1000) == 100
    assert await bench.ledger.standing("demo") == Standing(spent=0, held=100)
    await bench.write("a", BudgetGranted(amount=100), spent(30))
    assert await bench.ledger.standing("demo") == Standing(spent=30, held=70)
    await bench.write("a", spent(90))
    assert await bench.ledger.standing("demo") == Standing(spent=120, held=0), "a debt is held by nobody"
    await bench.ledger.reserve("b", wanted=100, cap=1000)
    await bench.write("b", spent(10))
    await bench.write("b", ENDED)
    assert await bench.ledger.standing("demo") == Standing(spent=130, held=0)


async def test_a_session_that_has_a_reservation_keeps_it(bench: Bench) -> None:
    await bench.schedule("a")
    assert await bench.ledger.reserve("a", wanted=100, cap=100) == 100
    assert await bench.ledger.reserve("a", wanted=50, cap=None) == 100
    assert (await bench.ledger.standing("demo")).held == 100


async def test_the_last_session_gets_what_is_left_and_the_next_one_nothing(bench: Bench) -> None:
    await bench.schedule("a", "b", "c")
    assert await bench.ledger.reserve("a", wanted=100, cap=130) == 100
    assert await bench.ledger.reserve("b", wanted=100, cap=130) == 30
    with pytest.raises(StudySpent) as refused:
        await bench.ledger.reserve("c", wanted=100, cap=130)
    assert "money" not in str(refused.value), "participants are not told of it"
    await bench.write("a", ENDED)
    assert await bench.ledger.reserve("c", wanted=100, cap=130) == 100


async def test_too_little_is_as_good_as_nothing(bench: Bench) -> None:
    await bench.schedule("a", "b")
    await bench.ledger.reserve("a", wanted=100, cap=119)
    with pytest.raises(StudySpent):
        await bench.ledger.reserve("b", wanted=100, cap=119)


async def test_without_a_cap_everybody_gets_what_they_want(bench: Bench) -> None:
    await bench.schedule("a", "b")
    await bench.write("a", spent(10**12))
    assert await bench.ledger.reserve("b", wanted=100, cap=None) == 100


async def test_studies_do_not_pay_for_each_other(bench: Bench) -> None:
    await bench.schedule("a")
    await bench.schedule("x", study_id="other")
    await bench.ledger.reserve("a", wanted=100, cap=100)
    assert await bench.ledger.reserve("x", wanted=100, cap=100) == 100


async def test_a_session_nobody_knows_gets_nothing(bench: Bench) -> None:
    with pytest.raises(SessionUnknown):
        await bench.ledger.reserve("nobody", wanted=1, cap=None)


def test_the_team_is_told_at_85_and_at_100_percent() -> None:
    assert [Standing(spent=spent, held=50).alerts(1000) for spent in (849, 850, 999, 1000, 2000)] == [
        [],
        [85],
        [85],
        [85, 100],
        [85, 100],
    ]
