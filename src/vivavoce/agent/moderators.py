"""Who moderates a session besides the study's own words: language models, speech-to-speech models, and their judges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from vivavoce.agent.equipment import Equipment
from vivavoce.errors import VivavoceError
from vivavoce.moderator.guard.chain import Chain
from vivavoce.moderator.mind import Mind
from vivavoce.protocol.prompts.pack import PackUnreviewed
from vivavoce.protocol.study import Study
from vivavoce.session.usage import Used
from vivavoce.settings import GuardUnknown, ProfileUnknown, RealtimeProfile, RealtimeUnknown
from vivavoce.voice.failover import Link, Route, Switched

Note = Callable[[Literal["guard", "llm", "realtime"], VivavoceError], None]
"""Writes down why somebody does not moderate."""


@dataclass(frozen=True)
class Moderators:
    """Those of one session. Without any, a semi-structured interview is held in the study's words.

    Attributes:
        models: gives the way along the language models in the language that is spoken now; None: there is none.
        judges: who judges what is said.
        voices: the speech-to-speech models that go before them, in the order in which they are tried.
        patience_s: the longest that one of them takes for a reply.
    """

    models: Callable[[], Route[Mind]] | None
    judges: Chain
    voices: tuple[Link[RealtimeProfile], ...] = ()
    patience_s: float = 0.0

    @property
    def think(self) -> bool:
        """Whether there are any."""
        return self.models is not None or bool(self.voices)


def moderators(
    study: Study,
    equipment: Equipment,
    *,
    language: Callable[[], str],
    used: Used,
    switched: Switched,
    note: Note,
) -> Moderators:
    """Those that a study wants and the host has. Where what a model is told was not reviewed there are none.

    Args:
        study: what is asked.
        equipment: of the host.
        language: that is spoken now.
        used: told of what judges use.
        switched: told when another language model answers.
        note: see `Note`.
    """
    nobody = Moderators(None, Chain((), study.guard))
    if not study.moderator.thinks:
        return nobody
    minds, spoken = equipment.minds, study.moderator.realtime
    voices: tuple[Link[RealtimeProfile], ...] = ()
    try:
        minds.may_hold(study.languages)
        judges = equipment.guards.chain(study.guard, used=used)
    except (PackUnreviewed, GuardUnknown) as error:
        note("guard" if isinstance(error, GuardUnknown) else "llm", error)
        return nobody
    if spoken is not None:
        try:
            voices = tuple(equipment.realtimes.order(spoken))
        except RealtimeUnknown as error:
            note("realtime", error)
    patience_s = max((link.part.reply_s for link in voices), default=0.0)
    try:
        ways = minds.routes(study.moderator.profile, study.languages, switched=switched)
    except ProfileUnknown as error:
        if not voices:
            note("llm", error)
        return Moderators(None, judges, voices, patience_s)
    return Moderators(lambda: ways[language()], judges, voices, max(patience_s, minds.longest_reply_s))
