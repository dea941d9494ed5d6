"""The machine that decides what the moderator says next.

Pure and deterministic: no clock, no chance, no I/O. The same study, progress and observation give the same decision,
on any host, so an interview can be replayed from its log or taken up by another host in the middle.
"""

from __future__ import annotations

from dataclasses import dataclass

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
from vivavoce.protocol.hearing import unheard_parts
from vivavoce.protocol.intent import Reading, read
from vivavoce.protocol.observations import (
    Answered,
    Began,
    CloseDue,
    Interrupted,
    Returned,
    Silent,
    WrapUpDue,
)
from vivavoce.protocol.observations import Observation as Observation
from vivavoce.protocol.progress import Progress, QuestionProgress, advance
from vivavoce.protocol.study import Phase, Probe, Question, Study, Wording
from vivavoce.protocol.triggers import applies
from vivavoce.protocol.words import find_phrase

# How often one question is said again, said simpler, and waited for, before the interview goes on without an answer.
MAX_REPEATS = 3
MAX_CLARIFICATIONS = 2
MAX_WAITS = 3

# "Stop!" said into the moderator's speech means "stop talking"; more words mean what they say.
_BARE_STOP_WORDS = 2

QUESTION_ALLOWANCE_S = 45.0
"""What a question and its answer take at least: no other is begun later than this before the hard limit."""

_CLOSING_LINES = {
    "budget": "closing_budget",
    "hard_limit": "closing_limit",
    "idle": "closing_idle",
    "drain": "closing_drain",
    "withdrawn": "stop_ack",
    "left": "stop_ack",
}


@dataclass(frozen=True)
class Decision:
    """What follows from an observation.

    `facts` are appended to the log in order; `move`, the last of them, is spoken.
    """

    facts: tuple[Fact, ...] = ()
    move: MoveDecided | None = None

    @property
    def end_reason(self) -> str | None:
        """Why the interview ends once `move` has been heard; None while it goes on."""
        return self.move.end_reason if self.move is not None else None


def decide(study: Study, progress: Progress, observation: Observation, *, language: str) -> Decision:
    """What the moderator does about an observation. After the final move: nothing.

    Raises:
        UnknownLanguage: the study has no such language.
    """
    if progress.final:
        return Decision()
    turn = _Turn(study, progress, at_s=observation.at_s, language=language)
    match observation:
        case Began() | Returned():
            turn.take_up()
        case Answered(text=text, utterance_ids=utterance_ids):
            turn.hear(text, utterance_ids)
        case Interrupted(heard_text=heard, text=text, utterance_ids=utterance_ids):
            turn.yield_to(heard, text, utterance_ids)
        case Silent():
            turn.nudge()
        case WrapUpDue():
            turn.note_wrap_up()
        case CloseDue(reason=reason):
            turn.close_early(reason)
    return Decision(tuple(turn.facts), turn.move)


