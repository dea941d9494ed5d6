"""The floor: one reply of a language model, on the protocol's rails.

The machine gives a model the floor after an answer (`Decision.floor`). What the model asks for is judged by the rails.
What it says is taken sentence by sentence. Where it leaves something out, the study's own words stand in. Pure: time
and progress come with every call, and the floor's own memory is of this one reply.
"""

from __future__ import annotations

from vivavoce.protocol.conduct.judge import Conduct
from vivavoce.protocol.draft import Draft
from vivavoce.protocol.facts import Fact, Move, MoveDecided, MoveWorded, ToolCalled
from vivavoce.protocol.machine import follow_up
from vivavoce.protocol.outcomes import Breach, Judgement, Outcome, Taken
from vivavoce.protocol.progress import Progress, QuestionProgress, fold
from vivavoce.protocol.prompts.pack import load_pack
from vivavoce.protocol.rails import Goal, Rails, Refused, open_question
from vivavoce.protocol.requests import ARGUMENTS_CHARS, CloseSafely, Unreadable, read_request
from vivavoce.protocol.study import Question, Study
from vivavoce.protocol.words import count_words, plain, tokens

MOST_STATEMENTS = 3
"""Sentences a model may say before it asks: mirroring takes one or two."""

MOST_REFUSALS = 4
"""Refused calls in one reply; then the model has lost the thread, and the study's words stand in."""

_LEAST_QUESTION_WORDS = 3
"""«Really?» asks nothing yet."""


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
        self._began_s = at_s
        self._rails = Rails(study, text=text, utterance_ids=utterance_ids, at_s=at_s)
        self._pack = load_pack(language)
        self._conduct = Conduct(study, language, self._pack)
        self._said: list[str] = []
        self._asked = False
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
        if self._rails.goal is not None:
            return self._rails.goal.kind == "ending"
        return self._superseded(progress) or self._rails.ahead(self._draft(progress, at_s)) is None

    # What the model asks for

    def call(self, call_id: str, tool: str, arguments: str, progress: Progress, *, at_s: float) -> Judgement:
        """Judge a call."""
        draft = self._draft(progress, at_s)
        rest: tuple[str, ...] = ()
        try:
            request = read_request(self._study, tool, arguments)
            if self._superseded(progress):
                raise Refused("The interview has moved on without you. Say nothing more.")
            if isinstance(request, CloseSafely):
                answer, rest = "The interview is closed.", self._close_safely(request, draft)
            else:
                answer = self._rails.judge(request, draft, asked=self._asked)
            accepted = True
        except (Unreadable, Refused) as refusal:
            answer, accepted = str(refusal), False
            self.refusals += 1
            draft = self._draft(progress, at_s)
        called = ToolCalled(
            call_id=plain(call_id)[:200] or "call",
            tool=plain(tool)[:200] or "unnamed",
            arguments=plain(arguments)[:ARGUMENTS_CHARS],
            accepted=accepted,
            answer=answer,
            at_s=at_s,
        )
        over = draft.progress.final
        facts = (called, *draft.facts) if over else (*draft.facts, called)
        return Judgement(accepted, answer, facts, rest, over)

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
        asks = self._asks(sentence)
        checks = self._conduct.breaches(sentence, asks=asks)
        if checks:
            breach = Breach(sentence, checks)
            return Taken(breaches=(*breaches, breach), enough=asks or breach.grave)
        if asks and self._asked_before(sentence, progress):
            return Taken(breaches=breaches, enough=True)
        if self._pack.praises(sentence) or (asks and not self._rails.may_ask(self._draft(progress, at_s))):
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
        asks = self._asks(sentence)
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
        question = open_question(draft)
        if not self._asked and (draft.progress.wrapping_up or draft.wrap_up_due or not self._goal_or_words):
            return self._fall_back(progress, at_s)
        match self._rails.goal:
            case _ if draft.progress.wrapping_up:
                # The wrap-up came while the question was being said: it is the last one about the open one.
                rest = self._end(draft, "probe", (), question_id=question.question_id, trigger="unnamed")
            case Goal(kind="redirect", trigger=trigger):
                again = () if self._asked else (draft.open_wording(question),)
                rest = self._end(
                    draft,
                    "redirect",
                    again,
                    question_id=question.question_id,
                    probe_id=draft.progress.probe_id,
                    trigger=trigger,
                )
            case Goal(kind="probe", trigger=trigger, id=probe_id) if self._asked or probe_id is not None:
                draft.settle()
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
            case Goal(kind="question", id=str(chosen)):
                draft.settle()
                rest = self._ask(draft, self._study.question(chosen))
            case Goal(kind="ending"):
                rest = self._close(draft)
            case _:
                return self._go_on(draft, question)
        return Outcome(tuple(draft.facts), rest)

    def give_up(self, progress: Progress, *, at_s: float) -> Outcome:
        """The model has failed: the study's own words follow, after whatever it has said."""
        if self._superseded(progress):
            return Outcome()
        if self._asked or (self._rails.goal is not None and self._rails.goal.kind in ("redirect", "ending")):
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
            question_id=open_question(draft).question_id,
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
        question = open_question(draft)
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
        draft.settle()
        ahead = draft.at(self._began_s if self._asked else draft.at_s)
        following = ahead.come_to_a_question()
        if following is None and self._asked:
            # Nothing else was left to ask, so it was a follow-up, if an unannounced one (the rails have allowed it).
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
        draft.settle()
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
        return self._rails.goal is not None or bool(self._said)

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

    def _asks(self, sentence: str) -> bool:
        return self._pack.asks_something(sentence) and count_words(sentence) >= _LEAST_QUESTION_WORDS

    def _asked_before(self, sentence: str, progress: Progress) -> bool:
        """Whether a question is one that was put already, to the word: what a model that goes round in circles says."""
        if self._rails.goal is not None and self._rails.goal.kind == "redirect":
            return False
        put = [self._study.question(name).wording.text(self._language) for name in progress.asked]
        if progress.own_words is not None:
            put.append(progress.own_words)
        return tokens(sentence) in map(tokens, put)
