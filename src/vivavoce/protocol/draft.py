"""A decision in the making: gathers facts, keeps the progress they lead to, and reads the study as it then stands."""

from __future__ import annotations

from typing import Literal

from vivavoce.protocol.facts import (
    AnswerNoted,
    Fact,
    Intent,
    Move,
    MoveDecided,
    PhaseEntered,
    PhaseReason,
    TopicCovered,
)
from vivavoce.protocol.intent import Reading
from vivavoce.protocol.progress import Progress, QuestionProgress, advance
from vivavoce.protocol.study import Phase, Probe, Question, Study, Wording

QUESTION_ALLOWANCE_S = 45.0
"""What a question and its answer take at least: no other is begun later than this before the hard limit."""


class Draft:
    """What will be written if this is decided. Nothing is until somebody takes `facts`.

    Args:
        study: what is asked.
        progress: where the interview stands.
        at_s: the session clock.
        language: of the session.
    """

    def __init__(self, study: Study, progress: Progress, *, at_s: float, language: str) -> None:
        self.study = study
        self.progress = progress
        self.at_s = at_s
        self.language = language
        self.facts: list[Fact] = []
        self.move: MoveDecided | None = None

    def at(self, at_s: float) -> Draft:
        """A fresh one from where this one has come to, as if it were another time."""
        return Draft(self.study, self.progress, at_s=at_s, language=self.language)

    # Reading the state

    @property
    def phase(self) -> Phase:
        """The phase the interview is in; the first one before it has begun."""
        if self.progress.phase_id is None:
            return self.study.path[0]
        return self.study.phase(self.progress.phase_id)

    @property
    def phase_time_s(self) -> float:
        """How long the interview has been in it."""
        return self.at_s - self.progress.phase_entered_s

    @property
    def phase_late(self) -> bool:
        """Whether the phase's time box is over."""
        return self.phase_time_s >= self.phase.max_minutes * 60

    @property
    def phase_early(self) -> bool:
        """Whether the phase has not lasted as long as it should."""
        return self.phase_time_s < self.phase.min_minutes * 60

    @property
    def wrap_up_due(self) -> bool:
        """Whether it is time to close. The timer says so too (`WrapUpDue`), but an answer may come first."""
        return self.at_s >= self.study.limits.wrap_up_at_s

    def open_questions(self, *, required: bool = False) -> tuple[Question, ...]:
        """Questions of this phase that have not been asked."""
        return tuple(
            question
            for question in self.phase.questions
            if question.id not in self.progress.asked and (question.required or not required)
        )

    def next_question(self) -> Question | None:
        """The next one of this phase that is to be asked, now that it is as late as it is."""
        late = self.progress.wrapping_up
        if late and self.study.limits.hard_limit_s - self.at_s < QUESTION_ALLOWANCE_S:
            return None
        return next(iter(self.open_questions(required=late or self.phase_late)), None)

    def standard_probes(self, question: QuestionProgress) -> list[str]:
        """Ids of the study's probes that may follow a question that was asked."""
        asked = self.study.question(question.question_id)
        if len(question.probes) >= asked.max_probes:
            return []
        return [probe.id for probe in self.usable_probes(question)]

    def usable_probes(self, question: QuestionProgress) -> list[Probe]:
        """The question's probes that were not used on it, nor too often elsewhere."""
        return [
            probe
            for probe in map(self.study.probe, self.study.question(question.question_id).probes)
            if probe.id not in question.probes
            and self.progress.probe_uses(probe.id) < probe.max_per_interview
        ]

    def open_wording(self, question: QuestionProgress) -> str:
        """What the participant is being asked, as it was put."""
        if self.progress.own_words is not None:
            return self.progress.own_words
        if self.progress.probe_id is not None:
            return self.text(self.study.probe(self.progress.probe_id).wording)
        return self.text(self.study.question(question.question_id).wording)

    def text(self, wording: Wording) -> str:
        """A wording in the session's language."""
        return wording.text(self.language)

    def line(self, name: str) -> str:
        """A standard line in the session's language."""
        return self.study.line(name, self.language)

    # Ways on

    def come_to_a_question(self) -> Question | None:
        """The next question, in this phase or a later one, which is entered; None if there is none."""
        question = self.next_question()
        while question is None:
            following = self.phase.next
            if following is None:
                return None
            self.enter(self.study.phase(following), "next")
            question = self.next_question()
        return question

    def asking(self, question: Question) -> tuple[str, ...]:
        """The study's words for a question, with the phase's intro before its first."""
        phase = self.phase
        fresh = not any(other.id in self.progress.asked for other in phase.questions)
        wording = self.text(question.wording)
        if phase.intro is not None and fresh and not self.progress.wrapping_up:
            return self.text(phase.intro), wording
        return (wording,)

    # Writing facts

    def add(self, fact: Fact) -> None:
        """Write one more fact."""
        self.facts.append(fact)
        self.progress = advance(self.progress, fact)

    def enter(self, phase: Phase, reason: PhaseReason) -> None:
        """The interview is in another phase now."""
        path = self.study.path
        index = path.index(phase)
        self.add(PhaseEntered(phase_id=phase.id, index=index, count=len(path), at_s=self.at_s, reason=reason))

    def note(self, intent: Intent, reading: Reading, utterance_ids: tuple[str, ...]) -> None:
        """The participant said something."""
        question = self.progress.question
        self.add(
            AnswerNoted(
                question_id=question.question_id if question is not None else None,
                probe_id=self.progress.probe_id,
                utterance_ids=utterance_ids,
                intent=intent,
                words=reading.words,
                at_s=self.at_s,
            )
        )

    def cover_topics(self, question_id: str) -> None:
        """A question has been answered: so have its topics."""
        for topic_id in self.study.question(question_id).topics:
            if topic_id not in self.progress.topics:
                self.add(TopicCovered(topic_id=topic_id, question_id=question_id, at_s=self.at_s))

    def settle(self) -> None:
        """What has been answered stands: its topics are covered."""
        question = self.progress.question
        if question is not None and question.status == "answered":
            self.cover_topics(question.question_id)

    def say(
        self,
        move: Move,
        parts: tuple[str, ...],
        *,
        question_id: str | None = None,
        probe_id: str | None = None,
        trigger: str | None = None,
        worded_by: Literal["study", "model"] = "study",
        language: str | None = None,
        end_reason: str | None = None,
    ) -> None:
        """The moderator says something; `language` where it is not the session's."""
        final = end_reason is not None
        self.move = MoveDecided(
            move_id=f"m{self.progress.moves + 1}",
            move=move,
            phase_id=self.phase.id,
            question_id=question_id,
            probe_id=probe_id,
            trigger=trigger,
            text=" ".join(parts),
            parts=parts,
            worded_by=worded_by,
            language=language if language != self.language else None,
            at_s=self.at_s,
            expects_answer=not final,
            final=final,
            end_reason=end_reason,
        )
        self.add(self.move)
