"""What became of a model's calls, sentences and reply on the floor."""

from __future__ import annotations

from dataclasses import dataclass

from vivavoce.protocol.conduct.judge import GRAVE
from vivavoce.protocol.facts import Fact
from vivavoce.protocol.guard import Check


@dataclass(frozen=True)
class Judgement:
    """What became of a call.

    `facts` are to be written: what follows from the call, and the call itself. `answer` goes to the model. `rest` is to
    be spoken, and `over` says that the reply has ended with it.
    """

    accepted: bool
    answer: str
    facts: tuple[Fact, ...]
    rest: tuple[str, ...] = ()
    over: bool = False


@dataclass(frozen=True)
class Breach:
    """Words that are not said for what they do; see `protocol.conduct`."""

    text: str
    checks: tuple[Check, ...]

    @property
    def grave(self) -> bool:
        """Whether nothing more of the reply may be heard."""
        return not GRAVE.isdisjoint(self.checks)


@dataclass(frozen=True)
class Taken:
    """What became of a sentence.

    `facts` are to be written; `text` is to be spoken, if anything is; `breaches` are not. `enough` says that no other
    sentence of this reply will be.
    """

    facts: tuple[Fact, ...] = ()
    text: str = ""
    breaches: tuple[Breach, ...] = ()
    enough: bool = False

    @property
    def spoken(self) -> bool:
        """Whether anything of it is spoken."""
        return bool(self.text)


@dataclass(frozen=True)
class Outcome:
    """How the reply ended: `facts` to be written, and `rest`, the study's words to be spoken after the model's."""

    facts: tuple[Fact, ...] = ()
    rest: tuple[str, ...] = ()
