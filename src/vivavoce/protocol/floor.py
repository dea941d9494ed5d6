"""The floor: one reply of a language model, on the protocol's rails.

The machine gives a model the floor after an answer (`Decision.floor`). What the model asks for is judged here against
the study, the progress and the clock: accepted, with facts to write, or refused with a reason it can act on. What it
says is taken sentence by sentence. Where it leaves something out, the study's own words stand in. Pure: time and
progress come with every call, and the floor's own memory is of this one reply.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vivavoce.protocol.conduct.judge import Conduct
from vivavoce.protocol.draft import Draft
from vivavoce.protocol.facts import (
    AnswerSetAside,
    Fact,
    InsightFlagged,
    Move,
    MoveDecided,
    MoveWorded,
    ToolCalled,
    TopicCovered,
)
from vivavoce.protocol.machine import follow_up
from vivavoce.protocol.outcomes import Breach, Judgement, Outcome, Taken
from vivavoce.protocol.progress import Progress, QuestionProgress, fold
from vivavoce.protocol.prompts.pack import load_pack
from vivavoce.protocol.requests import (
    ARGUMENTS_CHARS,
    AdvancePhase,
    AskQuestion,
    CloseSafely,
    FlagInsight,
    MarkTopicCovered,
    ProbeAnswer,
    Request,
    ReturnToQuestion,
    Unreadable,
    read_request,
)
from vivavoce.protocol.study import Question, Study
from vivavoce.protocol.words import count_words, tokens

MOST_STATEMENTS = 3
"""Sentences a model may say before it asks: mirroring takes one or two."""

MOST_INSIGHTS = 30
"""In one interview; a model that marks everything marks nothing."""

MOST_REDIRECTS = 2
"""How often one question is led back to, before what is said counts as its answer."""

MOST_REFUSALS = 4
"""Refused calls in one reply; then the model has lost the thread, and the study's words stand in."""

_LEAST_QUESTION_WORDS = 3
"""«Really?» asks nothing yet."""


class Refused(Exception):
    """A request that the rails do not allow; says why, and what to do instead."""


@dataclass(frozen=True)
class _Goal:
    """What the model has announced that its words will be."""

    kind: Literal["probe", "question", "redirect", "ending"]
    trigger: str | None = None
    id: str | None = None


