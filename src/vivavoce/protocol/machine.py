"""The machine that decides what the moderator says next.

Pure and deterministic: no clock, no chance, no I/O. The same study, progress and observation give the same decision,
on any host, so an interview can be replayed from its log or taken up by another host in the middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vivavoce.protocol.draft import QUESTION_ALLOWANCE_S as QUESTION_ALLOWANCE_S
from vivavoce.protocol.draft import Draft
from vivavoce.protocol.facts import Fact, LanguageSettled, Move, MoveDecided
from vivavoce.protocol.hearing import unheard_parts
from vivavoce.protocol.intent import Reading, read
from vivavoce.protocol.listening import MOST_OFFERS, to_offer
from vivavoce.protocol.observations import (
    Answered,
    Began,
    CloseDue,
    Interrupted,
    Returned,
    Silent,
    Unheard,
    WrapUpDue,
)
from vivavoce.protocol.observations import Observation as Observation
from vivavoce.protocol.offer import accepted
from vivavoce.protocol.progress import Progress, QuestionProgress
from vivavoce.protocol.study import Probe, Question, Study
from vivavoce.protocol.triggers import applies
from vivavoce.protocol.wordings import wordings
from vivavoce.protocol.words import find_phrase

# How often one question is said again, said simpler, and waited for, before the interview goes on without an answer.
MAX_REPEATS = 3
MAX_CLARIFICATIONS = 2
MAX_WAITS = 3

# "Stop!" said into the moderator's speech means "stop talking"; more words mean what they say.
_BARE_STOP_WORDS = 2

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

    `facts` are appended to the log in order; `move`, the last of them, is spoken. `floor` says that the next words are
    a model's (`protocol.floor`): the answer has been noted, and no more.
    """

    facts: tuple[Fact, ...] = ()
    move: MoveDecided | None = None
    floor: bool = False

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
        case Answered(text=text, utterance_ids=utterance_ids, spoken=spoken):
            turn.hear(text, utterance_ids, spoken)
        case Interrupted(heard_text=heard, text=text, utterance_ids=utterance_ids, spoken=spoken):
            turn.yield_to(heard, text, utterance_ids, spoken)
        case Silent():
            turn.nudge()
        case Unheard():
            turn.ask_again()
        case WrapUpDue():
            turn.note_wrap_up()
        case CloseDue(reason=reason):
            turn.close_early(reason)
    return Decision(tuple(turn.facts), turn.move, turn.floor)


def follow_up(study: Study, progress: Progress, text: str, *, at_s: float, language: str) -> Decision:
    """What the study's own words are after an answer that has been noted: what is said where a model fails.

    Args:
        study: what is asked.
        progress: where the interview stands, the answer noted.
        text: the answer.
        at_s: the session clock.
        language: of the session.
    """
    question = progress.question
    if question is None:
        return Decision()
    turn = _Turn(study, progress, at_s=at_s, language=language)
    turn.follow_up(question, text, read(text, language))
    return Decision(tuple(turn.facts), turn.move)


