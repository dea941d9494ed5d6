"""The port to a language model, and the answers it is asked for: JSON of a schema, checked and never believed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vivavoce.pipeline.patience import NotYet

Text = Annotated[str, Field(max_length=4000)]

_FENCED = re.compile(r"```(?:json)?\s*(.*?)```", re.DOTALL)


class ThinkerAway(NotYet):
    """The language model does not answer; the job is tried again later."""

    code = "thinker_away"


class AnswerAmiss(Exception):
    """An answer is not what was asked for; the message says to the model what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Thought:
    """One answer. Tokens are the provider's count; 0 where it gives none."""

    text: str
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the exchange with the model."""

    role: Literal["system", "user", "assistant"]
    text: str


class Thinker(Protocol):
    """A language model that answers."""

    async def think(self, messages: tuple[Message, ...]) -> Thought:
        """Its answer.

        Raises:
            ThinkerAway: it cannot be reached, refuses, breaks off or takes too long.
        """
        ...


class _Answer(BaseModel):
    # Models add fields of their own; what was not asked for is not read.
    model_config = ConfigDict(frozen=True, extra="ignore")


class Given(_Answer):
    """A code that the model gives, with the words for which."""

    code: str
    evidence: Text


class Judged(_Answer):
    """What the model says of one utterance.

    Attributes:
        n: the utterance's number.
        score: from −1 to 1.
        topics: ids of the study's topics that it serves.
        theme: a few words for what else it is on; empty: nothing.
        off_topic: it has nothing to do with what was asked.
    """

    n: int
    sentiment: Literal["positive", "negative", "mixed", "neutral"]
    score: float = Field(ge=-1, le=1, allow_inf_nan=False)
    topics: tuple[str, ...] = ()
    codes: tuple[Given, ...] = ()
    theme: Annotated[str, Field(max_length=80)] = ""
    off_topic: bool = False


class Offered(_Answer):
    """A quote that the model offers."""

    n: int
    text: Text
    why: Annotated[str, Field(max_length=300)] = ""


class BatchAnswer(_Answer):
    """The answer on a batch of utterances.

    Attributes:
        gist: what the participant says in them, in a sentence or two.
    """

    utterances: tuple[Judged, ...]
    quotes: tuple[Offered, ...] = ()
    gist: Text = ""


class Theme(_Answer):
    """Several of the utterances' themes under one name."""

    name: Annotated[str, Field(min_length=1, max_length=80)]
    themes: tuple[str, ...]


class Chosen(_Answer):
    """A quote of those offered, by its number; `translation` where one was asked for."""

    n: int
    why: Annotated[str, Field(max_length=300)] = ""
    translation: Text = ""


class Overview(_Answer):
    """The answer on the whole interview."""

    summary: Annotated[str, Field(min_length=1, max_length=4000)]
    translation: Text = ""
    themes: tuple[Theme, ...] = ()
    quotes: tuple[Chosen, ...] = ()


AnswerT = TypeVar("AnswerT", bound=BaseModel)


def read(text: str, shape: type[AnswerT]) -> AnswerT:
    """A model's text as an answer: JSON, alone, in a fence, or with words around it.

    Raises:
        AnswerAmiss: there is no JSON in it, or another than was asked for.
    """
    fenced = _FENCED.search(text)
    told = (fenced.group(1) if fenced else text).strip()
    begin, end = told.find("{"), told.rfind("}")
    if begin < 0 or end < begin:
        raise AnswerAmiss("It has no JSON object in it. Answer with one JSON object and nothing else.")
    try:
        value: Any = json.loads(told[begin : end + 1])
    except (ValueError, RecursionError) as error:
        raise AnswerAmiss(f"It is not valid JSON: {error}.") from error
    try:
        return shape.model_validate(value)
    except ValidationError as error:
        faults = [
            f"{'.'.join(map(str, fault['loc'])) or 'the object'}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False)[:8]
        ]
        raise AnswerAmiss("It does not fit the schema: " + "; ".join(faults) + ".") from error


def check_batch(answer: BatchAnswer, numbers: frozenset[int]) -> None:
    """See that an answer is on the utterances that were asked about: each once, and no others.

    Raises:
        AnswerAmiss: it is not.
    """
    given = [judged.n for judged in answer.utterances]
    missing, unknown = sorted(numbers - set(given)), sorted(set(given) - numbers)
    faults = [
        f"{what}: {', '.join(map(str, these))}"
        for what, these in (
            ("missing utterances", missing),
            ("utterances that nobody asked about", unknown),
            ("judged more than once", sorted({n for n in given if given.count(n) > 1})),
        )
        if these
    ]
    if faults:
        raise AnswerAmiss("It does not have each utterance exactly once; " + "; ".join(faults) + ".")
