"""Personal data in a text: what kind it is, where it stands, which rule says so, and what is kept
where several overlap."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, get_args

Kind = Literal["name", "e-mail", "web", "phone", "card", "iban", "id", "birth-date", "address"]
"""`web`: an address on the web. `id`: a number that an office or an insurer gave somebody."""

KINDS: tuple[Kind, ...] = get_args(Kind)

RULES = "rules/2"
"""The version of the rules; its number is raised when they find something else."""

EARLIER: tuple[str, ...] = tuple(f"rules/{number}" for number in range(1, int(RULES.removeprefix("rules/"))))
"""The versions before: what they redacted is redacted again."""


@dataclass(frozen=True, slots=True)
class Found:
    """Personal data in a text.

    Attributes:
        start: its first character.
        end: the first character that is not in it any more.
        rule: that found it, such as `names/introduced`.
        score: how sure that rule is, 0 to 1.
    """

    kind: Kind
    start: int
    end: int
    rule: str
    score: float

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError(f"{self.start} to {self.end} is no stretch of a text")


def placeholder(kind: Kind) -> str:
    """What stands in a text instead: one word, the same in every language."""
    return f"[{kind}]"


def settle(found: Iterable[Found]) -> tuple[Found, ...]:
    """What to act on, in the order of the text, none overlapping another.

    What overlaps is covered whole: the surest rule names its kind, the longest of equally sure ones.
    """
    settled: list[Found] = []
    for one in sorted(found, key=lambda one: (one.start, -one.end)):
        if settled and one.start < settled[-1].end:
            settled[-1] = _joined(settled[-1], one)
        else:
            settled.append(one)
    return tuple(settled)


def _joined(first: Found, second: Found) -> Found:
    best = max(first, second, key=lambda one: (one.score, one.end - one.start))
    return replace(best, start=first.start, end=max(first.end, second.end))
