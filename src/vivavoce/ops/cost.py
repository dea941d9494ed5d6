"""What a study cost, and what it would have cost elsewhere: read off the ledger."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TypeVar

from vivavoce.agent.purse import study_cap
from vivavoce.session.ledger import Standing
from vivavoce.session.money import micro, written
from vivavoce.session.usage import Use
from vivavoce.settings import MoneySettings
from vivavoce.storage.ledger import BillLine
from vivavoce.storage.open import Storage
from vivavoce.voice.prices import HOST, Managed, Voice
from vivavoce.voice.tariff import MachineTariff

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True)
class Bill:
    """What a study was charged. Amounts are micro-dollars.

    Attributes:
        lines: by session, part, provider, model and price.
        cap: most that the study may spend; None: nobody set a limit.
    """

    study_id: str
    lines: Sequence[BillLine]
    standing: Standing
    cap: int | None

    @property
    def total(self) -> int:
        """The sum of all lines."""
        return sum(line.amount for line in self.lines)

    @property
    def seconds(self) -> float:
        """How long its interviews took together."""
        return sum(line.seconds for line in self.lines if line.part == "machine" and line.model == HOST)

    def by(self, key: Callable[[BillLine], K]) -> dict[K, int]:
        """The total split by something of each line."""
        sums: dict[K, int] = {}
        for line in self.lines:
            sums[key(line)] = sums.get(key(line), 0) + line.amount
        return sums

    def paid(self, *parts: str) -> int:
        """What these parts cost together; without any, all that is not a machine's time."""
        return sum(
            line.amount for line in self.lines if (line.part in parts if parts else line.part != "machine")
        )

    def split(self, part: str) -> tuple[Bill, Bill]:
        """The bill of the sessions that used this part, and that of the others."""
        used = {line.session_id for line in self.lines if line.part == part}
        lines = [line for line in self.lines if line.session_id in used]
        others = [line for line in self.lines if line.session_id not in used]
        return replace(self, lines=lines), replace(self, lines=others)

    def used(self, *parts: str) -> Use:
        """What was used for these parts, all of it together."""
        lines = [line for line in self.lines if line.part in parts]
        return Use(
            "llm",
            "all",
            input_tokens=sum(line.input_tokens for line in lines),
            cached_tokens=sum(line.cached_tokens for line in lines),
            output_tokens=sum(line.output_tokens for line in lines),
            input_audio_tokens=sum(line.input_audio_tokens for line in lines),
            output_audio_tokens=sum(line.output_audio_tokens for line in lines),
            cached_audio_tokens=sum(line.cached_audio_tokens for line in lines),
            characters=sum(line.characters for line in lines),
            seconds=sum(line.seconds for line in lines),
        )


@dataclass(frozen=True)
class Alternative:
    """A way to hold the same interviews.

    Attributes:
        amount: what the study would have cost, in micro-dollars.
        even_at: for a machine of the team's: with how many sessions at once, hour by hour, it costs no more than the
            cheapest managed one; None where there is nothing to compare.
    """

    name: str
    amount: int
    even_at: float | None = None


async def bill(storage: Storage, study_id: str, money: MoneySettings) -> Bill:
    """A study's bill.

    Raises:
        StudyUnknown: there is no such study.
    """
    study = (await storage.studies.get(study_id)).study
    lines = await storage.ledger.bill(study_id)
    standing = await storage.ledger.standing(study_id)
    return Bill(study_id, lines, standing, study_cap(study, money))


def compare(
    found: Bill,
    services: Iterable[Managed],
    voices: Iterable[Voice],
    *,
    hour_usd: Decimal | None,
    sessions: int,
) -> list[Alternative]:
    """What the same interviews would have cost with managed services, and on a machine of the team's own.

    Words that were prepared when the study was published are not said anew, so they are in none of the sums. What an
    interview of one kind would have used of the other was not measured: services stand in for the interviews that were
    held in parts, speech-to-speech models for those that such a model held, and the rest costs what it did.

    Args:
        found: what was measured.
        services: managed ones.
        voices: speech-to-speech models.
        hour_usd: of the machine; None leaves it out.
        sessions: how many the machine carries at once.
    """
    talked, in_parts = found.split("realtime")
    alternatives: list[Alternative] = []
    if in_parts.lines:
        llm, tts, stt = in_parts.used("llm", "guard"), in_parts.used("tts"), in_parts.used("stt")
        alternatives += [
            Alternative(
                each.name,
                each.llm.amount(llm) + each.tts.amount(tts) + each.stt.amount(stt) + talked.paid(),
            )
            for each in services
        ]
    if talked.lines:
        spoken, rest = talked.used("realtime"), found.paid() - talked.paid("realtime")
        alternatives += [Alternative(each.name, each.tariff.amount(spoken) + rest) for each in voices]
    if hour_usd is not None:
        use = Use("machine", HOST, seconds=found.seconds)
        alone = MachineTariff(HOST, "", hour_usd, 1).amount(use)
        cheapest = min((each.amount for each in alternatives), default=0)
        alternatives.append(
            Alternative(
                f"a machine at {written(micro(hour_usd))} an hour, {sessions} at once",
                MachineTariff(HOST, "", hour_usd, sessions).amount(use),
                even_at=alone / cheapest if cheapest else None,
            )
        )
    return alternatives
