"""What an interview covered: every question of the study and every topic, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from vivavoce.protocol.progress import Progress
from vivavoce.protocol.study import Study

QuestionOutcome = Literal["not_asked", "asked", "answered", "declined"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class QuestionCoverage(_Model):
    """One question of the study. `asked` means: asked, and nothing usable came back. `words` are the participant's."""

    question_id: str
    phase_id: str
    required: bool
    outcome: QuestionOutcome
    words: int
    probes: tuple[str, ...]


class TopicCoverage(_Model):
    """One topic: how many questions serve it, and how many of those were asked, answered and declined."""

    topic_id: str
    title: str
    covered: bool
    questions: int
    asked: int
    answered: int
    declined: int


class Coverage(_Model):
    """All of it, in the order of the study."""

    questions: tuple[QuestionCoverage, ...]
    topics: tuple[TopicCoverage, ...]


def coverage(study: Study, progress: Progress) -> Coverage:
    """Set what was asked against what the study wants asked."""
    asked = {question.question_id: question for question in progress.questions}
    questions: list[QuestionCoverage] = []
    for phase in study.path:
        for question in phase.questions:
            known = asked.get(question.id)
            questions.append(
                QuestionCoverage(
                    question_id=question.id,
                    phase_id=phase.id,
                    required=question.required,
                    outcome=known.status if known else "not_asked",
                    words=known.words if known else 0,
                    probes=known.probes if known else (),
                )
            )
    outcomes: dict[str, QuestionOutcome] = {question.question_id: question.outcome for question in questions}
    return Coverage(
        questions=tuple(questions),
        topics=tuple(
            _topic(
                topic.id,
                topic.title,
                covered=topic.id in progress.topics,
                outcomes=[outcomes[q.id] for q in study.questions() if topic.id in q.topics],
            )
            for topic in study.topics
        ),
    )


def _topic(topic_id: str, title: str, *, covered: bool, outcomes: Sequence[QuestionOutcome]) -> TopicCoverage:
    return TopicCoverage(
        topic_id=topic_id,
        title=title,
        covered=covered,
        questions=len(outcomes),
        asked=sum(outcome != "not_asked" for outcome in outcomes),
        answered=outcomes.count("answered"),
        declined=outcomes.count("declined"),
    )
