"""What enrichment works from: a transcript, what its study wanted to know, and the study's codes."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from vivavoce.pipeline.codes import Codebook
from vivavoce.pipeline.transcript import Segment, Transcript
from vivavoce.protocol.study import Study


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Aim(_Frozen):
    """A topic of the study, with the questions that serve it, worded in the interview's language."""

    id: str
    title: str
    questions: tuple[str, ...] = ()


class Mind(_Frozen):
    """The language model of the LLM grade: the profile's name, and who is asked for what."""

    profile: str
    provider: str
    model: str


class Material(_Frozen):
    """The input of the stage; what its result is known by.

    Attributes:
        redaction: the rules' version that the transcript was redacted by; None: it is the original words.
        aims: the study's topics, in its order.
        asked: every question of the study by its id, worded in the interview's language.
        home: the study's first language, which quotes are translated into; None: the study is not to be had any more.
        mind: None in the local grade.
    """

    transcript: Transcript
    redaction: str | None = None
    aims: tuple[Aim, ...] = ()
    asked: tuple[tuple[str, str], ...] = ()
    home: str | None = None
    codebook: Codebook = Codebook()
    mind: Mind | None = None

    @property
    def answers(self) -> list[Segment]:
        """The participant's segments, in order."""
        return [segment for segment in self.transcript.segments if segment.speaker == "participant"]


def aims(study: Study, language: str) -> tuple[Aim, ...]:
    """A study's topics with their questions in a language; in the study's first where it is not one of the study's."""
    spoken = language if language in study.languages else study.languages[0]
    return tuple(
        Aim(
            id=topic.id,
            title=topic.title,
            questions=tuple(
                question.wording.text(spoken) for question in study.questions() if topic.id in question.topics
            ),
        )
        for topic in study.topics
    )


def asked(study: Study, language: str) -> tuple[tuple[str, str], ...]:
    """A study's questions, id and wording, as `aims` words them."""
    spoken = language if language in study.languages else study.languages[0]
    return tuple((question.id, question.wording.text(spoken)) for question in study.questions())
