"""What the protocol says happened: the four facts that go into a session's log.

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
    "repeat",
    "clarify",
    "declined",
    "nudge",
    "welcome_back",
    "wrap_up",
    "closing",
]

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

PhaseReason = Literal["began", "next", "wrap_up"]


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


class MoveDecided(_Fact):
    """What the moderator says next.

    `parts` are the wordings it is made of, each of them one of `wordings(study, language)`; `text` is the
    parts joined by a space. A move whose words were not fixed in the study has none. `question_id` (and
    `probe_id`) name what the participant is being asked once it has been said. `trigger` says what called for
    it: the probe's condition, or why something is said again. `end_reason` is set on the final move alone.
    """

    kind: Literal["move.decided"] = "move.decided"
    move_id: str
    move: Move
    phase_id: str
    question_id: str | None = None
    probe_id: str | None = None
    trigger: str | None = None
    text: str
    parts: tuple[str, ...] = ()
    at_s: float
    expects_answer: bool
    final: bool = False
    end_reason: str | None = None


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


Fact = Annotated[PhaseEntered | MoveDecided | AnswerNoted | TopicCovered, Field(discriminator="kind")]
