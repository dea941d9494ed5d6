"""Tariffs: how an amount of use becomes an amount of money. Pure, in micro-dollars."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from vivavoce.session.events import UsageMetered
from vivavoce.session.money import micro
from vivavoce.session.usage import OURSELVES, Use

MILLION = Decimal(1_000_000)


class Tariff(Protocol):
    """What something costs."""

    @property
    def provider(self) -> str:
        """Who is paid."""
        ...

    @property
    def model(self) -> str:
        """What for."""
        ...

    @property
    def source(self) -> str:
        """Where the price comes from, with its version."""
        ...

    def amount(self, use: Use) -> int:
        """The cost of a use, in micro-dollars."""
        ...


@dataclass(frozen=True)
class UnitTariff:
    """So much a million tokens or characters, so much a minute of sound; None where it is not paid by that."""

    provider: str
    model: str
    source: str
    input_usd: Decimal | None = None
    cached_usd: Decimal | None = None
    output_usd: Decimal | None = None
    input_audio_usd: Decimal | None = None
    cached_audio_usd: Decimal | None = None
    output_audio_usd: Decimal | None = None
    characters_usd: Decimal | None = None
    minute_usd: Decimal | None = None

    def amount(self, use: Use) -> int:
        """The cost of a use, in micro-dollars."""
        # Sound that has no price of its own is billed as text is.
        heard = min(use.input_audio_tokens, use.input_tokens) if self.input_audio_usd is not None else 0
        spoken = min(use.output_audio_tokens, use.output_tokens) if self.output_audio_usd is not None else 0
        from_cache = min(use.cached_tokens, use.input_tokens)
        heard_from_cache = min(use.cached_audio_tokens, heard, from_cache)
        usd = (
            _read(use.input_tokens - heard, from_cache - heard_from_cache, self.input_usd, self.cached_usd)
            + _read(heard, heard_from_cache, self.input_audio_usd, self.cached_audio_usd)
            + (use.output_tokens - spoken) * (self.output_usd or Decimal(0)) / MILLION
            + spoken * (self.output_audio_usd or Decimal(0)) / MILLION
            + use.characters * (self.characters_usd or Decimal(0)) / MILLION
            + Decimal(str(use.seconds)) * (self.minute_usd or Decimal(0)) / 60
        )
        return micro(usd)


def metered(use: Use, tariff: Tariff, *, subject: str | None, at_s: float) -> UsageMetered:
    """A use at its price, as a session's log has it; `at_s` on the session clock."""
    return UsageMetered(
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
        at_s=at_s,
    )


def _read(tokens: int, cached: int, usd: Decimal | None, cached_usd: Decimal | None) -> Decimal:
    """The cost of tokens that were read, some of them from the cache."""
    price = usd or Decimal(0)
    cached = min(cached, tokens)
    return ((tokens - cached) * price + cached * (price if cached_usd is None else cached_usd)) / MILLION


@dataclass(frozen=True)
class PackageTariff:
    """A price out of a package that knows providers' rules: caches, sound, tiers by length and time of day."""

    provider: str
    model: str
    source: str
    usd: Callable[[Use], Decimal] = field(compare=False)

    def amount(self, use: Use) -> int:
        """The cost of a use, in micro-dollars."""
        return micro(self.usd(use))


@dataclass(frozen=True)
class OwnTariff:
    """What runs on a machine of the team's costs nothing by the piece: the machine's time is what is paid."""

    model: str
    source: str
    provider: str = OURSELVES

    def amount(self, use: Use) -> int:
        """Nothing."""
        return 0


@dataclass(frozen=True)
class MachineTariff:
    """A machine's hour, shared by the sessions that it carries at once. An hour in which it idles is nobody's.

    Attributes:
        model: the machine's name.
        sessions: how many share it.
    """

    model: str
    source: str
    hour_usd: Decimal
    sessions: int
    provider: str = OURSELVES

    def amount(self, use: Use) -> int:
        """The cost of one session's seconds on it, in micro-dollars."""
        return micro(Decimal(str(use.seconds)) * self.hour_usd / 3600 / self.sessions)
