"""Codes: the names a study gives to what participants say, and where each was found, by whom, on what evidence."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Id = Annotated[str, Field(min_length=1)]

Origin = Literal["inductive", "deductive"]
"""Found in what was said, or made before anybody had said anything."""

CodeStatus = Literal["proposed", "active", "retired"]
"""`proposed`: by a model, until a person takes it up; `active`: given to what is said; `retired`: no longer, its old
assignments stay."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Author(_Frozen):
    """Who made or gave a code: a person, or a model in a version."""

    kind: Literal["person", "model"]
    name: str = Field(min_length=1)
    version: str | None = None

    def __str__(self) -> str:
        return self.name if self.version is None else f"{self.name} {self.version}"


class Code(_Frozen):
    """A code of a codebook.

    Attributes:
        id: stays when people rename the code.
        definition: what it means.
        inclusion: when it is given, in a sentence or two; empty: the definition says it all.
        exclusion: when it is not.
        examples: verbatim, from interviews or made up by its author.
        colour: `#rrggbb`, for the tools that show it.
        version: of this code, from 1; each edit raises it.
        editor: who made this version; None: nobody knows, such as of a codebook from elsewhere.
    """

    id: Id
    name: str = Field(min_length=1)
    definition: str = ""
    inclusion: str = ""
    exclusion: str = ""
    examples: tuple[str, ...] = ()
    colour: str | None = Field(default=None, pattern=r"^#[0-9a-fA-F]{6}$")
    origin: Origin = "deductive"
    status: CodeStatus = "active"
    version: int = Field(default=1, ge=1)
    editor: Author | None = None


class Codebook(_Frozen):
    """A study's codes, in the order people gave them.

    Attributes:
        version: raised by each edit of any code; 0: nobody ever made one.
    """

    codes: tuple[Code, ...] = ()
    version: int = Field(default=0, ge=0)

    @property
    def active(self) -> tuple[Code, ...]:
        """The codes that are given to what is said."""
        return tuple(code for code in self.codes if code.status == "active")

    @model_validator(mode="after")
    def _once_each(self) -> Self:
        if len({code.id for code in self.codes}) != len(self.codes):
            raise ValueError("two codes have the same id")
        return self


class Coding(_Frozen):
    """A code given to a piece of a segment.

    Attributes:
        session_id: the interview.
        segment: the segment's id.
        start, end: the piece, in characters of the segment's text; `end` is the first that is not in it.
        code: the code's id.
        evidence: the words themselves.
        code_version: of the code as it was given.
        at: when; UTC.
    """

    session_id: str
    segment: str
    start: int = Field(ge=0)
    end: int
    code: Id
    author: Author
    evidence: str
    code_version: int = Field(default=1, ge=1)
    at: datetime | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end <= self.start:
            raise ValueError("a coding has at least one character")
        return self
