"""The till: puts a price on everything a session uses, as it is used, and writes it into the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from vivavoce.protocol.study import Study
from vivavoce.session.events import UsageMetered
from vivavoce.session.state import SessionState
from vivavoce.session.usage import Part, Use
from vivavoce.settings import GuardUnknown, ProfileUnknown, RealtimeUnknown, Settings
from vivavoce.voice.cast import Cast
from vivavoce.voice.prices import Priced, PriceTable
from vivavoce.voice.tariff import MachineTariff, Tariff, metered

MACHINES_EVERY_S = 30.0
"""How often a machine's time is written down; at the end of the interview too."""


@dataclass(frozen=True)
class SessionPrices:
    """What the things that one session may use cost.

    Attributes:
        by_name: each use's tariff, by its part and the name in the settings.
        machines: those of the team's own that it occupies.
    """

    by_name: Mapping[tuple[Part, str], Tariff]
    machines: Sequence[MachineTariff]

    @classmethod
    def of(cls, table: PriceTable, settings: Settings, study: Study) -> SessionPrices:
        """The prices of a session of a study.

        A profile that the settings do not have is used by nobody; the runner says so in the log.

        Args:
            table: of the deployment.
            settings: who hears, speaks, moderates and judges.
            study: what is asked.

        Raises:
            PriceUnknown: something that it may use has no price.
            VoiceMissing: a language of the study has no voice.
        """
        cast, stt, tts = Cast(settings.speech), settings.stt, settings.tts
        # In every language: a session may change to another one.
        hears = {cast.hearing(each) for each in study.languages} | stt.profiles.keys()
        speaks = {cast.voice(study, each).engine for each in study.languages} | tts.profiles.keys()
        used: dict[tuple[Part, str], Priced] = {("stt", name): table.engine(name) for name in sorted(hears)}
        used |= {("tts", name): table.engine(name) for name in sorted(speaks)}
        if study.moderator.thinks:
            with suppress(ProfileUnknown):
                for each in study.languages:
                    models = settings.llm.order(study.moderator.profile, each)
                    used |= {("llm", name): table.model(name) for name in models}
            with suppress(RealtimeUnknown):
                spoken = study.moderator.realtime
                order = {} if spoken is None else settings.realtime.order(spoken)
                used |= {("realtime", name): table.model(name) for name in order}
                writes = [name for name, profile in order.items() if profile.transcriber is not None]
                used |= {("stt", name): table.engine(name) for name in writes}
            with suppress(GuardUnknown):
                judges = settings.guard.chosen(study.guard.models)
                used |= {("guard", name): table.guard(name) for name in judges}
        machines = {priced.machine.model: priced.machine for priced in used.values() if priced.machine}
        return cls(
            {key: priced.tariff for key, priced in used.items()},
            (table.host, *machines.values()),
        )


class Till:
    """One session's.

    Args:
        prices: of what it may use.
        post: writes an event.
        state: the fold of the log.
        now_s: the session clock.
    """

    def __init__(
        self,
        prices: SessionPrices,
        *,
        post: Callable[[UsageMetered], None],
        state: Callable[[], SessionState],
        now_s: Callable[[], float],
    ) -> None:
        self._prices = prices
        self._post = post
        self._state = state
        self._now_s = now_s
        # The time in which nobody held the session was no machine's.
        self._machines_s = now_s()

    def take(self, use: Use) -> None:
        """Write down a use, at its price."""
        tariff = self._prices.by_name.get((use.part, use.name))
        if tariff is None:
            raise AssertionError(f"a session uses {use.name!r} for {use.part}, which it has no price for")
        subject = use.subject
        if subject is None and (moves := self._state().progress.moves):
            subject = f"m{moves}"
        self._write(use, tariff, subject)

    def tick(self) -> None:
        """Write down the machines' time, now and then."""
        if self._now_s() - self._machines_s >= MACHINES_EVERY_S:
            self.close()

    def close(self) -> None:
        """Write down the machines' time up to now."""
        now_s = self._now_s()
        seconds, self._machines_s = round(now_s - self._machines_s, 3), now_s
        if seconds > 0:
            for machine in self._prices.machines:
                self._write(Use("machine", machine.model, seconds=seconds, counted_by="us"), machine, None)

    def _write(self, use: Use, tariff: Tariff, subject: str | None) -> None:
        self._post(metered(use, tariff, subject=subject, at_s=self._now_s()))