class Floor:
    """One reply.

    Args:
        study: what is asked.
        language: of the session.
        text: the answer that is replied to.
        utterance_ids: of it.
        at_s: when the reply begins; what comes next is what comes next then, for so the model is told.
    """

    def __init__(
        self, study: Study, *, language: str, text: str, utterance_ids: tuple[str, ...], at_s: float
    ) -> None:
        self._study = study
        self._language = language
        self._text = text
        self._utterance_ids = utterance_ids
        self._began_s = at_s
        self._pack = load_pack(language)
        self._conduct = Conduct(study, language, self._pack)
        self._said: list[str] = []
        self._asked = False
        self._goal: _Goal | None = None
        self._advanced = False
        self._move_id: str | None = None
        self._audible = False
        self.refusals = 0

    @property
    def text(self) -> str:
        """The answer that is replied to."""
        return self._text

    @property
    def move_id(self) -> str | None:
        """The move that the model's words are, once they have begun."""
        return self._move_id

    @property
    def said(self) -> tuple[str, ...]:
        """The model's sentences that are spoken."""
        return tuple(self._said)

    @property
    def asked(self) -> bool:
        """Whether the model has asked something aloud."""
        return self._asked

    @property
    def lost(self) -> bool:
        """Whether the model has been refused too often."""
        return self.refusals >= MOST_REFUSALS

    def may_be_silent(self, progress: Progress, *, at_s: float) -> bool:
        """Whether nothing of the model's is missing if it says nothing: only the study's last words are left."""
        if self._goal is not None:
            return self._goal.kind == "ending"
        return self._superseded(progress) or self._ahead(self._draft(progress, at_s)) is None

    # What the model asks for

    def call(self, call_id: str, tool: str, arguments: str, progress: Progress, *, at_s: float) -> Judgement:
        """Judge a call."""
        draft = self._draft(progress, at_s)
        rest: tuple[str, ...] = ()
        try:
            request = read_request(self._study, tool, arguments)
            if self._superseded(progress):
                raise Refused("The interview has moved on without you. Say nothing more.")
            answer, rest = self._judge(request, draft)
            accepted = True
        except (Unreadable, Refused) as refusal:
            answer, accepted = str(refusal), False
            self.refusals += 1
            draft = self._draft(progress, at_s)
        called = ToolCalled(
            call_id=_plain(call_id)[:200] or "call",
            tool=_plain(tool)[:200] or "unnamed",
            arguments=_plain(arguments)[:ARGUMENTS_CHARS],
            accepted=accepted,
            answer=answer,
            at_s=at_s,
        )
        over = draft.progress.final
        facts = (called, *draft.facts) if over else (*draft.facts, called)
        return Judgement(accepted, answer, facts, rest, over)

    def _judge(self, request: Request, draft: Draft) -> tuple[str, tuple[str, ...]]:
        match request:
            case CloseSafely():
                return "The interview is closed.", self._close_safely(request, draft)
            case FlagInsight():
                return self._flag(request, draft), ()
            case MarkTopicCovered():
                return self._cover(request, draft), ()
            case _ if draft.progress.wrapping_up or draft.wrap_up_due:
                raise Refused("The time is nearly over: the closing follows by itself. Ask nothing more.")
            case _ if self._asked and not isinstance(request, ProbeAnswer | ReturnToQuestion):
                raise Refused("You have asked something already. Wait for the answer.")
            case AdvancePhase():
                return self._advance(draft), ()
            case ProbeAnswer():
                return self._probe(request, draft), ()
            case ReturnToQuestion():
                return self._return(request, draft), ()
            case AskQuestion():
                return self._choose(request, draft), ()
            case _:
                raise Refused("This tool has no use here.")

    def _advance(self, draft: Draft) -> str:
        if self._advanced:
            raise Refused("The phase has just changed. Ask its first question.")
        required = draft.open_questions(required=True)
        if required:
            raise Refused(f"{self._open(required, 'required ')}. Ask one of them first.")
        left = draft.open_questions()
        if left and draft.phase_early:
            raise Refused(
                f"This phase has lasted {_minutes(draft.phase_time_s)} of at least "
                f"{draft.phase.min_minutes:g} minutes, and {self._open(left, '')}. Ask one, or follow up with `probe`."
            )
        self._advanced = True
        self._settle(draft)
        following = draft.phase.next
        if following is None:
            self._goal = _Goal("ending")
            return "The interview ends, its last words follow by themselves. Say one sentence at most; ask nothing."
        self._goal = None
        phase = self._study.phase(following)
        draft.enter(phase, "advanced")
        question = draft.next_question()
        first = f" Its first question: “{draft.text(question.wording)}”" if question is not None else ""
        return f"The phase “{draft.text(phase.title)}” has begun. Its objective: {phase.objective}{first}"

    def _probe(self, request: ProbeAnswer, draft: Draft) -> str:
        question = self._question(draft)
        if self._advanced:
            raise Refused("A new phase has begun: ask its first question.")
        if draft.phase_late:
            raise Refused(f"The time of this phase is over. {self._next(draft)}")
        if request.probe_id is None:
            self._check_own_probe(question, draft)
            answer = "Ask one short, open follow-up question now, in your own words."
        else:
            answer = self._standard_probe(request.probe_id, question, draft)
        self._goal = _Goal("probe", request.trigger, request.probe_id)
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
        question = self._question(draft)
        if self._advanced:
            raise Refused("A new phase has begun: ask its first question.")
        if question.redirects >= MOST_REDIRECTS:
            raise Refused(f"You have led back to this question {MOST_REDIRECTS} times. {self._next(draft)}")
        self._goal = _Goal("redirect", request.reason)
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
        self._goal = _Goal("question", id=chosen.id)
        return f"Ask it now, without changing what it asks: “{draft.text(chosen.wording)}”"

    def _flag(self, request: FlagInsight, draft: Draft) -> str:
        if draft.progress.insights >= MOST_INSIGHTS:
            raise Refused(f"{MOST_INSIGHTS} insights are marked already. Go on with the interview.")
        question = draft.progress.question
        draft.add(
            InsightFlagged(
                note=_plain(request.note),
                quote=_plain(request.quote),
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
        question = self._question(draft)
        draft.add(TopicCovered(topic_id=request.topic_id, question_id=question.question_id, at_s=draft.at_s))
        return "Noted as covered. Go on with the interview."

    def _close_safely(self, request: CloseSafely, draft: Draft) -> tuple[str, ...]:
        safety = self._study.safety
        reason = "forced"
        if request.reason == "wants_to_stop":
            words, reason = draft.line("stop_ack"), "withdrawn"
        elif request.reason == "abuse" or safety is None:
            words = draft.line("closing_early")
        else:
            words = draft.text(safety.closing)
        self._end(draft, "closing", (words,), trigger=f"model:{request.reason}", end_reason=reason)
        return (words,)

    # What the model says

    def take(self, sentence: str, progress: Progress, *, at_s: float) -> Taken:
        """Take one whole sentence of the model's."""
        if self._superseded(progress):
            return Taken(enough=True)
        sentence, praise = self._conduct.without_praise(sentence)
        breaches = (Breach(praise, ("praise",)),) if praise else ()
        if not sentence:
            return Taken(breaches=breaches)
        asks = self._pack.asks_something(sentence) and count_words(sentence) >= _LEAST_QUESTION_WORDS
        checks = self._conduct.breaches(sentence, asks=asks)
        if checks:
            breach = Breach(sentence, checks)
            return Taken(breaches=(*breaches, breach), enough=asks or breach.grave)
        if asks and self._asked_before(sentence, progress):
            return Taken(breaches=breaches, enough=True)
        if self._pack.praises(sentence) or (asks and not self._may_ask(self._draft(progress, at_s))):
            return Taken(breaches=breaches, enough=asks)
        if not asks and len(self._said) >= MOST_STATEMENTS:
            return Taken(breaches=breaches, enough=True)
        facts = () if self._move_id is not None else self._begin(sentence, progress, at_s)
        self._said.append(sentence)
        self._asked = asks
        return Taken(facts, sentence, breaches, enough=asks)

    def begin(self, words: str, progress: Progress, *, at_s: float) -> tuple[Fact, ...]:
        """The model has become audible with its first words, before anybody could read its sentence to the end."""
        if self._move_id is not None or self._superseded(progress):
            return ()
        self._audible = True
        return self._begin(words, progress, at_s)

    def hear(self, sentence: str, progress: Progress) -> Taken:
        """Take one whole sentence of a model that speaks by itself: it counts as said, whatever is wrong with it.

        `Taken.enough` says that nothing more of the reply may be heard.
        """
        if self._superseded(progress):
            return Taken(enough=True)
        bare, praise = self._conduct.without_praise(sentence)
        breaches = (Breach(praise, ("praise",)),) if praise else ()
        asks = self._pack.asks_something(sentence) and count_words(sentence) >= _LEAST_QUESTION_WORDS
        checks = self._conduct.breaches(bare, asks=asks) if bare else ()
        if checks:
            breaches = (*breaches, Breach(sentence, checks))
        self._said.append(sentence)
        self._asked = self._asked or asks
        return Taken((), sentence, breaches, enough=any(breach.grave for breach in breaches))

    def finish(self, progress: Progress, *, at_s: float) -> Outcome:
        """The model has ended its reply. Whatever it left out is in the outcome's `rest`."""
        if self._superseded(progress):
            return Outcome()
        draft = self._draft(progress, at_s)
        question = self._question(draft)
        if not self._asked and (draft.progress.wrapping_up or draft.wrap_up_due or not self._goal_or_words):
            return self._fall_back(progress, at_s)
        match self._goal:
            case _ if draft.progress.wrapping_up:
                # The wrap-up came while the question was being said: it is the last one about the open one.
                rest = self._end(draft, "probe", (), question_id=question.question_id, trigger="unnamed")
            case _Goal(kind="redirect", trigger=trigger):
                again = () if self._asked else (draft.open_wording(question),)
                rest = self._end(
                    draft,
                    "redirect",
                    again,
                    question_id=question.question_id,
                    probe_id=draft.progress.probe_id,
                    trigger=trigger,
                )
            case _Goal(kind="probe", trigger=trigger, id=probe_id) if self._asked or probe_id is not None:
                self._settle(draft)
                words = (
                    ()
                    if self._asked or probe_id is None
                    else (draft.text(self._study.probe(probe_id).wording),)
                )
                rest = self._end(
                    draft,
                    "probe",
                    words,
                    question_id=question.question_id,
                    probe_id=probe_id,
                    trigger=trigger,
                )
            case _Goal(kind="question", id=str(chosen)):
                self._settle(draft)
                rest = self._ask(draft, self._study.question(chosen))
            case _Goal(kind="ending"):
                rest = self._close(draft)
            case _:
                return self._go_on(draft, question)
        return Outcome(tuple(draft.facts), rest)

    def give_up(self, progress: Progress, *, at_s: float) -> Outcome:
        """The model has failed: the study's own words follow, after whatever it has said."""
        if self._superseded(progress):
            return Outcome()
        if self._asked or (self._goal is not None and self._goal.kind in ("redirect", "ending")):
            return self.finish(progress, at_s=at_s)
        return self._fall_back(progress, at_s)

    def withhold(self, passed: int, progress: Progress, *, at_s: float) -> Outcome:
        """A sentence may not be heard: the safe line and the study's words follow those before it.

        Args:
            passed: how many of the sentences taken were let through.
            progress: where the interview stands.
            at_s: the session clock.
        """
        self._retract(passed)
        if self._superseded(progress):
            return Outcome()
        line = self._study.guard.line(self._language)
        begun = () if self._move_id is not None else self._begin(line, progress, at_s)
        self._said.append(line)
        outcome = self.give_up(fold(begun, progress), at_s=at_s)
        return Outcome((*begun, *outcome.facts), (line, *outcome.rest))

    def cut(self, progress: Progress, *, at_s: float, passed: int) -> tuple[Fact, ...]:
        """The reply was broken off from outside; what was asked aloud by then counts as asked.

        Args:
            progress: where the interview stands.
            at_s: the session clock.
            passed: how many of the sentences taken were let through: no other can have been heard.
        """
        retracted = self._retract(passed)
        if self._asked:
            return self.finish(progress, at_s=at_s).facts
        # Its beginning is written: the first sentence, or the first word of what was audible before it was whole.
        written = len(self._said) < (1 if self._audible else 2)
        if (written and not retracted) or self._move_id is None or self._superseded(progress):
            return ()
        draft = self._draft(progress, at_s)
        self._end(
            draft,
            "reply",
            (),
            question_id=self._question(draft).question_id,
            probe_id=progress.probe_id,
        )
        return tuple(draft.facts)

    # The reply's move

    def _fall_back(self, progress: Progress, at_s: float) -> Outcome:
        decision = follow_up(self._study, progress, self._text, at_s=at_s, language=self._language)
        if decision.move is None:
            return Outcome(decision.facts)
        if self._move_id is None:
            return Outcome(decision.facts, decision.move.parts)
        parts = (*self._said, *decision.move.parts)
        worded = MoveWorded.model_validate(
            decision.move.model_dump(exclude={"kind"})
            | {"move_id": self._move_id, "parts": parts, "text": " ".join(parts), "worded_by": "model"}
        )
        return Outcome((*decision.facts[:-1], worded), decision.move.parts)

    def _begin(self, sentence: str, progress: Progress, at_s: float) -> tuple[Fact, ...]:
        self._move_id = f"m{progress.moves + 1}"
        draft = self._draft(progress, at_s)
        question = self._question(draft)
        draft.say(
            "reply",
            (sentence,),
            question_id=question.question_id,
            probe_id=progress.probe_id,
            worded_by="model",
        )
        return tuple(draft.facts)

    def _go_on(self, draft: Draft, question: QuestionProgress) -> Outcome:
        """No tool says what comes next: the study's order does."""
        self._settle(draft)
        ahead = self._draft(draft.progress, self._began_s if self._asked else draft.at_s)
        following = ahead.come_to_a_question()
        if following is None and self._asked:
            # Nothing else was left to ask, so it was a follow-up, if an unannounced one (`_may_ask` has allowed it).
            rest = self._end(draft, "probe", (), question_id=question.question_id, trigger="unnamed")
            return Outcome(tuple(draft.facts), rest)
        for entered in ahead.facts:
            draft.add(entered.model_copy(update={"at_s": draft.at_s}))
        rest = self._close(draft) if following is None else self._ask(draft, following)
        return Outcome(tuple(draft.facts), rest)

    def _ask(self, draft: Draft, question: Question) -> tuple[str, ...]:
        words = () if self._asked else draft.asking(question)
        return self._end(draft, "question", words, question_id=question.id)

    def _close(self, draft: Draft) -> tuple[str, ...]:
        self._settle(draft)
        closing = draft.text(self._study.closing)
        reason = "wrap_up" if draft.progress.wrapping_up else "finished"
        return self._end(draft, "closing", (closing,), end_reason=reason)

    def _end(
        self,
        draft: Draft,
        move: Move,
        rest: tuple[str, ...],
        *,
        question_id: str | None = None,
        probe_id: str | None = None,
        trigger: str | None = None,
        end_reason: str | None = None,
    ) -> tuple[str, ...]:
        """Write what the reply turned out to be; gives what is still to be said of it."""
        draft.say(
            move,
            (*self._said, *rest),
            question_id=question_id,
            probe_id=probe_id,
            trigger=trigger,
            worded_by="model" if self._said else "study",
            end_reason=end_reason,
        )
        decided = draft.facts.pop()
        assert isinstance(decided, MoveDecided)
        if self._move_id is None:
            draft.facts.append(decided)
        else:
            fields = decided.model_dump(exclude={"kind"}) | {"move_id": self._move_id}
            draft.facts.append(MoveWorded.model_validate(fields))
        return rest

    def _retract(self, passed: int) -> bool:
        """Forget the sentences that were not let through; gives whether there are any."""
        retracted = passed < len(self._said)
        if retracted:
            del self._said[passed:]
            self._asked = False
        return retracted

    # Reading the state

    @property
    def _goal_or_words(self) -> bool:
        return self._goal is not None or bool(self._said)

    def _draft(self, progress: Progress, at_s: float) -> Draft:
        return Draft(self._study, progress, at_s=at_s, language=self._language)

    def _superseded(self, progress: Progress) -> bool:
        """Whether somebody else has spoken since this reply began, or the last words have been decided."""
        if progress.final or progress.question is None:
            return True
        last = progress.last_move
        if self._move_id is None or last is None:
            return False
        return last.move_id != self._move_id or last.move != "reply"

    @staticmethod
    def _question(draft: Draft) -> QuestionProgress:
        question = draft.progress.question
        if question is None:
            raise Refused("No question is open. Say nothing more.")
        return question

    def _settle(self, draft: Draft) -> None:
        """The answer stands: its topics are covered."""
        question = self._question(draft)
        if question.status == "answered":
            draft.cover_topics(question.question_id)

    def _ahead(self, draft: Draft) -> Question | None:
        return self._draft(draft.progress, self._began_s).come_to_a_question()

    def _may_probe(self, question: QuestionProgress) -> bool:
        return question.own_probes < self._study.moderator.own_probes

    def _may_ask(self, draft: Draft) -> bool:
        """Whether a question in the model's own words has a place now."""
        if self._study.moderator.freedom == "bridge":
            return False
        if draft.progress.wrapping_up or draft.wrap_up_due:
            return False
        if self._goal is not None:
            return self._goal.kind != "ending"
        if self._ahead(draft) is not None:
            return True
        return self._may_probe(self._question(draft)) and not draft.phase_late

    def _asked_before(self, sentence: str, progress: Progress) -> bool:
        """Whether a question is one that was put already, to the word: what a model that goes round in circles says."""
        if self._goal is not None and self._goal.kind == "redirect":
            return False
        put = [self._study.question(name).wording.text(self._language) for name in progress.asked]
        if progress.own_words is not None:
            put.append(progress.own_words)
        return tokens(sentence) in map(tokens, put)

    def _open(self, questions: tuple[Question, ...], what: str) -> str:
        named = "; ".join(
            f"{question.id} (“{question.wording.text(self._language)}”)" for question in questions
        )
        verb = "question is" if len(questions) == 1 else "questions are"
        return f"{len(questions)} {what}{verb} open in this phase: {named}"

    def _next(self, draft: Draft) -> str:
        question = self._ahead(draft)
        if question is None:
            return "Nothing is left to ask: the closing follows by itself."
        return f"Ask the next question: {question.id} (“{draft.text(question.wording)}”)."


def _plain(text: str) -> str:
    """Without what no database and no ear can take: control characters, halves of characters."""
    return "".join(char if char.isprintable() else " " for char in text).strip()


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
