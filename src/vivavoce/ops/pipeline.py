"""What happens after interviews, joined together: the stages there are, and a worker that does their jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine
from typing import Any

from prometheus_client import CollectorRegistry

from vivavoce.ops.children import speech_server
from vivavoce.ops.retention import Keeper
from vivavoce.pipeline.codebooks import Codebooks
from vivavoce.pipeline.redaction.redaction import Redaction
from vivavoce.pipeline.reporting import Reporting
from vivavoce.pipeline.stage import Chain
from vivavoce.pipeline.transcription import Recogniser, StudyOfHash, Transcription
from vivavoce.pipeline.worker import Worker
from vivavoce.protocol.study import Study
from vivavoce.session.clock import Clock, SystemClock
from vivavoce.settings import Settings
from vivavoce.speech.client import SpeechClient
from vivavoce.storage.errors import StudyUnknown
from vivavoce.storage.open import Storage, open_storage
from vivavoce.storage.studies import StudyStore
from vivavoce.telemetry.metrics import Metrics
from vivavoce.voice.cast import Cast


def chain(settings: Settings, storage: Storage, recogniser: Recogniser, clock: Clock) -> Chain:
    """Every stage there is. Who writes another one adds it here."""
    # Imported here: who only reads a study's versions does without prices and models.
    from vivavoce.ops.enrichment import enrichment

    cast = Cast(settings.speech)
    own = settings.pipeline.stt_model
    transcription = Transcription(
        log=storage.sessions,
        studies=versions(storage.studies),
        archive=storage.recordings,
        recogniser=recogniser,
        hearing=cast.hearing if own is None else lambda language: own,
        clock=clock,
    )
    redaction = Redaction(results=storage.derived)
    reading = enrichment(settings, storage, versions(storage.studies), clock)
    reporting = Reporting(results=storage.derived, codebooks=Codebooks(storage.codebooks).present)
    return Chain((transcription, redaction, reading, reporting))


def worker(
    settings: Settings,
    storage: Storage,
    recogniser: Recogniser,
    *,
    clock: Clock,
    metrics: Metrics,
    only: Collection[str] | None = None,
) -> Worker:
    """A worker for these stages; None: all there are."""
    return Worker(
        storage.url,
        chain=chain(settings, storage, recogniser, clock),
        only=only,
        jobs=storage.jobs,
        results=storage.derived,
        settings=settings.pipeline,
        metrics=metrics,
        index=storage.search,
    )


def runs(
    settings: Settings,
    storage: Storage,
    recogniser: Recogniser,
    *,
    clock: Clock,
    metrics: Metrics,
    only: Collection[str] | None = None,
) -> list[tuple[str, Coroutine[Any, Any, None]]]:
    """All that follows interviews, each by its name and to be run until it is cancelled: the jobs, and retention."""
    jobs = worker(settings, storage, recogniser, clock=clock, metrics=metrics, only=only)
    found: list[tuple[str, Coroutine[Any, Any, None]]] = [("pipeline", jobs.run())]
    if settings.pipeline.retention != "off":
        found.append(("retention", Keeper(storage, settings, clock).run()))
    return found


async def work(settings: Settings, *, only: Collection[str] | None = None) -> None:
    """Do jobs until cancelled, with the speech server of the settings or one of our own.

    Raises:
        VivavoceError: the storage or the speech server is not to be had.
    """
    async with (
        open_storage(settings, exclusive=False, create=False) as storage,
        speech_server(settings) as speech,
        SpeechClient(speech.url) as client,
    ):
        clock = SystemClock()
        metrics = Metrics(CollectorRegistry())
        async with asyncio.TaskGroup() as group:
            for name, running in runs(settings, storage, client, clock=clock, metrics=metrics, only=only):
                group.create_task(running, name=name)


def versions(studies: StudyStore) -> StudyOfHash:
    """The studies' versions, as the pipeline asks for them."""

    async def version(study_id: str, content_hash: str) -> Study | None:
        try:
            return (await studies.get(study_id, content_hash)).study
        except StudyUnknown:
            return None

    return version
