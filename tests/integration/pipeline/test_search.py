"""Search on real PostgreSQL: words in their forms in several languages, filters, and an index that keeps step."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from archived import segment, session
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from tests.integration.pipeline.conftest import Hold

from vivavoce.pipeline.redaction.redacted import Redacted
from vivavoce.pipeline.searching import catch_up, searchable
from vivavoce.pipeline.transcript import Transcript
from vivavoce.storage.derived import DerivedStore
from vivavoce.storage.engine import transaction
from vivavoce.storage.search import Hits, SearchStore, Unsearched, Where, forget

AT = datetime(2030, 1, 1, 9, tzinfo=UTC)

SAID = {
    "en": ("The queues were far too long, I nearly left.", "To be or not to be, as they say."),
    "de": ("Die Häuser am Markt waren schön, aber die Schlange war lang.",),
    "ar": ("كان الطابور طويلا جدا أمام المتاجر.",),
    "ja": ("市場の行列がとても長かったです。コーヒーを買いました。",),
    "th": ("แถวยาวมากที่ตลาด",),
}


@pytest.fixture
def index(engine: AsyncEngine) -> SearchStore:
    return SearchStore(engine)


@pytest.fixture
def derived(engine: AsyncEngine) -> DerivedStore:
    return DerivedStore(engine)


def told(name: str, *said: str, language: str | None = "en", **more: object) -> Transcript:
    """An interview in which a participant says these things, one to each question."""
    return session(name).model_copy(
        update={
            "segments": tuple(
                segment(i, "participant", words, 10.0 * i, 10.0 * i + 5, language=language, **more)
                for i, words in enumerate(said)
            )
        }
    )


async def keep(
    derived: DerivedStore, transcript: Transcript, *, made_of: str = "1", instead_of: str | None = None
) -> None:
    await derived.keep(
        transcript.session_id,
        "redaction",
        input_hash=made_of,
        output=Redacted(transcript=transcript).model_dump_json(),
        instead_of=instead_of,
    )


@pytest.fixture
async def held(hold: Hold, derived: DerivedStore, index: SearchStore) -> SearchStore:
    """An interview in each language, indexed."""
    for language, said in SAID.items():
        await hold(language)
        await keep(derived, told(language, *said, language=language))
    assert await catch_up(index) == len(SAID)
    assert await catch_up(index) == 0
    return index


def places(found: Hits) -> list[tuple[str, int]]:
    return [(hit.session_id, hit.passage.index) for hit in found.hits]


def marked(found: Hits) -> list[str]:
    return [run for hit in found.hits for run, mark in hit.headline if mark]


@pytest.mark.parametrize(
    ("words", "where", "marks"),
    [
        ("queue", ("en", 0), ["queues"]),
        ('"I NEARLY left"', ("en", 0), ["nearly", "left"]),
        ("schlangen", ("de", 0), ["Schlange"]),
        ("HAUS", ("de", 0), ["Häuser"]),
        ("متاجر", ("ar", 0), ["المتاجر"]),
        ("行列", ("ja", 0), ["行列"]),
        ("ｺｰﾋｰ", ("ja", 0), ["コーヒー"]),
        ("長", ("ja", 0), ["長"]),
        ('"to be or not to be"', ("en", 1), ["To", "be", "or", "not", "to", "be"]),
        ("ตลาด", ("th", 0), ["ตลาด"]),
    ],
)
async def test_words_are_found_in_their_forms_whatever_the_language(
    held: SearchStore, words: str, where: tuple[str, int], marks: list[str]
) -> None:
    found = await held.find(words)
    assert places(found) == [where]
    assert marked(found) == marks


async def test_all_words_either_or_none(held: SearchStore) -> None:
    assert places(await held.find("queue schlange")) == []
    assert {place[0] for place in places(await held.find("queue or schlange or 行列"))} == {"en", "de", "ja"}
    assert places(await held.find("queue -left")) == []
    assert places(await held.find("行列 -買い")) == []
    assert places(await held.find("行列 -紅茶")) == [("ja", 0)]


async def test_what_is_not_asked_finds_nothing_and_breaks_nothing(held: SearchStore) -> None:
    for words in ("", " ", "!", "'", "\\", "a & b | (", "-", '"', "行列'\\ :*", "the", "\x01"):
        await held.find(words)
    assert (await held.find("")).segments == 0


async def test_a_search_is_narrowed(hold: Hold, derived: DerivedStore, index: SearchStore) -> None:
    for day, name in enumerate(("s1", "s2")):
        await hold(name)
        transcript = told(name, "A queue here.", "A queue there.", topics=(f"t{day}",), phase=f"phase{day}")
        await keep(derived, transcript.model_copy(update={"joined_at": AT + timedelta(days=day)}))
    await catch_up(index)

    async def found(**where: object) -> list[tuple[str, int]]:
        return sorted(places(await index.find("queue", Where(**where))))  # pyright: ignore[reportArgumentType]

    everything = [("s1", 0), ("s1", 1), ("s2", 0), ("s2", 1)]
    assert await found(study="market") == everything
    assert await found(study="other") == []
    assert await found(session="s2") == await found(participant="p-s2") == everything[2:]
    assert await found(topic="t0") == await found(phase="phase0") == everything[:2]
    assert await found(question="q0") == everything
    assert await found(speaker="moderator") == []
    assert await found(language="en") == everything
    assert await found(language="de") == []
    assert await found(since=AT + timedelta(days=1)) == everything[2:]
    assert await found(until=AT + timedelta(days=1)) == everything[:2]
    best = await index.find("queue", limit=1)
    assert (len(best.hits), best.segments, best.sessions) == (1, 4, 2)


async def test_a_hit_says_where_it_is_to_be_heard(held: SearchStore) -> None:
    (hit,) = (await held.find("schlange")).hits
    assert (hit.participant, hit.passage.recording, hit.passage.at_s) == ("p-de", "de.ogg", 0.0)
    assert (hit.passage.segment, hit.passage.language, hit.held_at) == ("p0", "de", AT)


async def test_the_index_follows_the_transcripts(
    hold: Hold, engine: AsyncEngine, derived: DerivedStore, index: SearchStore
) -> None:
    await hold("s1")
    await keep(derived, told("s1", "I like the queue."))
    await catch_up(index)
    await keep(derived, told("s1", "I like the market."), made_of="2", instead_of="1")
    await catch_up(index)
    assert (await index.find("queue")).segments == 0
    assert (await index.find("market")).segments == 1
    # Taken out, it comes back as long as its transcript is kept, and goes with it.
    async with transaction(engine, "test") as connection:
        await forget(connection, "s1")
    assert (await index.find("market")).segments == 0
    assert await catch_up(index) == 1
    async with transaction(engine, "test") as connection:
        await connection.execute(text("DELETE FROM derived WHERE session_id = 's1'"))
    async with transaction(engine, "test") as connection:
        left = await connection.execute(text("SELECT count(*) FROM searched_segments"))
        assert left.scalar_one() == 0


async def test_only_redacted_words_are_searched(
    hold: Hold, derived: DerivedStore, index: SearchStore
) -> None:
    await hold("s1")
    said = told("s1", "I am Maria and hate the queue.")
    await derived.keep("s1", "transcription", input_hash="t", output=said.model_dump_json())
    assert await catch_up(index) == 0
    # As a version of ours before redaction left it.
    old = Unsearched("s1", "t", "")
    await index.keep(replace(searchable(old, said), stage="transcription"))
    assert (await index.find("maria")).segments == 1
    await catch_up(index)
    assert (await index.find("queue")).segments == 0
    await keep(derived, told("s1", "I am [name] and hate the queue."))
    await catch_up(index)
    assert (await index.find("maria")).segments == 0
    assert (await index.find("queue")).segments == 1


async def test_transcripts_nobody_can_read_and_empty_ones_are_indexed_as_nothing(
    hold: Hold, derived: DerivedStore, index: SearchStore
) -> None:
    await hold("s1")
    await hold("s2")
    await derived.keep("s1", "redaction", input_hash="1", output='{"format": "vivavoce/analysed/99"}')
    await keep(derived, told("s2"))
    assert await catch_up(index) == 2
    assert await catch_up(index) == 0