class _Turn(Draft):
    """What the machine makes of one observation."""

    floor = False

    # What was observed

    def take_up(self) -> None:
        """Open the interview, or take it up where it was."""
        question = self.progress.question
        if question is None:
            self._open()
        elif self.progress.offered is not None:
            self._offer_again()
        else:
            self._again("welcome_back", (self.line("welcome_back"), self.open_wording(question)))

    def hear(
        self, text: str, utterance_ids: tuple[str, ...], spoken: str | None, *, unheard: bool = False
    ) -> None:
        """The participant has spoken and finished; `unheard`: over a question that they do not know."""
        question = self.progress.question
        offer = to_offer(self.study, self.progress, text, spoken=spoken, language=self.language)
        other = offer or self.progress.offered
        reading = read(text, offer or self.language)
        if reading.words == 0:
            return
        if question is None:
            self._open()
            return
        for language in (self.language, *((other,) if other else ())):
            safe_word = self._safe_word(text, language)
            if safe_word is not None:
                self.note("safety", reading, utterance_ids)
                self._close_for_safety(safe_word, language)
                return
        if other is not None and read(text, other).intent == "stop":
            self.note("stop", reading, utterance_ids)
            words = self.study.line("stop_ack", other)
            self.say("closing", (words,), language=other, end_reason="withdrawn")
            return
        if offer is not None:
            self.note("aside" if unheard else reading.intent, reading, utterance_ids)
            self._offer(offer)
            return
        if self.progress.offered is not None and reading.intent != "stop":
            self._settle(question, text, reading, utterance_ids, spoken)
            return
        intent = reading.intent
        if intent in ("yes_no", "backchannel") and self._nudged():
            intent = "ready"  # "Are you still there?" "Yes."
        elif intent == "backchannel" and question.waits > 0:
            intent = "answer"  # a second "okay" is all that will come
        self.note(intent, reading, utterance_ids)
        match intent:
            case "answer" | "yes_no":
                if self.study.moderator.thinks and not self.progress.wrapping_up and not self.wrap_up_due:
                    self.floor = True
                else:
                    self.follow_up(question, text, reading)
            case "repeat_request":
                self._repeat(question, (self.line("repeat_intro"),), trigger=intent)
            case "ready":
                self._repeat(question, (), trigger=intent)
            case "clarify_request":
                self._clarify(question)
            case "stop":
                self.say("closing", (self.line("stop_ack"),), end_reason="withdrawn")
            case "wait" if question.waits >= MAX_WAITS:
                self._pass_over()
            case "wait" | "backchannel":
                pass  # more is to come
            case _:
                self._pass_over()

    def yield_to(
        self, heard_text: str, text: str, utterance_ids: tuple[str, ...], spoken: str | None
    ) -> None:
        """The participant spoke into the moderator's last move."""
        question = self.progress.question
        last = self.progress.last_move
        if question is None or last is None or self.progress.offered is not None:
            self.hear(text, utterance_ids, spoken)
            return
        offer = to_offer(self.study, self.progress, text, spoken=spoken, language=self.language)
        if offer is not None:
            unheard = unheard_parts(last, heard_text, read(text, offer))
            self.hear(text, utterance_ids, spoken, unheard=bool(unheard))
            return
        reading = read(text, self.language)
        if reading.intent == "stop" and reading.words <= _BARE_STOP_WORDS:
            self.note("wait", reading, utterance_ids)
            return
        steers = reading.intent in ("stop", "decline", "wait", "clarify_request")
        unheard = unheard_parts(last, heard_text, reading)
        safe = self._safe_word(text, self.language) is not None
        if steers or not unheard or safe or question.repeats >= MAX_REPEATS:
            self.hear(text, utterance_ids, spoken)
            return
        if reading.words:
            wants_it = reading.intent in ("repeat_request", "ready")
            self.note(reading.intent if wants_it else "aside", reading, utterance_ids)
        self._again("repeat", unheard, trigger="unheard")

    def nudge(self) -> None:
        """Nobody has said anything for a while: remind once a question; an offer is not taken."""
        question = self.progress.question
        if self.progress.offered is not None:
            self._go_on_in(None, "unanswered")
            return
        if question is not None and question.nudges == 0:
            self._again("nudge", (self.line("nudge"),))

    def ask_again(self) -> None:
        """What was said had no text: the same question, and none of the repeats that the participant may ask for."""
        question = self.progress.question
        if self.progress.offered is not None:
            self._offer_again()
        elif question is not None:
            self._again("repeat", (self.open_wording(question),), trigger="no_text")

    def note_wrap_up(self) -> None:
        """Time is nearly over: from now on only what the last phase requires. The open question is still awaited."""
        if self.progress.began and not self.progress.wrapping_up:
            self.enter(self.study.path[-1], "wrap_up")

    def close_early(self, reason: str) -> None:
        """The interview must end now."""
        if reason in ("finished", "wrap_up"):
            self.say("closing", (self.text(self.study.closing),), end_reason=reason)
        else:
            line = _CLOSING_LINES.get(reason, "closing_early")
            self.say("closing", (self.line(line),), end_reason=reason)

    # Another language

    def _offer(self, language: str) -> None:
        """Ask, in that language, whether to go on in it."""
        question = self.progress.question
        words = self.study.language_offer.text("offer", language)
        assert question is not None and words is not None
        self.say(
            "language_offer",
            (words,),
            question_id=question.question_id,
            probe_id=self.progress.probe_id,
            language=language,
        )

    def _offer_again(self) -> None:
        """Say the offer again to whoever has missed it, but not for ever."""
        if self.progress.offered is None or self.progress.offers >= MOST_OFFERS:
            self._go_on_in(None, "unanswered")
        else:
            self._offer(self.progress.offered)

    def _settle(
        self,
        question: QuestionProgress,
        text: str,
        reading: Reading,
        utterance_ids: tuple[str, ...],
        spoken: str | None,
    ) -> None:
        """The offer has been answered."""
        offered = self.progress.offered
        assert offered is not None
        intents = {read(text, language).intent for language in (offered, self.language)}
        if "wait" in intents and question.waits < MAX_WAITS:
            self.note("wait", reading, utterance_ids)
            return
        self.note("aside", reading, utterance_ids)
        if intents & {"repeat_request", "clarify_request"} and self.progress.offers < MOST_OFFERS:
            self._offer_again()
        elif accepted(text, offered=offered, language=self.language, spoken=spoken):
            self._go_on_in(offered, "accepted")
        else:
            self._go_on_in(None, "declined")

    def _go_on_in(self, language: str | None, reason: Literal["accepted", "declined", "unanswered"]) -> None:
        """In the language that was offered, or (None) in the session's; with what comes next in either."""
        self.language = language or self.language
        self.add(LanguageSettled(language=self.language, reason=reason, at_s=self.at_s))
        question = self.progress.question
        assert question is not None
        line = self.study.language_offer.text("switched" if language else "kept", self.language)
        # Who did not speak the opening's language has not heard in their own that a machine speaks.
        disclosure = (self.text(self.study.consent.disclosure),) if language else ()
        before = (*((line,) if line else ()), *disclosure)
        if question.status == "asked":
            self._again("repeat", (*before, self.open_wording(question)), trigger="language")
            return
        self.settle()
        self._go_on("question", before)

    # Ways on

    def _open(self) -> None:
        opening = self.text(self.study.opening)
        disclosure = self.text(self.study.consent.disclosure)
        self.enter(self.study.path[0], "began")
        self._go_on("opening", (opening,) if disclosure in opening else (opening, disclosure))

    def follow_up(self, question: QuestionProgress, text: str, reading: Reading) -> None:
        """After an answer: a probe if one applies, else the next question."""
        asked = self.study.question(question.question_id)
        self.cover_topics(asked.id)
        if question.phase_id != self.progress.phase_id:
            self._go_on()  # a model had entered the next phase before it failed
            return
        chosen = self._probe(question, asked, text, reading)
        if chosen is None:
            self._go_on()
            return
        probe, trigger = chosen
        wording = self.text(probe.wording)
        self.say("probe", (wording,), question_id=asked.id, probe_id=probe.id, trigger=trigger)

    def _probe(
        self, question: QuestionProgress, asked: Question, text: str, reading: Reading
    ) -> tuple[Probe, str] | None:
        if self.progress.wrapping_up or self.wrap_up_due or self.phase_late:
            return None
        usable = self.usable_probes(question)
        if len(question.probes) < asked.max_probes:
            for probe in usable:
                trigger = applies(probe.when, text, reading, self.language)
                if trigger is not None:
                    return probe, trigger
        # Too early for the next phase and nothing left to ask in this one: whatever else may be asked here.
        if self.next_question() is None and self.phase_early:
            return next(((probe, "time_left") for probe in usable if probe.when.kind == "always"), None)
        return None

    def _repeat(self, question: QuestionProgress, intro: tuple[str, ...], *, trigger: str) -> None:
        if question.repeats >= MAX_REPEATS:
            self._pass_over()
        else:
            self._again("repeat", (*intro, self.open_wording(question)), trigger=trigger)

    def _clarify(self, question: QuestionProgress) -> None:
        simpler = self.study.question(question.question_id).repeat
        if question.clarifications >= MAX_CLARIFICATIONS:
            self._pass_over()
        elif simpler is None or self.progress.probe_id is not None or self.progress.own_probe:
            self._again("clarify", (self.line("repeat_intro"), self.open_wording(question)))
        else:
            self._again("clarify", (self.line("clarify_intro"), self.text(simpler)))

    def _pass_over(self) -> None:
        self._go_on("declined", (self.line("declined_ack"),))

    def _go_on(self, move: Move = "question", before: tuple[str, ...] = ()) -> None:
        """The next question, in this phase or a later one; the closing if there is none."""
        if self.progress.began and self.wrap_up_due and not self.progress.wrapping_up:
            self.enter(self.study.path[-1], "wrap_up")
        if self.progress.wrapping_up and not self.progress.wrap_up_said:
            move, before = "wrap_up", (*before, self.line("wrap_up"))
        question = self.come_to_a_question()
        if question is None:
            reason = "wrap_up" if self.progress.wrapping_up else "finished"
            self.say("closing", (*before, self.text(self.study.closing)), end_reason=reason)
            return
        self.say(move, (*before, *self.asking(question)), question_id=question.id)

    def _close_for_safety(self, safe_word: str, language: str) -> None:
        assert self.study.safety is not None
        words = self.study.safety.closing.text(language)
        self.say("closing", (words,), trigger=f"safety:{safe_word}", language=language, end_reason="forced")

    def _nudged(self) -> bool:
        return self.progress.last_move is not None and self.progress.last_move.move == "nudge"

    def _safe_word(self, text: str, language: str) -> str | None:
        if self.study.safety is None:
            return None
        return find_phrase(text, self.study.safety.words.get(language, ()))

    def _again(self, move: Move, parts: tuple[str, ...], *, trigger: str | None = None) -> None:
        """A move about what is already being asked."""
        question = self.progress.question
        assert question is not None
        own = self.progress.own_words is not None and not set(parts) <= set(
            wordings(self.study, self.language)
        )
        self.say(
            move,
            parts,
            question_id=question.question_id,
            probe_id=self.progress.probe_id,
            trigger=trigger,
            worded_by="model" if own else "study",
        )
