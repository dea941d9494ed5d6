"""The ledger on real PostgreSQL: sums of many sessions, sessions that compete, and the way back from the logs."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from random import Random

import pytest
from scheduling import scheduled
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncEngine

from vivavoce.session.errors import StudySpent
from vivavoce.session.events import (
    BudgetGranted,
    Reason,
    SessionEnded,
    SessionStatus,
    UsageMetered,
)
from vivavoce.session.ledger import Standing
from vivavoce.session.money import cents, dollars
from vivavoce.session.usage import Part, Use
from vivavoce.storage.engine import make_engine, transaction
from vivavoce.storage.ledger import PostgresLedger
from vivavoce.storage.sessions import PostgresSessionStore
from vivavoce.storage.tables import LedgerRow
from vivavoce.voice.tariff import UnitTariff

AT = datetime(2030, 1, 1, 9, 0, tzinfo=UTC)
STUDIES = ("one", "two", "three")
TARIFFS = {
    "llm": UnitTariff(
        "p", "small", "t", input_usd=Decimal("0.15"), cached_usd=Decimal("0.075"), output_usd=Decimal("0.6")
    ),
    "tts": UnitTariff("p", "voice", "t", characters_usd=Decimal(15)),
    "stt": UnitTariff("q", "ear", "t", minute_usd=Decimal("0.0043")),
}


def random_usage(rng: Random) -> UsageMetered:
    part: Part = rng.choice(["llm", "tts", "stt"])
    use = Use(
        part,
        "x",
        input_tokens=rng.randrange(9_000) if part == "llm" else 0,
        cached_tokens=rng.randrange(9_000) if part == "llm" else 0,
        output_tokens=rng.randrange(400) if part == "llm" else 0,
        characters=rng.randrange(600) if part == "tts" else 0,
        seconds=round(rng.random() * 60, 3) if part != "llm" else 0.0,
    )
    tariff = TARIFFS[part]
    return UsageMetered(
        part=part,
        provider=tariff.provider,
        model=tariff.model,
        input_tokens=use.input_tokens,
        cached_tokens=use.cached_tokens,
        output_tokens=use.output_tokens,
        characters=use.characters,
        seconds=use.seconds,
        price=tariff.source,
        amount=tariff.amount(use),
        at_s=0,
    )


async def test_a_thousand_random_sessions_add_up_to_the_ledger_to_the_cent(engine: AsyncEngine) -> None:
    store, ledger = PostgresSessionStore(engine), PostgresLedger(engine)
    expected: defaultdict[str, Decimal] = defaultdict(Decimal)
    by_session: dict[str, int] = {}
    free = asyncio.Semaphore(8)

    async def hold(number: int) -> None:
        rng = Random(number)
        study_id, session_id = rng.choice(STUDIES), f"s{number}"
        async with free:
            await store.create(session_id, scheduled(study_id), at=AT)
            granted = await ledger.reserve(session_id, wanted=10**6, cap=None)
            lease = await store.claim(session_id, holder="host", ttl_s=60)
            await store.append(lease, [BudgetGranted(amount=granted)], at=AT)
            for _ in range(rng.randrange(1, 3)):
                uses = [random_usage(rng) for _ in range(rng.randrange(8))]
                await store.append(lease, uses, at=AT)
                expected[study_id] += sum((dollars(use.amount) for use in uses), Decimal(0))
            if rng.random() < 0.9:
                ended = SessionEnded(status=SessionStatus.COMPLETED, reason=Reason.FINISHED, at_s=0)
                await store.append(lease, [ended], at=AT)
            by_session[session_id] = (await store.state(session_id)).spent

    async with asyncio.TaskGroup() as group:
        for number in range(1000):
            group.create_task(hold(number))

    for study_id in STUDIES:
        lines = await ledger.bill(study_id)
        total = sum(line.amount for line in lines)
        assert dollars(total) == expected[study_id]
        assert cents(total) == cents((await ledger.standing(study_id)).spent)
        sums: defaultdict[str, int] = defaultdict(int)
        for line in lines:
            sums[line.session_id] += line.amount
        assert all(by_session[session_id] == amount for session_id, amount in sums.items()), (
            "the ledger says of each session what its own log says"
        )
        before = lines
        assert await ledger.rebuild(study_id) == sum(line.uses for line in lines)
        assert await ledger.bill(study_id) == before
    assert sum(by_session.values()) == sum(int(usd * 10**6) for usd in expected.values())


@pytest.mark.parametrize("attempt", range(5))
async def test_two_concurrent_sessions_cannot_both_spend_the_last_reserve(
    database_url: str, engine: AsyncEngine, attempt: int
) -> None:
    store = PostgresSessionStore(engine)
    sessions = [f"s{attempt}-{number}" for number in range(12)]
    for session_id in sessions:
        await store.create(session_id, scheduled("one"), at=AT)
    # Hosts of their own: nothing but the database is between them.
    engines = [make_engine(database_url) for _ in range(4)]
    ledgers = [PostgresLedger(own) for own in engines]

    async def begin(number: int, session_id: str) -> int:
        try:
            return await ledgers[number % 4].reserve(session_id, wanted=100, cap=250)
        except StudySpent:
            return 0

    granted = await asyncio.gather(*(begin(number, each) for number, each in enumerate(sessions)))
    assert sorted(granted, reverse=True)[:4] == [100, 100, 50, 0]
    assert await ledgers[0].standing("one") == Standing(spent=0, held=250)
    for own in engines:
        await own.dispose()


async def test_what_a_session_spends_while_others_begin_is_never_out_of_sight(
    database_url: str, engine: AsyncEngine
) -> None:
    """Sessions spend and end while others begin: at no time is more given out than there is."""
    store, ledger = PostgresSessionStore(engine), PostgresLedger(engine)
    other = make_engine(database_url)
    cap, wanted = 2_000, 100
    given: list[int] = []
    refused = 0

    async def hold(number: int) -> None:
        nonlocal refused
        rng = Random(number)
        session_id = f"s{number}"
        await store.create(session_id, scheduled("one"), at=AT)
        await asyncio.sleep(rng.random() * 0.3)
        try:
            granted = await PostgresLedger(rng.choice([engine, other])).reserve(
                session_id, wanted=wanted, cap=cap
            )
        except StudySpent:
            refused += 1
            return
        given.append(granted)
        lease = await store.claim(session_id, holder="host", ttl_s=60)
        left = granted
        while left:
            amount = rng.randrange(1, left + 1)
            left -= amount
            await store.append(lease, [random_usage(rng).model_copy(update={"amount": amount})], at=AT)
            standing = await ledger.standing("one")
            assert standing.spent + standing.held <= cap
        ended = SessionEnded(status=SessionStatus.COMPLETED, reason=Reason.FINISHED, at_s=0)
        await store.append(lease, [ended], at=AT)

    await asyncio.gather(*(hold(number) for number in range(40)))
    assert await ledger.standing("one") == Standing(spent=cap, held=0)
    assert sum(given) == cap and refused == 20
    await other.dispose()


async def test_a_ledger_that_was_lost_is_made_anew_from_the_logs(engine: AsyncEngine) -> None:
    store, ledger = PostgresSessionStore(engine), PostgresLedger(engine)
    await store.create("s1", scheduled("one"), at=AT)
    await ledger.reserve("s1", wanted=100, cap=None)
    lease = await store.claim("s1", holder="host", ttl_s=60)
    await store.append(lease, [random_usage(Random(seed)) for seed in range(20)], at=AT)
    before = await ledger.bill("one")
    async with transaction(engine, "damage the ledger") as connection:
        await connection.execute(update(LedgerRow).values(amount=1))
        await connection.execute(delete(LedgerRow).where(LedgerRow.part == "stt"))
    assert await ledger.bill("one") != before
    assert await ledger.rebuild("one") == 20
    assert await ledger.bill("one") == before
    # And an append meanwhile is neither lost nor there twice.
    await asyncio.gather(
        ledger.rebuild("one"), store.append(lease, [random_usage(Random(99))], at=AT), ledger.rebuild("one")
    )
    assert sum(line.uses for line in await ledger.bill("one")) == 21
    assert sum(line.amount for line in await ledger.bill("one")) == (await store.state("s1")).spent
