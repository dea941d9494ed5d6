"""What the protocol says happened: the facts that go into a session's log.

`advance` (`protocol.progress`) folds them; `decide` (`protocol.machine`) makes them. Seconds are on the
session clock.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Move = Literal[
    "opening",
    "question",
    "probe",
    "reply",
    "redirect",
    "repeat",
    "clarify",
    "declined",
    "nudge",
    "welcome_back",
    "wrap_up",
    "language_offer",
    "closing",
]
"""What a move is for.

`reply`: a model has begun to speak, and what it asks is not known yet; `move.worded` says it. `redirect`: what was said
was no answer (a question to the moderator, another subject), and leads back to the open question. `language_offer`:
whether to go on in the language that the participant speaks.
"""

Intent = Literal[
    "answer",
    "yes_no",
    "backchannel",
    "repeat_request",
    "clarify_request",
    "decline",
    "stop",
    "wait",
    "ready",
    "safety",
    "aside",
]
"""How an utterance was read.

`backchannel`: only "mhm" or "okay". `wait`: "hold on", more is to come. `ready`: "I'm back", "go on".
`safety`: one of the study's safe words fell. `aside`: said over a question that had not been heard yet, so it
cannot be an answer to it.
"""

PhaseReason = Literal["began", "next", "advanced", "wrap_up"]
"""Why a phase was entered. `advanced`: a model asked for it before all questions of the phase before were through."""

ProbeTrigger = Literal["unexpected", "contradictory", "emotional", "vague"]
"""What in an answer calls for a follow-up, as a model names it."""

SetAside = Literal["question_to_moderator", "off_topic", "not_understood"]
"""Why what was said is no answer after all."""


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PhaseEntered(_Fact):
    """The interview is now in this phase; `index` counts from 0 along the path the interview takes."""

    kind: Literal["phase.entered"] = "phase.entered"
    phase_id: str
    index: int = Field(ge=0)
    count: int = Field(ge=1)
    at_s: float
    reason: PhaseReason


class _Move(_Fact):
    move_id: str
    move: Move
    phase_id: str
    question_id: str | None = None
    probe_id: str | None = None
    trigger: str | None = None
    text: str
    parts: tuple[str, ...] = ()
    worded_by: Literal["study", "model"] = "study"
    language: str | None = None
    at_s: float
    expects_answer: bool
    final: bool = False
    end_reason: str | None = None


class MoveDecided(_Move):
    """What the moderator says next.

    `parts` are what it is made of, and `text` is the parts joined by a space. Worded by the study, each part is one of
    `wordings(study, language)`; worded by a model, the parts are its sentences, and wordings of the study after them.
    `question_id` (and `probe_id`) name what the participant is being asked once it has been said. `trigger` says what
    called for it: the probe's condition, or why something is said again. `end_reason` is set on the final move alone.
    `language` is that of the words where it is not the session's.
    """

    kind: Literal["move.decided"] = "move.decided"


class MoveWorded(_Move):
    """How a `reply` turned out, when the model has finished: the whole move, under the id it began with."""

    kind: Literal["move.worded"] = "move.worded"

    def decided(self) -> MoveDecided:
        """The move as if it had been known from the first word."""
        return MoveDecided.model_validate(self.model_dump(exclude={"kind"}))


class AnswerNoted(_Fact):
    """What the participant said, and how it was read. `words` counts the words of the utterance."""

    kind: Literal["answer.noted"] = "answer.noted"
    question_id: str | None = None
    probe_id: str | None = None
    utterance_ids: tuple[str, ...] = ()
    intent: Intent
    words: int = Field(ge=0)
    at_s: float


class TopicCovered(_Fact):
    """A question about this topic has been answered, for the first time in this interview."""

    kind: Literal["topic.covered"] = "topic.covered"
    topic_id: str
    question_id: str
    at_s: float


class AnswerSetAside(_Fact):
    """What was noted as an answer was none: the question is open again. `words` are those not to be counted."""

    kind: Literal["answer.set_aside"] = "answer.set_aside"
    question_id: str
    utterance_ids: tuple[str, ...] = ()
    reason: SetAside
    words: int = Field(ge=0)
    at_s: float


class InsightFlagged(_Fact):
    """A model marks something for the team to look at; `quote` are the participant's words, if it gave any."""

    kind: Literal["insight.flagged"] = "insight.flagged"
    note: str
    quote: str = ""
    question_id: str | None = None
    utterance_ids: tuple[str, ...] = ()
    at_s: float


class LanguageSettled(_Fact):
    """The participant was offered another language: the one the interview goes on in, and why."""

    kind: Literal["language.settled"] = "language.settled"
    language: str
    reason: Literal["accepted", "declined", "unanswered"]
    at_s: float


class ToolCalled(_Fact):
    """A model asked for something: what was made of it, and `answer`, which it was told.

    `arguments` are as the model wrote them, whether or not they are JSON.
    """

    kind: Literal["tool.called"] = "tool.called"
    call_id: str
    tool: str
    arguments: str
    accepted: bool
    answer: str
    at_s: float


class Verdict(BaseModel):
    """What one judge made of a sentence.

    `reasons` are hazards (`S1` …), checks of conduct (`advice` …), or the code of what failed. `took_s` is from the
    sentence to the verdict.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    judge: str
    outcome: Literal["safe", "unsafe", "failed"]
    reasons: tuple[str, ...] = ()
    took_s: float = Field(default=0.0, ge=0)


class SentenceJudged(_Fact):
    """A sentence of a model's was let through, or withheld: then it was never spoken.

    A speech-to-speech model is heard while it is judged: `withheld` then says that it was interrupted for the sentence,
    and the speech's `heard_text` how much of it was heard. Verdicts that interrupt nothing may be unsafe there.

    `move_id` is the move it was to be part of; None if that never began. `verdicts` are those that were in when it was
    decided.
    """

    kind: Literal["sentence.judged"] = "sentence.judged"
    move_id: str | None = None
    text: str
    withheld: bool
    verdicts: tuple[Verdict, ...]
    at_s: float


Fact = Annotated[
    PhaseEntered
    | MoveDecided
    | MoveWorded
    | AnswerNoted
    | AnswerSetAside
    | TopicCovered
    | InsightFlagged
    | LanguageSettled
    | SentenceJudged
    | ToolCalled,
    Field(discriminator="kind"),
]
