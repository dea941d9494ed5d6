"""A study's policy for what a language model says: what is judged, by whom, and what is said instead.

A wording of the study needs no judge: its team wrote it, `study check` read it, and it is known before the interview.
Every sentence of a model's is judged before it is heard. A judge that gives no verdict has said no.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field

from vivavoce.protocol.facts import Verdict
from vivavoce.protocol.languages import base_language
from vivavoce.protocol.place import Place

Check = Literal["leading", "advice", "disclosure", "praise"]
"""What a moderator does not do (`protocol.conduct`)."""

CHECKS: tuple[Check, ...] = get_args(Check)

Hazard = Literal["S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S11", "S12", "S13"]

HAZARDS: Mapping[Hazard, str] = MappingProxyType(
    {
        "S1": "violent crimes",
        "S2": "non-violent crimes",
        "S3": "sex-related crimes",
        "S4": "child sexual exploitation",
        "S5": "defamation",
        "S6": "specialised advice",
        "S7": "privacy",
        "S8": "intellectual property",
        "S9": "indiscriminate weapons",
        "S10": "hate",
        "S11": "suicide and self-harm",
        "S12": "sexual content",
        "S13": "elections",
    }
)
"""Llama Guard 3's categories, after MLCommons
(https://www.llama.com/docs/model-cards-and-prompt-formats/llama-guard-3/)."""

LONGEST_WAIT_S = 1.5
"""The longest a verdict is waited for: with the silence before it, what people take for a broken line is longer."""

SHORTEST_WAIT_S = 0.1

MOST_MODELS = 4

_Chosen = TypeVar("_Chosen", bound=str)

SAFE_LINES: Mapping[str, str] = MappingProxyType(
    {
        "en": "Let me come back to our questions.",
        "de": "Lassen Sie uns zu unseren Fragen zurückkommen.",
        "fr": "Revenons à nos questions.",
        "es": "Volvamos a nuestras preguntas.",
        "ja": "質問に戻りましょう。",
    }
)
"""What is said in place of a withheld sentence, by language; the study's next words follow it."""


class Guard(BaseModel):
    """The study's `guard:` section.

    `checks` are those of our own, `models` names the guard models of the settings (None: their default ones), `allow`
    the hazards that do not keep a sentence back. `timeout_s` is how long a verdict is waited for. `safe_line` replaces
    `SAFE_LINES`, by language. `after_the_fact` accepts that a speech-to-speech model is heard while it is judged, and
    can only be interrupted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    checks: tuple[Check, ...] = CHECKS
    models: tuple[str, ...] | None = None
    allow: tuple[Hazard, ...] = ()
    timeout_s: float = LONGEST_WAIT_S
    safe_line: dict[str, str] = Field(default_factory=dict[str, str])
    after_the_fact: bool = False

    def withholds(self, verdict: Verdict) -> bool:
        """Whether a sentence with this verdict is kept back."""
        if verdict.outcome == "unsafe":
            return not verdict.reasons or not set(verdict.reasons) <= set(self.allow)
        return verdict.outcome != "safe"

    @property
    def holds(self) -> bool:
        """Whether it is to keep words back before they are heard."""
        return not self.after_the_fact and (bool(self.checks) or self.models != ())

    def line(self, language: str) -> str:
        """The safe line in a language that a model can moderate in."""
        return self.safe_line.get(language) or SAFE_LINES.get(base_language(language), "")


def read_guard(place: Place | None, line: Callable[[Place], Mapping[str, str]]) -> Guard:
    """The section as the file gives it, with its defaults.

    Args:
        place: where it stands, if it does.
        line: reads a text in every language of the study.
    """
    if place is None:
        return Guard()
    with place.table("the guard section") as table:
        checks = table.get("checks")
        models = table.get("models")
        allow = table.get("allow")
        timeout = table.get("timeout_s")
        safe_line = table.get("safe_line")
        after_the_fact = table.get("after_the_fact")
        return Guard(
            checks=CHECKS if checks is None else _chosen(checks, CHECKS, "check of a moderator's conduct"),
            models=None if models is None else _names(models),
            allow=() if allow is None else _chosen(allow, tuple(HAZARDS), "hazard"),
            timeout_s=LONGEST_WAIT_S
            if timeout is None
            else timeout.number(
                least=SHORTEST_WAIT_S, most=LONGEST_WAIT_S, unit="seconds", default=LONGEST_WAIT_S
            ),
            safe_line={} if safe_line is None else dict(line(safe_line)),
            after_the_fact=after_the_fact is not None and after_the_fact.flag(),
        )


def _chosen(place: Place, options: tuple[_Chosen, ...], what: str) -> tuple[_Chosen, ...]:
    found = [(item, item.choice(options, what)) for item in place.items()]
    return tuple(dict.fromkeys(choice for item, choice in found if choice and _once(item, choice, found)))


def _names(place: Place) -> tuple[str, ...]:
    items = place.items()
    if len(items) > MOST_MODELS:
        place.note(
            f"{len(items)} guard models are more than {MOST_MODELS}.",
            "Each must answer in time: keep the best.",
        )
    found = [(item, item.slug()) for item in items]
    return tuple(dict.fromkeys(name for item, name in found if name and _once(item, name, found)))


def _once(item: Place, value: str, found: Sequence[tuple[Place, str | None]]) -> bool:
    """Whether a value is there for the first time; noted if not."""
    first = next(place for place, other in found if other == value)
    if first is not item:
        item.note(f"`{value}` is there twice.", "Remove one of them.")
    return first is item
