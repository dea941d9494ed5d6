"""What happens after interviews, joined together: the stages there are, and a worker that does their jobs."""

from __future__ import annotations

from collections.abc import Collection

from prometheus_client import CollectorRegistry

from vivavoce.ops.children import speech_server
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
    return Chain((transcription, enrichment(settings, storage, versions(storage.studies), clock)))


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
    )


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
        await worker(
            settings, storage, client, clock=SystemClock(), metrics=Metrics(CollectorRegistry()), only=only
        ).run()


def versions(studies: StudyStore) -> StudyOfHash:
    """The studies' versions, as the pipeline asks for them."""

    async def version(study_id: str, content_hash: str) -> Study | None:
        try:
            return (await studies.get(study_id, content_hash)).study
        except StudyUnknown:
            return None

    return version
