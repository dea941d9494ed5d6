"""Who words the interview: the study alone, or a language model on the protocol's rails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from vivavoce.protocol.place import Place
from vivavoce.protocol.prompts.pack import has_pack, load_pack

Mode = Literal["structured", "semi_structured"]

Freedom = Literal["bridge", "reword", "explore"]
"""How far a model may go.

`bridge`: it mirrors an answer in a sentence or two; questions and probes are said in the study's words. `reword`: it
also words the study's questions and probes, and may follow up on an answer in its own words. `explore`: it also chooses
the order of a phase's questions.
"""

MOST_OWN_PROBES = 5


class Moderator(BaseModel):
    """The study's `moderator:` section.

    `profile` names a model profile of the settings (`llm.profiles`); None takes their default. `realtime` names a
    speech-to-speech profile (`realtime.profiles`), which moderates instead where it can be reached at the start.
    `style` tells the model who it is and how it speaks. `own_probes` is how often it may follow up on one question in
    its own words. `prompts` are the SHA-256 of the prompt packs by language, so that a study's hash covers every word
    its model is told.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Mode = "structured"
    profile: str | None = None
    realtime: str | None = None
    style: str = ""
    freedom: Freedom = "reword"
    own_probes: int = 1
    prompts: dict[str, str] = Field(default_factory=dict[str, str])

    @property
    def thinks(self) -> bool:
        """Whether a language model takes part."""
        return self.mode == "semi_structured"


def read_moderator(place: Place | None, languages: Sequence[str]) -> Moderator:
    """The section as the file gives it, with its defaults."""
    if place is None:
        return Moderator()
    with place.table("the moderator section") as table:
        mode = table.get("mode")
        profile = table.get("profile")
        realtime = table.get("realtime")
        style = table.get("style")
        freedom = table.get("freedom")
        own_probes = table.get("own_probes")
        chosen: Mode = (mode and mode.choice(get_args(Mode), "way to moderate")) or "structured"
        packs = [code for code in languages if has_pack(code)] if chosen == "semi_structured" else []
        return Moderator(
            mode=chosen,
            profile=None if profile is None else profile.slug() or None,
            realtime=None if realtime is None else realtime.slug() or None,
            style="" if style is None else style.text(),
            freedom=(freedom and freedom.choice(get_args(Freedom), "freedom of a model")) or "reword",
            own_probes=1
            if own_probes is None
            else own_probes.integer(least=0, most=MOST_OWN_PROBES, unit="follow-ups", default=1),
            prompts={code: load_pack(code).sha256 for code in packs},
        )
