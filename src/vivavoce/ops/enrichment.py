"""The stage `enrichment` put together: its child process, the codebooks, and a language model if one is named."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from vivavoce.ops.findings import Task
from vivavoce.pipeline.apart import run_apart
from vivavoce.pipeline.codebooks import Codebooks
from vivavoce.pipeline.enrichment.asking import Account
from vivavoce.pipeline.enrichment.findings import Findings
from vivavoce.pipeline.enrichment.judged import Pace
from vivavoce.pipeline.enrichment.material import Material, Mind
from vivavoce.pipeline.enrichment.stage import Analyse, Enrichment
from vivavoce.pipeline.patience import NotYet
from vivavoce.pipeline.transcription import StudyOfHash
from vivavoce.session.clock import Clock
from vivavoce.session.errors import LeaseHeld
from vivavoce.session.store import holding
from vivavoce.session.usage import Use
from vivavoce.settings import Settings
from vivavoce.storage.open import Storage
from vivavoce.storage.sessions import PostgresSessionStore
from vivavoce.voice.prices import PriceTable
from vivavoce.voice.tariff import Tariff, metered

LOCAL_S = 900.0
"""Seconds that the local grade may take; 3 hours of talk take about a minute."""

LEASE_S = 15.0
HOLDER = "enrichment"


def enrichment(settings: Settings, storage: Storage, studies: StudyOfHash, clock: Clock) -> Enrichment:
    """The stage. Call it on the main thread: livekit imports its plug-ins there.

    Raises:
        ProfileUnknown: the settings name a model that they do not have.
        PriceUnknown: that model has no price.
        PluginMissing: its provider is an extra that is not installed.
    """
    pipeline = settings.pipeline
    mind, thinker, tariff = None, None, None
    if pipeline.model is not None:
        # livekit's plug-ins, which a worker without a model does without.
        from vivavoce.ops.thinker import ModelThinker
        from vivavoce.voice.llm import open_model

        name, profile = settings.llm.profile(pipeline.model)
        # What a live reply may take is no measure for a batch's answer.
        patient = profile.model_copy(update={"reply_s": pipeline.answer_s})
        mind = Mind(profile=name, provider=profile.provider, model=profile.model)
        thinker = ModelThinker(open_model(patient), name, answer_s=pipeline.answer_s)
        tariff = PriceTable.of(settings).model(name).tariff
    return Enrichment(
        results=storage.derived,
        studies=studies,
        codebooks=Codebooks(storage.codebooks),
        analyse=apart(settings, clock),
        mind=mind,
        thinker=thinker,
        pace=Pace(batch=pipeline.batch, at_once=pipeline.calls_at_once),
        charge=charging(storage.sessions, tariff, mind, clock),
        clock=clock,
    )


def apart(settings: Settings, clock: Clock) -> Analyse:
    """The local grade in a child process."""

    async def analyse(material: Material) -> Findings:
        task = Task(material=material, at=clock.now())
        out = await run_apart(
            "vivavoce.ops.findings",
            str(settings.models_dir.expanduser()),
            timeout_s=LOCAL_S,
            stdin=task.model_dump_json().encode(),
        )
        return Findings.model_validate_json(out)

    return analyse


def charging(
    sessions: PostgresSessionStore, tariff: Tariff | None, mind: Mind | None, clock: Clock
) -> Callable[[str, Account], Awaitable[None]]:
    """Writes what a session's enrichment cost into its log, one event a run, and so into the ledger."""

    async def charge(session_id: str, account: Account) -> None:
        assert tariff is not None and mind is not None, "only a model has an account"
        use = Use(
            "llm",
            mind.profile,
            input_tokens=account.input_tokens,
            cached_tokens=account.cached_tokens,
            output_tokens=account.output_tokens,
        )
        try:
            async with holding(sessions, session_id, holder=HOLDER, ttl_s=LEASE_S) as lease:
                state, now = await sessions.state(session_id), clock.now()
                used = metered(use, tariff, subject=HOLDER, at_s=state.at_s(now))
                await sessions.append(lease, [used], at=now)
        except LeaseHeld as error:
            raise NotYet(str(error), next_step="The job is tried again.") from error

    return charge
