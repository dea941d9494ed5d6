"""Codes: the names a study gives to what participants say, and where each was found, by whom, on what evidence."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Id = Annotated[str, Field(min_length=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Code(_Frozen):
    """A code of a codebook.

    Attributes:
        id: stays when people rename the code.
        definition: when it is given, and when it is not.
        examples: verbatim, from interviews or made up by its author.
        colour: `#rrggbb`, for the tools that show it.
    """

    id: Id
    name: str = Field(min_length=1)
    definition: str = ""
    examples: tuple[str, ...] = ()
    colour: str | None = Field(default=None, pattern=r"^#[0-9a-fA-F]{6}$")


class Codebook(_Frozen):
    """A study's codes, in the order people gave them."""

    codes: tuple[Code, ...] = ()

    @model_validator(mode="after")
    def _once_each(self) -> Self:
        if len({code.id for code in self.codes}) != len(self.codes):
            raise ValueError("two codes have the same id")
        return self


class Author(_Frozen):
    """Who gave a code: a person, or a model in a version."""

    kind: Literal["person", "model"]
    name: str = Field(min_length=1)
    version: str | None = None

    def __str__(self) -> str:
        return self.name if self.version is None else f"{self.name} {self.version}"


class Coding(_Frozen):
    """A code given to a piece of a segment.

    Attributes:
        session_id: the interview.
        segment: the segment's id.
        start, end: the piece, in characters of the segment's text; `end` is the first that is not in it.
        code: the code's id.
        evidence: the words themselves.
    """

    session_id: str
    segment: str
    start: int = Field(ge=0)
    end: int
    code: Id
    author: Author
    evidence: str

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end <= self.start:
            raise ValueError("a coding has at least one character")
        return self
