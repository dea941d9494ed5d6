"""The rails: what a model may ask for in one reply.

Every request is judged against the study, the progress and the clock: accepted, with facts to write, or refused with a
reason that the model can act on. Pure: time and progress come with every draft, and the rails' own memory is of what
the model has announced in this one reply.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vivavoce.protocol.draft import Draft
from vivavoce.protocol.facts import AnswerSetAside, InsightFlagged, TopicCovered
from vivavoce.protocol.progress import QuestionProgress
from vivavoce.protocol.requests import (
    AdvancePhase,
    AskQuestion,
    FlagInsight,
    MarkTopicCovered,
    ProbeAnswer,
    Request,
    ReturnToQuestion,
)
from vivavoce.protocol.study import Question, Study
from vivavoce.protocol.words import count_words, plain

MOST_INSIGHTS = 30
"""In one interview; a model that marks everything marks nothing."""

MOST_REDIRECTS = 2
"""How often one question is led back to, before what is said counts as its answer."""


class Refused(Exception):
    """A request that the rails do not allow; says why, and what to do instead."""


@dataclass(frozen=True)
class Goal:
    """What the model has announced that its words will be."""

    kind: Literal["probe", "question", "redirect", "ending"]
    trigger: str | None = None
    id: str | None = None


class Rails:
    """Those of one reply.

    Args:
        study: what is asked.
        text: the answer that is replied to.
        utterance_ids: of it.
        at_s: when the reply begins; what comes next is what comes next then, for so the model is told.
    """

    def __init__(self, study: Study, *, text: str, utterance_ids: tuple[str, ...], at_s: float) -> None:
        self._study = study
        self._text = text
        self._utterance_ids = utterance_ids
        self._began_s = at_s
        self._advanced = False
        self.goal: Goal | None = None

    def judge(self, request: Request, draft: Draft, *, asked: bool) -> str:
        """Judge a request, but for the one to close, which needs nobody's leave.

        Args:
            request: of the model.
            draft: takes the facts that follow.
            asked: whether the model has asked something aloud already.

        Returns:
            the answer for the model.

        Raises:
            Refused: it is not allowed. The draft is spoilt.
        """
        match request:
            case FlagInsight():
                return self._flag(request, draft)
            case MarkTopicCovered():
                return self._cover(request, draft)
            case _ if draft.progress.wrapping_up or draft.wrap_up_due:
                raise Refused("The time is nearly over: the closing follows by itself. Ask nothing more.")
            case _ if asked and not isinstance(request, ProbeAnswer | ReturnToQuestion):
                raise Refused("You have asked something already. Wait for the answer.")
            case AdvancePhase():
                return self._advance(draft)
            case ProbeAnswer():
                return self._probe(request, draft)
            case ReturnToQuestion():
                return self._return(request, draft)
            case AskQuestion():
                return self._choose(request, draft)
            case _:
                raise Refused("This tool has no use here.")

    def ahead(self, draft: Draft) -> Question | None:
        """The study's next question, as the model has been told of it; None: there is none."""
        return draft.at(self._began_s).come_to_a_question()

    def may_ask(self, draft: Draft) -> bool:
        """Whether a question in the model's own words has a place now."""
        if self._study.moderator.freedom == "bridge":
            return False
        if draft.progress.wrapping_up or draft.wrap_up_due:
            return False
        if self.goal is not None:
            return self.goal.kind != "ending"
        if self.ahead(draft) is not None:
            return True
        return self._may_probe(open_question(draft)) and not draft.phase_late

    def _advance(self, draft: Draft) -> str:
        if self._advanced:
            raise Refused("The phase has just changed. Ask its first question.")
        required = draft.open_questions(required=True)
        if required:
            raise Refused(f"{_open(draft, required, 'required ')}. Ask one of them first.")
        left = draft.open_questions()
        if left and draft.phase_early:
            raise Refused(
                f"This phase has lasted {_minutes(draft.phase_time_s)} of at least "
                f"{draft.phase.min_minutes:g} minutes, and {_open(draft, left, '')}. "
                "Ask one, or follow up with `probe`."
            )
        self._advanced = True
        draft.settle()
        following = draft.phase.next
        if following is None:
            self.goal = Goal("ending")
            return "The interview ends, its last words follow by themselves. Say one sentence at most; ask nothing."
        self.goal = None
        phase = self._study.phase(following)
        draft.enter(phase, "advanced")
        question = draft.next_question()
        first = f" Its first question: “{draft.text(question.wording)}”" if question is not None else ""
        return f"The phase “{draft.text(phase.title)}” has begun. Its objective: {phase.objective}{first}"

    def _probe(self, request: ProbeAnswer, draft: Draft) -> str:
        question = open_question(draft)
        if self._advanced:
            raise Refused("A new phase has begun: ask its first question.")
        if draft.phase_late:
            raise Refused(f"The time of this phase is over. {self._next(draft)}")
        if request.probe_id is None:
            self._check_own_probe(question, draft)
            answer = "Ask one short, open follow-up question now, in your own words."
        else:
            answer = self._standard_probe(request.probe_id, question, draft)
        self.goal = Goal("probe", request.trigger, request.probe_id)
        return answer

    def _check_own_probe(self, question: QuestionProgress, draft: Draft) -> None:
        left = draft.standard_probes(question)
        instead = f"Use one of the standard probes: {', '.join(left)}, or ask on. " if left else ""
        if self._study.moderator.freedom == "bridge":
            raise Refused(
                f"This study follows up with its standard probes only. {instead}{self._next(draft)}"
            )
        if not self._may_probe(question):
            raise Refused(f"This question has been followed up often enough. {instead}{self._next(draft)}")

    def _standard_probe(self, probe_id: str, question: QuestionProgress, draft: Draft) -> str:
        left = draft.standard_probes(question)
        if probe_id not in left:
            known = any(probe.id == probe_id for probe in self._study.probes)
            why = "cannot be used here (any more)" if known else "does not exist"
            instead = f"Left are: {', '.join(left)}." if left else self._next(draft)
            raise Refused(f"The probe `{probe_id}` {why}. {instead}")
        return f"Ask it like this, tied to what was said: “{draft.text(self._study.probe(probe_id).wording)}”"

    def _return(self, request: ReturnToQuestion, draft: Draft) -> str:
        question = open_question(draft)
        if self._advanced:
            raise Refused("A new phase has begun: ask its first question.")
        if question.redirects >= MOST_REDIRECTS:
            raise Refused(f"You have led back to this question {MOST_REDIRECTS} times. {self._next(draft)}")
        self.goal = Goal("redirect", request.reason)
        draft.add(
            AnswerSetAside(
                question_id=question.question_id,
                utterance_ids=self._utterance_ids,
                reason=request.reason,
                words=count_words(self._text),
                at_s=draft.at_s,
            )
        )
        return f"Reply in one sentence, then lead back to: “{draft.open_wording(question)}”"

    def _choose(self, request: AskQuestion, draft: Draft) -> str:
        left = draft.open_questions(required=draft.phase_late)
        chosen = next((question for question in left if question.id == request.question_id), None)
        if chosen is None:
            listed = (
                f"Open are: {', '.join(question.id for question in left)}." if left else self._next(draft)
            )
            raise Refused(f"`{request.question_id}` is no open question of this phase. {listed}")
        self.goal = Goal("question", id=chosen.id)
        return f"Ask it now, without changing what it asks: “{draft.text(chosen.wording)}”"

    def _flag(self, request: FlagInsight, draft: Draft) -> str:
        if draft.progress.insights >= MOST_INSIGHTS:
            raise Refused(f"{MOST_INSIGHTS} insights are marked already. Go on with the interview.")
        question = draft.progress.question
        draft.add(
            InsightFlagged(
                note=plain(request.note),
                quote=plain(request.quote),
                question_id=question.question_id if question is not None else None,
                utterance_ids=self._utterance_ids,
                at_s=draft.at_s,
            )
        )
        return "Marked for the team. Go on with the interview, and do not mention it."

    def _cover(self, request: MarkTopicCovered, draft: Draft) -> str:
        topics = [topic.id for topic in self._study.topics]
        if request.topic_id not in topics:
            raise Refused(
                f"There is no topic `{request.topic_id}`. The topics are: {', '.join(topics) or 'none'}."
            )
        if request.topic_id in draft.progress.topics:
            raise Refused(f"The topic `{request.topic_id}` is covered already. Go on with the interview.")
        question = open_question(draft)
        draft.add(TopicCovered(topic_id=request.topic_id, question_id=question.question_id, at_s=draft.at_s))
        return "Noted as covered. Go on with the interview."

    def _may_probe(self, question: QuestionProgress) -> bool:
        return question.own_probes < self._study.moderator.own_probes

    def _next(self, draft: Draft) -> str:
        question = self.ahead(draft)
        if question is None:
            return "Nothing is left to ask: the closing follows by itself."
        return f"Ask the next question: {question.id} (“{draft.text(question.wording)}”)."


def open_question(draft: Draft) -> QuestionProgress:
    """The question that a reply is about.

    Raises:
        Refused: none is open.
    """
    question = draft.progress.question
    if question is None:
        raise Refused("No question is open. Say nothing more.")
    return question


def _open(draft: Draft, questions: tuple[Question, ...], what: str) -> str:
    named = "; ".join(f"{question.id} (“{draft.text(question.wording)}”)" for question in questions)
    verb = "question is" if len(questions) == 1 else "questions are"
    return f"{len(questions)} {what}{verb} open in this phase: {named}"


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
