"""Enrichment with everything as it is: child process, database, a language model behind HTTP, and the study's bill."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.integration.pipeline.conftest import Hold
from tests.integration.storage.conftest import demo_yaml as demo_yaml
from tests.lib.enriching import CODES, LIBRARY, sensible, transcript
from tests.lib.piped import pipeline_settings
from tests.lib.recorded import AT
from tests.lib.scripted_model import Reply, scripted_model

from vivavoce.ops.codes import add, apply
from vivavoce.ops.enrichment import enrichment
from vivavoce.ops.gathering import gather
from vivavoce.ops.pipeline import versions
from vivavoce.pipeline import stage as stages
from vivavoce.pipeline.codes import Author
from vivavoce.pipeline.enrichment.findings import Findings
from vivavoce.pipeline.enrichment.thinking import Message, ThinkerAway
from vivavoce.pipeline.kept import findings_of
from vivavoce.pipeline.redaction.finding import RULES
from vivavoce.pipeline.redaction.reading import redact
from vivavoce.session.clock import ManualClock
from vivavoce.settings import Settings
from vivavoce.storage.codebooks import CodebookChanged
from vivavoce.storage.open import Storage, open_storage

ANA = Author(kind="person", name="Ana")


def settings_of(database_url: str, folder: Path, models: Path, *, url: str | None = None) -> Settings:
    return pipeline_settings(folder / "vv", models, url=url, database_url=database_url)


def as_asked(request: dict[str, Any]) -> Reply:
    messages = tuple(Message(one["role"], one["content"]) for one in request["messages"])
    return Reply(sensible(messages))


async def with_transcript(storage: Storage, hold: Hold) -> None:
    await hold("s1")
    made = transcript(LIBRARY).model_copy(
        update={"study": transcript().study.model_copy(update={"id": "demo"})}
    )
    await storage.derived.keep("s1", "transcription", input_hash="t", output=made.model_dump_json())
    redacted = redact(made)
    await storage.derived.keep("s1", "redaction", input_hash="r", output=redacted.model_dump_json())
    await storage.codebooks.add("demo", CODES.version, CODES.model_dump_json(), editor="Ana")


async def enriched(settings: Settings, storage: Storage) -> Findings:
    stage = enrichment(settings, storage, versions(storage.studies), ManualClock(AT))
    assert await stages.run(stage, "s1", results=storage.derived, then=())
    assert not await stages.run(stage, "s1", results=storage.derived, then=())
    derived = await storage.derived.get("s1", "enrichment")
    assert derived is not None
    return Findings.model_validate_json(derived.output)


async def test_by_a_language_model(database_url: str, tmp_path: Path, hold: Hold) -> None:
    async with scripted_model() as model:
        model.script = as_asked
        settings = settings_of(database_url, tmp_path, tmp_path / "no-models", url=model.url)
        async with open_storage(settings, exclusive=True) as storage:
            await with_transcript(storage, hold)
            found = await enriched(settings, storage)
            bill = await storage.ledger.bill("demo")
            bundle = await gather(storage, "s1")
    assert len(model.requests) == 2
    assert found.grade == "llm"
    assert found.redaction == bundle.redaction == RULES
    assert found.summary.text == "They study in the library."
    assert {one.name for one in found.models} == {"test-model", "words-in-common"}
    (line,) = bill
    assert (line.part, line.model, line.uses) == ("llm", "test-model", 1)
    assert line.input_tokens == found.model_calls.input_tokens > 0
    assert line.amount > 0
    (coding,) = bundle.codings
    assert (coding.evidence, coding.code, str(coding.author)) == (
        "far too expensive",
        "cost",
        "test-model openai, prompts 1",
    )
    assert bundle.codebook == CODES


async def test_a_model_that_is_away_is_asked_again_later(
    database_url: str, tmp_path: Path, hold: Hold
) -> None:
    async with scripted_model() as model:
        model.script = lambda request: Reply(fault="refused")
        settings = settings_of(database_url, tmp_path, tmp_path, url=model.url)
        async with open_storage(settings, exclusive=True) as storage:
            await with_transcript(storage, hold)
            with pytest.raises(ThinkerAway, match="'big'"):
                await enriched(settings, storage)
            assert await storage.derived.get("s1", "enrichment") is None
            assert await storage.ledger.bill("demo") == []
            model.script = as_asked
            assert (await enriched(settings, storage)).grade == "llm"


@pytest.mark.models
async def test_by_local_models_alone(database_url: str, tmp_path: Path, hold: Hold, models_dir: Path) -> None:
    settings = settings_of(database_url, tmp_path, models_dir)
    async with open_storage(settings, exclusive=True) as storage:
        await with_transcript(storage, hold)
        found = await enriched(settings, storage)
    assert found.grade == "local"
    assert found.models[0].name == "multilingual-e5-small"
    (coding,) = found.codings
    assert coding.segment == 5  # both of its sentences are a complaint
    assert coding.author.name == "multilingual-e5-small"


async def test_codes_are_kept_in_versions_and_given_anew(
    database_url: str, tmp_path: Path, hold: Hold, demo_yaml: str
) -> None:
    settings = settings_of(database_url, tmp_path, tmp_path)
    async with open_storage(settings, exclusive=True) as storage:
        await storage.studies.publish(demo_yaml)
        await with_transcript(storage, hold)
        code = await add(storage, "demo", "Quiet rooms", {}, id=None, editor=ANA)
        assert (code.id, code.editor) == ("quiet-rooms", ANA)
        kept = await storage.codebooks.latest("demo")
        assert kept is not None
        assert (kept.version, kept.editor) == (CODES.version + 1, "Ana")
        with pytest.raises(CodebookChanged):
            await storage.codebooks.add("demo", kept.version, "{}", editor="Ben")
        assert await apply(storage, "demo") == 1
        jobs: Sequence[Any] = await storage.jobs.list(stage="enrichment")
        assert [job.session_id for job in jobs] == ["s1"]
        session = transcript(LIBRARY)
        assert await findings_of(storage.derived, session.session_id, session) is None
