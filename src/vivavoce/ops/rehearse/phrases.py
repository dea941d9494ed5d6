"""What rehearsing participants say, by language. A unit test reads how each is understood."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources

from pydantic import BaseModel, ConfigDict

from vivavoce.errors import VivavoceError
from vivavoce.protocol.languages import base_language, describe


class NoPhrases(VivavoceError):
    """Nobody here speaks the language."""

    code = "rehearsal_language"


class Phrases(BaseModel):
    """One language's participants.

    Attributes:
        plain: telling answers of more than 20 words.
        short, yes, no: a few words; a bare yes; a bare no.
        vague, emotional, unexpected, contradictory: answers that call for a follow-up. `vague` has 15 to 20 words.
        off_topic, to_moderator: no answers at all.
        again, unclear, decline, wait, ready, backchannel, stop: how a participant steers.
        be_quiet: said into the moderator's speech.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    plain: tuple[str, ...]
    short: str
    yes: str
    no: str
    vague: str
    emotional: str
    unexpected: str
    contradictory: str
    off_topic: str
    to_moderator: str
    again: str
    unclear: str
    decline: str
    wait: str
    ready: str
    backchannel: str
    stop: str
    be_quiet: str


@cache
def all_phrases() -> Mapping[str, Phrases]:
    """The participants there are, by language."""
    text = resources.files("vivavoce.ops.rehearse").joinpath("phrases.toml").read_text(encoding="utf-8")
    return {language: Phrases.model_validate(given) for language, given in tomllib.loads(text).items()}


def phrases(language: str) -> Phrases:
    """The participants of a language.

    Raises:
        NoPhrases: there are none.
    """
    found = all_phrases().get(base_language(language))
    if found is None:
        raise NoPhrases(
            f"No rehearsing participant speaks {describe(language)}.",
            next_step=f"Rehearse in one of: {', '.join(all_phrases())} (`--language`).",
        )
    return found
