"""A worker of the pipeline whose stages cost nothing, in a process that tests kill."""

from __future__ import annotations

import asyncio
import random
from typing import ClassVar

from prometheus_client import CollectorRegistry
from pydantic import BaseModel

from vivavoce.pipeline.stage import Chain, Stage
from vivavoce.pipeline.worker import Worker
from vivavoce.settings import PipelineSettings
from vivavoce.storage.derived import DerivedStore
from vivavoce.storage.engine import make_engine
from vivavoce.storage.jobs import STAGES, JobStore, StageName
from vivavoce.storage.search import SearchStore
from vivavoce.telemetry.metrics import Metrics

SETTINGS = PipelineSettings(
    concurrency=2, poll_s=0.2, heartbeat_s=0.25, stalled_s=1.5, upkeep_s=0.3, deaths=1000
)


class Session(BaseModel):
    """What every stage works from."""

    session_id: str


class Cheap(Stage[Session]):
    """Takes a moment, so that there is one to be killed in."""

    longest_s: ClassVar[float] = 0.3

    def __init__(self, name: StageName) -> None:
        self.name = name  # pyright: ignore[reportAttributeAccessIssue]  # one class for all of them

    async def inputs(self, session_id: str) -> Session:
        """The session's id."""
        return Session(session_id=session_id)

    async def output(self, inputs: Session) -> Session:
        """The same."""
        await asyncio.sleep(random.uniform(0, self.longest_s))
        return inputs


def work(url: str) -> None:
    """Work until killed."""
    asyncio.run(_work(url))


async def _work(url: str) -> None:
    engine = make_engine(url)
    await Worker(
        url,
        chain=Chain(tuple(Cheap(name) for name in STAGES)),
        only=None,
        jobs=JobStore(engine),
        results=DerivedStore(engine),
        settings=SETTINGS,
        metrics=Metrics(CollectorRegistry()),
        index=SearchStore(engine),
    ).run()
