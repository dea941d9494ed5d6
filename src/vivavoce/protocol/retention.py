"""How long a study keeps what participants said. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

from vivavoce.protocol.place import Place

OnWithdrawal = Literal["keep", "erase"]
ON_WITHDRAWAL: tuple[OnWithdrawal, ...] = get_args(OnWithdrawal)

Action = Literal["cool", "erase", "decide"]
"""`cool`: move its recordings to the cold store. `decide`: its participant stopped it, and the study says nothing."""

MOST_DAYS = 36_500


class Retention(BaseModel):
    """What happens to an interview when it is over. Days count from its end; None: never.

    Attributes:
        cold_after_days: then its recordings move to the cold store, from where they can still be exported.
        delete_after_days: then its content is erased.
        withdrawn: what becomes of an interview that its participant stopped. None: nobody has said yet.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    cold_after_days: float | None = None
    delete_after_days: float | None = None
    withdrawn: OnWithdrawal | None = None

    def stricter(self, other: Retention) -> Retention:
        """What keeps to both: of a study's version that was consented to, and of its present one."""
        either = self.withdrawn, other.withdrawn
        return Retention(
            cold_after_days=_sooner(self.cold_after_days, other.cold_after_days),
            delete_after_days=_sooner(self.delete_after_days, other.delete_after_days),
            withdrawn="erase" if "erase" in either else self.withdrawn or other.withdrawn,
        )

    def due(self, *, ended_at: datetime, withdrawn: bool, warm: bool, now: datetime) -> Action | None:
        """What is to be done with an interview that is over.

        Args:
            ended_at: of its last sitting.
            withdrawn: its participant stopped it.
            warm: it has recordings that are not in the cold store.
            now: the present.
        """
        over = now - ended_at
        if withdrawn and self.withdrawn == "erase":
            return "erase"
        if self.delete_after_days is not None and over >= timedelta(days=self.delete_after_days):
            return "erase"
        if withdrawn and self.withdrawn is None:
            return "decide"
        if warm and self.cold_after_days is not None and over >= timedelta(days=self.cold_after_days):
            return "cool"
        return None


def read_retention(place: Place | None) -> Retention:
    """The `retention` of a study file."""
    if place is None:
        return Retention()
    with place.table("the retention") as table:

        def days(key: str, example: float) -> float | None:
            found = table.get(key)
            if found is None:
                return None
            return found.number(least=1, most=MOST_DAYS, unit="days", default=example)

        cold, delete = days("cold_after_days", 90), days("delete_after_days", 365)
        withdrawn = table.get("withdrawn")
        if cold is not None and delete is not None and delete <= cold:
            place.note(
                f"The recordings would be erased after {delete:g} days, no later than they move to the cold store.",
                f"Leave `cold_after_days` out, or write `delete_after_days: {cold * 4:g}`.",
            )
        return Retention(
            cold_after_days=cold,
            delete_after_days=delete,
            withdrawn=None if withdrawn is None else withdrawn.choice(ON_WITHDRAWAL, "way with it"),
        )


def _sooner(one: float | None, other: float | None) -> float | None:
    return min((days for days in (one, other) if days is not None), default=None)