class _Turn:
    """One decision in the making: gathers facts, and keeps the progress they lead to."""

    def __init__(self, study: Study, progress: Progress, *, at_s: float, language: str) -> None:
        self.study = study
        self.progress = progress
        self.at_s = at_s
        self.language = language
        self.facts: list[Fact] = []
        self.move: MoveDecided | None = None

    # What was observed

    def take_up(self) -> None:
        """Open the interview, or take it up where it was."""
        question = self.progress.question
        if question is None:
            self._open()
            return
        self._again("welcome_back", (self._line("welcome_back"), self._open_wording(question)))

    def hear(self, text: str, utterance_ids: tuple[str, ...]) -> None:
        """The participant has spoken and finished."""
        reading = read(text, self.language)
        question = self.progress.question
        if reading.words == 0:
            return
        if question is None:
            self._open()
            return
        safe_word = self._safe_word(text)
        if safe_word is not None:
            self._note("safety", reading, utterance_ids)
            self._close_for_safety(safe_word)
            return
        intent = reading.intent
        if intent in ("yes_no", "backchannel") and self._nudged():
            intent = "ready"  # "Are you still there?" "Yes."
        elif intent == "backchannel" and question.waits > 0:
            intent = "answer"  # a second "okay" is all that will come
        self._note(intent, reading, utterance_ids)
        match intent:
            case "answer" | "yes_no":
                self._follow_up(question, text, reading)
            case "repeat_request":
                self._repeat(question, (self._line("repeat_intro"),), trigger=intent)
            case "ready":
                self._repeat(question, (), trigger=intent)
            case "clarify_request":
                self._clarify(question)
            case "stop":
                self._say("closing", (self._line("stop_ack"),), end_reason="withdrawn")
            case "wait" if question.waits >= MAX_WAITS:
                self._pass_over()
            case "wait" | "backchannel":
                pass  # more is to come
            case _:
                self._pass_over()

    def yield_to(self, heard_text: str, text: str, utterance_ids: tuple[str, ...]) -> None:
        """The participant spoke into the moderator's last move."""
        question = self.progress.question
        last = self.progress.last_move
        if question is None or last is None:
            self.hear(text, utterance_ids)
            return
        reading = read(text, self.language)
        if reading.intent == "stop" and reading.words <= _BARE_STOP_WORDS:
            self._note("wait", reading, utterance_ids)
            return
        steers = reading.intent in ("stop", "decline", "wait", "clarify_request")
        unheard = unheard_parts(last, heard_text, reading)
        if steers or not unheard or self._safe_word(text) is not None or question.repeats >= MAX_REPEATS:
            self.hear(text, utterance_ids)
            return
        if reading.words:
            wants_it = reading.intent in ("repeat_request", "ready")
            self._note(reading.intent if wants_it else "aside", reading, utterance_ids)
        self._again("repeat", unheard, trigger="unheard")

    def nudge(self) -> None:
        """Nobody has said anything for a while: remind once a question."""
        question = self.progress.question
        if question is not None and question.nudges == 0:
            self._again("nudge", (self._line("nudge"),))

    def note_wrap_up(self) -> None:
        """Time is nearly over: from now on only what the last phase requires. The open question is still awaited."""
        if self.progress.began and not self.progress.wrapping_up:
            self._enter(self.study.path[-1], "wrap_up")

    def close_early(self, reason: str) -> None:
        """The interview must end now."""
        if reason in ("finished", "wrap_up"):
            self._say("closing", (self._text(self.study.closing),), end_reason=reason)
        else:
            line = _CLOSING_LINES.get(reason, "closing_early")
            self._say("closing", (self._line(line),), end_reason=reason)

    # Ways on

    def _open(self) -> None:
        opening = self._text(self.study.opening)
        disclosure = self._text(self.study.consent.disclosure)
        self._enter(self.study.path[0], "began")
        self._go_on("opening", (opening,) if disclosure in opening else (opening, disclosure))

    def _follow_up(self, question: QuestionProgress, text: str, reading: Reading) -> None:
        """After an answer: a probe if one applies, else the next question."""
        asked = self.study.question(question.question_id)
        for topic_id in asked.topics:
            if topic_id not in self.progress.topics:
                self._add(TopicCovered(topic_id=topic_id, question_id=asked.id, at_s=self.at_s))
        chosen = self._probe(question, asked, text, reading)
        if chosen is None:
            self._go_on()
            return
        probe, trigger = chosen
        wording = self._text(probe.wording)
        self._say("probe", (wording,), question_id=asked.id, probe_id=probe.id, trigger=trigger)

    def _probe(
        self, question: QuestionProgress, asked: Question, text: str, reading: Reading
    ) -> tuple[Probe, str] | None:
        if (
            self.progress.wrapping_up
            or self._wrap_up_due()
            or self._phase_time() >= self._phase().max_minutes * 60
        ):
            return None
        usable = [
            probe
            for probe in map(self.study.probe, asked.probes)
            if probe.id not in question.probes
            and self.progress.probe_uses(probe.id) < probe.max_per_interview
        ]
        if len(question.probes) < asked.max_probes:
            for probe in usable:
                trigger = applies(probe.when, text, reading, self.language)
                if trigger is not None:
                    return probe, trigger
        # Too early for the next phase and nothing left to ask in this one: whatever else may be asked here.
        if self._next_question() is None and self._phase_time() < self._phase().min_minutes * 60:
            return next(((probe, "time_left") for probe in usable if probe.when.kind == "always"), None)
        return None

    def _repeat(self, question: QuestionProgress, intro: tuple[str, ...], *, trigger: str) -> None:
        if question.repeats >= MAX_REPEATS:
            self._pass_over()
        else:
            self._again("repeat", (*intro, self._open_wording(question)), trigger=trigger)

    def _clarify(self, question: QuestionProgress) -> None:
        simpler = self.study.question(question.question_id).repeat
        if question.clarifications >= MAX_CLARIFICATIONS:
            self._pass_over()
        elif simpler is None or self.progress.probe_id is not None:
            self._again("clarify", (self._line("repeat_intro"), self._open_wording(question)))
        else:
            self._again("clarify", (self._line("clarify_intro"), self._text(simpler)))

    def _pass_over(self) -> None:
        self._go_on("declined", (self._line("declined_ack"),))

    def _go_on(self, move: Move = "question", before: tuple[str, ...] = ()) -> None:
        """The next question, in this phase or a later one; the closing if there is none."""
        if self.progress.began and self._wrap_up_due() and not self.progress.wrapping_up:
            self._enter(self.study.path[-1], "wrap_up")
        if self.progress.wrapping_up and not self.progress.wrap_up_said:
            move, before = "wrap_up", (*before, self._line("wrap_up"))
        question = self._next_question()
        while question is None:
            following = self._phase().next
            if following is None:
                reason = "wrap_up" if self.progress.wrapping_up else "finished"
                self._say("closing", (*before, self._text(self.study.closing)), end_reason=reason)
                return
            self._enter(self.study.phase(following), "next")
            question = self._next_question()
        self._ask(question, move, before)

    def _ask(self, question: Question, move: Move, before: tuple[str, ...]) -> None:
        phase = self._phase()
        fresh = not any(other.id in self.progress.asked for other in phase.questions)
        if phase.intro is not None and fresh and not self.progress.wrapping_up:
            before = (*before, self._text(phase.intro))
        self._say(move, (*before, self._text(question.wording)), question_id=question.id)

    def _next_question(self) -> Question | None:
        """The next one of this phase that is to be asked, now that it is as late as it is."""
        late = self.progress.wrapping_up
        if late and self.study.limits.hard_limit_s - self.at_s < QUESTION_ALLOWANCE_S:
            return None
        only_required = late or self._phase_time() >= self._phase().max_minutes * 60
        for question in self._phase().questions:
            if question.id not in self.progress.asked and (question.required or not only_required):
                return question
        return None

    def _close_for_safety(self, safe_word: str) -> None:
        assert self.study.safety is not None
        words = self._text(self.study.safety.closing)
        self._say("closing", (words,), trigger=f"safety:{safe_word}", end_reason="forced")

    # Reading the state

    def _phase(self) -> Phase:
        return (
            self.study.path[0] if self.progress.phase_id is None else self.study.phase(self.progress.phase_id)
        )

    def _phase_time(self) -> float:
        return self.at_s - self.progress.phase_entered_s

    def _wrap_up_due(self) -> bool:
        # The timer says so too (`WrapUpDue`), but an answer may come first.
        return self.at_s >= self.study.limits.wrap_up_at_s

    def _nudged(self) -> bool:
        return self.progress.last_move is not None and self.progress.last_move.move == "nudge"

    def _open_wording(self, question: QuestionProgress) -> str:
        if self.progress.probe_id is not None:
            return self._text(self.study.probe(self.progress.probe_id).wording)
        return self._text(self.study.question(question.question_id).wording)

    def _safe_word(self, text: str) -> str | None:
        if self.study.safety is None:
            return None
        return find_phrase(text, self.study.safety.words.get(self.language, ()))

    def _text(self, wording: Wording) -> str:
        return wording.text(self.language)

    def _line(self, name: str) -> str:
        return self.study.line(name, self.language)

    # Writing facts

    def _add(self, fact: Fact) -> None:
        self.facts.append(fact)
        self.progress = advance(self.progress, fact)

    def _enter(self, phase: Phase, reason: PhaseReason) -> None:
        path = self.study.path
        index = path.index(phase)
        self._add(
            PhaseEntered(phase_id=phase.id, index=index, count=len(path), at_s=self.at_s, reason=reason)
        )

    def _note(self, intent: Intent, reading: Reading, utterance_ids: tuple[str, ...]) -> None:
        question = self.progress.question
        self._add(
            AnswerNoted(
                question_id=question.question_id if question is not None else None,
                probe_id=self.progress.probe_id,
                utterance_ids=utterance_ids,
                intent=intent,
                words=reading.words,
                at_s=self.at_s,
            )
        )

    def _again(self, move: Move, parts: tuple[str, ...], *, trigger: str | None = None) -> None:
        """A move about what is already being asked."""
        question = self.progress.question
        assert question is not None
        probe_id = self.progress.probe_id
        self._say(move, parts, question_id=question.question_id, probe_id=probe_id, trigger=trigger)

    def _say(
        self,
        move: Move,
        parts: tuple[str, ...],
        *,
        question_id: str | None = None,
        probe_id: str | None = None,
        trigger: str | None = None,
        end_reason: str | None = None,
    ) -> None:
        final = end_reason is not None
        self.move = MoveDecided(
            move_id=f"m{self.progress.moves + 1}",
            move=move,
            phase_id=self._phase().id,
            question_id=question_id,
            probe_id=probe_id,
            trigger=trigger,
            text=" ".join(parts),
            parts=parts,
            at_s=self.at_s,
            expects_answer=not final,
            final=final,
            end_reason=end_reason,
        )
        self._add(self.move)
