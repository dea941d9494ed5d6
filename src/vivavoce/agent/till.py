"""The till: puts a price on everything a session uses, as it is used, and writes it into the log."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from vivavoce.session.events import UsageMetered
from vivavoce.session.state import SessionState
from vivavoce.session.usage import Part, Use
from vivavoce.settings.voice import SPEECH
from vivavoce.voice.prices import Priced, PriceTable
from vivavoce.voice.tariff import MachineTariff, Tariff

MACHINES_EVERY_S = 30.0
"""How often a machine's time is written down; at the end of the interview too."""


@dataclass(frozen=True)
class SessionPrices:
    """What the things that one session may use cost.

    Attributes:
        by_name: each use's tariff, by its part and the name in the settings.
        machines: those of the team's own that it occupies.
        elsewhere: profiles that hear or speak from the start instead of the speech server, by part.
    """

    by_name: Mapping[tuple[Part, str], Tariff]
    machines: Sequence[MachineTariff]
    elsewhere: Mapping[Part, str] = field(default_factory=dict[Part, str])

    @classmethod
    def of(
        cls,
        table: PriceTable,
        *,
        hears: Collection[str],
        speaks: Collection[str],
        models: Mapping[str, Part],
        elsewhere: Mapping[Part, str],
    ) -> SessionPrices:
        """The prices of a session.

        Args:
            table: of the deployment.
            hears: the engines that may transcribe.
            speaks: the engines of its voices.
            models: the model profiles it may use, with what for.

        Raises:
            PriceUnknown: one of them has no price.
        """
        used: dict[tuple[Part, str], Priced] = {("stt", name): table.engine(name) for name in hears}
        used |= {("tts", name): table.engine(name) for name in speaks}
        for profile, part in models.items():
            used[part, profile] = table.model(profile)
        machines = {priced.machine.model: priced.machine for priced in used.values() if priced.machine}
        return cls(
            {key: priced.tariff for key, priced in used.items()},
            (table.host, *machines.values()),
            elsewhere,
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
        self._elsewhere = dict(prices.elsewhere)
        # The time in which nobody held the session was no machine's.
        self._machines_s = now_s()

    def went_over(self, part: Part, name: str) -> None:
        """From now on a profile does this work; `SPEECH` is the speech server again."""
        if name == SPEECH:
            self._elsewhere.pop(part, None)
        else:
            self._elsewhere[part] = name

    def take(self, use: Use) -> None:
        """Write down a use, at its price."""
        use = replace(use, name=self._elsewhere.get(use.part, use.name))
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
        self._post(
            UsageMetered(
                part=use.part,
                provider=tariff.provider,
                model=tariff.model,
                subject=subject,
                input_tokens=use.input_tokens,
                cached_tokens=use.cached_tokens,
                cache_written_tokens=use.cache_written_tokens,
                output_tokens=use.output_tokens,
                input_audio_tokens=use.input_audio_tokens,
                output_audio_tokens=use.output_audio_tokens,
                cached_audio_tokens=use.cached_audio_tokens,
                characters=use.characters,
                seconds=round(use.seconds, 3),
                counted_by=use.counted_by,
                price=tariff.source,
                amount=tariff.amount(use),
                at_s=self._now_s(),
            )
        )
