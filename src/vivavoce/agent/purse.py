"""The purse: gives a study's sessions their budgets, and tells the team when the study's money runs out."""

from __future__ import annotations

import asyncio

import structlog

from vivavoce.errors import VivavoceError
from vivavoce.protocol.study import Study
from vivavoce.session.errors import StudySpent
from vivavoce.session.ledger import Ledger
from vivavoce.session.money import micro, written
from vivavoce.settings import MoneySettings
from vivavoce.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)


def session_budget(study: Study, settings: MoneySettings) -> int:
    """Most that one session of the study may spend, in micro-dollars: the study's limit or the settings', the lower."""
    own, most = study.limits.session_usd, settings.session_usd
    return micro(most if own is None else min(own, most))


def study_cap(study: Study, settings: MoneySettings) -> int | None:
    """Most that all its sessions may spend, in micro-dollars; None: nobody set a limit."""
    given = [usd for usd in (study.limits.study_usd, settings.study_usd) if usd is not None]
    return micro(min(given)) if given else None


class Purse:
    """For all sessions of a process.

    Args:
        ledger: knows what was spent and what is set aside.
        settings: the limits of the deployment.
        metrics: of the process.
    """

    def __init__(self, ledger: Ledger, settings: MoneySettings, *, metrics: Metrics) -> None:
        self._ledger = ledger
        self._settings = settings
        self._metrics = metrics
        self._told: set[tuple[str, int]] = set()
        self._looking: set[asyncio.Task[None]] = set()

    async def admits(self, study: Study) -> bool:
        """Whether the study has money for another session."""
        standing = await self._ledger.standing(study.id)
        return (
            standing.grant(wanted=session_budget(study, self._settings), cap=study_cap(study, self._settings))
            is not None
        )

    async def open(self, session_id: str, study: Study) -> int:
        """Set a session's budget aside; gives what it may spend, in micro-dollars.

        Raises:
            StudySpent: the study has too little left.
        """
        wanted, cap = session_budget(study, self._settings), study_cap(study, self._settings)
        try:
            return await self._ledger.reserve(session_id, wanted=wanted, cap=cap)
        except StudySpent:
            log.warning("session refused: the study's money is spent or set aside", study_id=study.id)
            raise

    def closed(self, study: Study) -> None:
        """A session of the study is over: see how the study stands, and tell the team if it must know."""
        if study_cap(study, self._settings) is not None:
            task = asyncio.get_running_loop().create_task(self.look(study), name="look into the ledger")
            self._looking.add(task)
            task.add_done_callback(self._looking.discard)

    async def look(self, study: Study) -> None:
        """Tell, once for each, that 85 % and that all of a study's money is spent."""
        cap = study_cap(study, self._settings)
        if cap is None:
            return
        try:
            standing = await self._ledger.standing(study.id)
        except VivavoceError as error:
            log.warning("ledger not read", study_id=study.id, error=str(error))
            return
        for percent in standing.alerts(cap):
            if (study.id, percent) not in self._told:
                self._told.add((study.id, percent))
                self._metrics.study_alert(percent)
                log.warning(
                    "study has spent its money" if percent == 100 else "study has spent most of its money",
                    study_id=study.id,
                    percent=percent,
                    spent=written(standing.spent),
                    cap=written(cap),
                )

    async def aclose(self) -> None:
        """Let what is being looked at come to its end."""
        await asyncio.gather(*self._looking)
