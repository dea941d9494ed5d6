"""A prompt pack: everything a model is told in one language, besides the study's own words. Data: `<language>.toml`."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Sequence
from functools import cache
from importlib import resources

from pydantic import BaseModel, ConfigDict

from vivavoce.errors import VivavoceError
from vivavoce.protocol.languages import base_language, describe
from vivavoce.protocol.phrases import PhraseSet
from vivavoce.protocol.words import find_phrase, tokens

PACKS = ("de", "en", "es", "fr", "ja")
"""Languages with a pack. A regional code (`en-GB`) uses its language's."""


class PackMissing(VivavoceError):
    """There is no prompt pack in a language."""

    code = "prompts_missing"


class PackUnreviewed(VivavoceError):
    """A prompt pack that no native speaker has reviewed was about to meet participants."""

    code = "prompts_unreviewed"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Freedoms(_Section):
    """How far the model may go, by `Moderator.freedom`."""

    bridge: str
    reword: str
    explore: str


class Labels(_Section):
    """The headings of a prompt and its single lines; `{…}` are filled in by `prompts.render`."""

    joined: str
    style: str
    phase: str
    objective: str
    tone: str
    instructions: str
    questions: str
    required: str
    topics: str
    probes: str
    state: str
    clock: str
    phase_over: str
    phase_early: str
    covered: str
    open_topics: str
    open_questions: str
    asked: str
    next_question: str
    next_phase: str
    next_closing: str
    own_probes: str
    no_probes: str
    last_probes: str
    nothing: str
    said: str


class Pack(_Section):
    """One language's pack.

    Attributes:
        language: its code.
        reviewed: whether a native speaker has read it and found it fit for participants.
        role: who the model is.
        rules: what always holds.
        freedom: see `Freedoms`.
        labels: see `Labels`.
        asks: phrases that ask without a question mark: "tell me".
        praise: whole sentences that praise an answer and say nothing else (`protocol.phrases`).
    """

    language: str
    reviewed: bool
    role: str
    rules: tuple[str, ...]
    freedom: Freedoms
    labels: Labels
    asks: tuple[str, ...]
    praise: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """Of all that a model may be told by it; being reviewed changes nothing of that."""
        text = self.model_dump_json(exclude={"reviewed"})
        return hashlib.sha256(text.encode()).hexdigest()

    def asks_something(self, sentence: str) -> bool:
        """Whether a sentence wants an answer."""
        bare = sentence.rstrip(" \"'”»』」)")
        return bare.endswith(("?", "？", "か。")) or find_phrase(sentence, self.asks) is not None

    def praises(self, sentence: str) -> bool:
        """Whether a sentence is praise and nothing else."""
        if tokens(sentence) == []:
            return False
        return _praise(self.language).matches(tokens(sentence))


def has_pack(language: str) -> bool:
    """Whether there is a pack in a language."""
    return base_language(language) in PACKS


@cache
def load_pack(language: str) -> Pack:
    """A language's pack.

    Raises:
        PackMissing: there is none.
    """
    base = base_language(language)
    if not has_pack(language):
        raise PackMissing(
            f"There is no prompt pack in {describe(language)}.",
            next_step=f"Moderate it without a model (`mode: structured`), or use one of: {', '.join(PACKS)}.",
        )
    text = resources.files("vivavoce.protocol.prompts").joinpath(f"{base}.toml").read_text(encoding="utf-8")
    return Pack.model_validate(tomllib.loads(text))


def require_reviewed(languages: Sequence[str]) -> None:
    """Keep packs away from participants until a native speaker has reviewed them.

    Raises:
        PackUnreviewed: some are not.
    """
    fresh = [language for language in languages if not load_pack(language).reviewed]
    if fresh:
        raise PackUnreviewed(
            f"No native speaker has reviewed what the model is told in {', '.join(map(describe, fresh))}.",
            next_step="For a pilot with people who know, set VIVAVOCE_LLM__UNREVIEWED_PROMPTS=true. For the study have "
            "the pack reviewed, or leave these languages out.",
        )


@cache
def _praise(base: str) -> PhraseSet:
    return PhraseSet(load_pack(base).praise, several=True)
