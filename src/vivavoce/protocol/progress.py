"""How far an interview has come: the fold of its protocol facts, and what can be read off it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from typing import Literal

from pydantic import BaseModel, ConfigDict

from vivavoce.protocol.facts import (
    AnswerNoted,
    AnswerSetAside,
    Fact,
    InsightFlagged,
    LanguageSettled,
    MoveDecided,
    MoveWorded,
    PhaseEntered,
    SentenceJudged,
    ToolCalled,
    TopicCovered,
)
from vivavoce.protocol.study import Study

QuestionStatus = Literal["asked", "answered", "declined"]


PROBES_REMEMBERED = 3
"""Probes a moderator is reminded of, so that it does not ask the same again."""

_ASKING = ("opening", "question", "probe", "declined", "wrap_up", "closing")


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class QuestionProgress(_Model):
    """One question that has been asked, and what came of it.

    `repeats`, `clarifications`, `waits` and `nudges` count how often it was said again, said simpler, waited
    for and reminded of. `probes` are the ids of those used on it, in order; `own_probes` counts those in a model's own
    words, `redirects` how often a model led back to it. `words` are the participant's.
    """

    question_id: str
    phase_id: str
    asked_at_s: float
    status: QuestionStatus = "asked"
    words: int = 0
    probes: tuple[str, ...] = ()
    own_probes: int = 0
    redirects: int = 0
    repeats: int = 0
    clarifications: int = 0
    waits: int = 0
    nudges: int = 0


class Probed(_Model):
    """A probe that was asked. `probe_id` is None where it was in a model's own words."""

    question_id: str
    probe_id: str | None
    trigger: str | None
    text: str


class Progress(_Model):
    """The state of the protocol. `Progress()` is an interview that has not begun.

    `questions` are in the order they were asked; the last of them is the one that is open, if any is.
    `phase_entered_s` is on the session clock. `own_words` are what is being asked, where a model worded it, and
    `own_probe` says that it is a follow-up of its own. `probed` are the last probes. `insights`, `refusals` and
    `withheld` count what a model flagged, what it was refused, and sentences of it that were kept back. `offered` is
    the language of an offer that awaits its answer, `offers` how often one was made. `final` means the last words have
    been decided: nothing is decided after them.
    """

    moves: int = 0
    phase_id: str | None = None
    phase_index: int = 0
    phase_count: int = 0
    phase_entered_s: float = 0.0
    questions: tuple[QuestionProgress, ...] = ()
    probe_id: str | None = None
    own_words: str | None = None
    own_probe: bool = False
    probed: tuple[Probed, ...] = ()
    insights: int = 0
    refusals: int = 0
    offered: str | None = None
    offers: int = 0
    withheld: int = 0
    topics: tuple[str, ...] = ()
    wrapping_up: bool = False
    wrap_up_said: bool = False
    last_move: MoveDecided | None = None
    final: bool = False
    end_reason: str | None = None

    @property
    def began(self) -> bool:
        """Whether the moderator has decided anything yet."""
        return self.moves > 0

    @property
    def question(self) -> QuestionProgress | None:
        """The open question: the one the participant was asked last.

        None before the opening and after the last words.
        """
        return self.questions[-1] if self.questions and not self.final else None

    @property
    def asked(self) -> frozenset[str]:
        """The ids of the questions asked so far."""
        return frozenset(question.question_id for question in self.questions)

    def taken_up_later(self) -> Progress:
        """Where another sitting begins that follows this one: its clock starts anew, and nothing has been said."""
        return self.model_copy(
            update={
                "phase_entered_s": 0.0,
                "wrapping_up": False,
                "wrap_up_said": False,
                "last_move": None,
                "final": False,
                "end_reason": None,
            }
        )

    def probe_uses(self, probe_id: str) -> int:
        """How often a probe was used in this interview."""
        return sum(question.probes.count(probe_id) for question in self.questions)


def advance(progress: Progress, fact: Fact) -> Progress:
    """One fact further. Pure, total, and independent of the study."""
    match fact:
        case PhaseEntered():
            return _enter(progress, fact)
        case MoveDecided():
            return _move(progress.model_copy(update={"moves": progress.moves + 1}), fact)
        case MoveWorded():
            return _worded(progress, fact)
        case AnswerNoted():
            return _answer(progress, fact)
        case AnswerSetAside():
            return _set_aside(progress, fact)
        case InsightFlagged():
            return progress.model_copy(update={"insights": progress.insights + 1})
        case LanguageSettled():
            return _settled(progress, fact)
        case ToolCalled():
            refused = 0 if fact.accepted else 1
            return progress.model_copy(update={"refusals": progress.refusals + refused})
        case SentenceJudged():
            return progress.model_copy(update={"withheld": progress.withheld + fact.withheld})
        case TopicCovered():
            if fact.topic_id in progress.topics:
                return progress
            return progress.model_copy(update={"topics": (*progress.topics, fact.topic_id)})


def fold(facts: Iterable[Fact], progress: Progress | None = None) -> Progress:
    """All facts of a session, or those since `progress`, folded in order."""
    return reduce(advance, facts, progress or Progress())


def _enter(progress: Progress, fact: PhaseEntered) -> Progress:
    same = progress.phase_id == fact.phase_id
    return progress.model_copy(
        update={
            "phase_id": fact.phase_id,
            "phase_index": fact.index,
            "phase_count": fact.count,
            "phase_entered_s": progress.phase_entered_s if same else fact.at_s,
            "wrapping_up": progress.wrapping_up or fact.reason == "wrap_up",
        }
    )


def _move(progress: Progress, fact: MoveDecided) -> Progress:
    questions = progress.questions
    if fact.question_id is not None and fact.question_id not in progress.asked:
        asked = QuestionProgress(question_id=fact.question_id, phase_id=fact.phase_id, asked_at_s=fact.at_s)
        questions = (*questions, asked)
    elif questions:
        questions = (*questions[:-1], _again(questions[-1], fact))
    own = progress.own_words, progress.own_probe
    if fact.worded_by == "model" and fact.move in ("question", "probe") and fact.parts:
        own = fact.parts[-1], fact.move == "probe" and fact.probe_id is None
    elif fact.move in _ASKING:
        own = None, False
    probed = progress.probed
    if fact.move == "probe" and fact.question_id is not None:
        last = fact.parts[-1] if fact.parts else fact.text
        note = Probed(question_id=fact.question_id, probe_id=fact.probe_id, trigger=fact.trigger, text=last)
        probed = (*probed, note)[-PROBES_REMEMBERED:]
    return progress.model_copy(
        update={
            "questions": questions,
            "probe_id": fact.probe_id,
            "own_words": own[0],
            "own_probe": own[1],
            "probed": probed,
            "offered": fact.language if fact.move == "language_offer" else progress.offered,
            "offers": progress.offers + (fact.move == "language_offer"),
            "wrap_up_said": progress.wrap_up_said or fact.move == "wrap_up",
            "last_move": fact,
            "final": progress.final or fact.final,
            "end_reason": fact.end_reason if fact.final else progress.end_reason,
        }
    )


def _worded(progress: Progress, fact: MoveWorded) -> Progress:
    """What a reply turned out to be, if it is still the last thing the moderator said."""
    begun = progress.last_move
    if begun is None or begun.move_id != fact.move_id or begun.move != "reply":
        return progress
    return _move(progress, fact.decided())


def _settled(progress: Progress, fact: LanguageSettled) -> Progress:
    changes: dict[str, object] = {"offered": None}
    if fact.reason == "accepted":
        # A model's words were in the other language: what is being asked is asked in the study's from now on.
        changes |= {"own_words": None, "own_probe": False}
    return progress.model_copy(update=changes)


def _set_aside(progress: Progress, fact: AnswerSetAside) -> Progress:
    def opened(question: QuestionProgress) -> QuestionProgress:
        if question.question_id != fact.question_id or question.status != "answered":
            return question
        words = max(0, question.words - fact.words)
        return question.model_copy(update={"words": words, "status": "answered" if words else "asked"})

    return progress.model_copy(
        update={"questions": tuple(opened(question) for question in progress.questions)}
    )


def _again(question: QuestionProgress, fact: MoveDecided) -> QuestionProgress:
    if fact.question_id != question.question_id:
        return question
    match fact.move:
        case "probe" if fact.probe_id is None:
            return question.model_copy(update={"own_probes": question.own_probes + 1})
        case "probe":
            return question.model_copy(update={"probes": (*question.probes, fact.probe_id)})
        case "redirect":
            return question.model_copy(update={"redirects": question.redirects + 1})
        case "repeat" if fact.trigger != "no_text":
            return question.model_copy(update={"repeats": question.repeats + 1})
        case "clarify":
            return question.model_copy(update={"clarifications": question.clarifications + 1})
        case "nudge":
            return question.model_copy(update={"nudges": question.nudges + 1})
        case _:
            return question


def _answer(progress: Progress, fact: AnswerNoted) -> Progress:
    def noted(question: QuestionProgress) -> QuestionProgress:
        if question.question_id != fact.question_id:
            return question
        match fact.intent:
            case "answer" | "yes_no":
                return question.model_copy(
                    update={"status": "answered", "words": question.words + fact.words}
                )
            case "decline" if question.status == "asked":
                return question.model_copy(update={"status": "declined"})
            case "wait" | "backchannel":
                return question.model_copy(update={"waits": question.waits + 1})
            case _:
                return question

    return progress.model_copy(
        update={"questions": tuple(noted(question) for question in progress.questions)}
    )


class ProgressView(_Model):
    """What a progress bar shows. `fraction` (0-1) never falls; `phase_index` counts from 0."""

    phase_index: int
    phase_count: int
    phase_title: str
    fraction: float


def progress_view(
    study: Study, progress: Progress, at_s: float, *, language: str | None = None
) -> ProgressView:
    """How far the interview has come, by the phases' time boxes; inside a phase by questions or time, whichever leads.

    Args:
        language: of the title; default the study's first.
    """
    path = study.path
    index = min(progress.phase_index, len(path) - 1)
    phase = path[index]
    if progress.final:
        inside = 1.0
    elif progress.phase_id is None:
        inside = 0.0
    else:
        settled = sum(
            1
            for question in progress.questions
            if question.phase_id == phase.id and question.status != "asked"
        )
        elapsed = max(at_s - progress.phase_entered_s, 0.0) / (phase.max_minutes * 60)
        # Time alone never fills a phase: the rest is for being through with it.
        inside = min(max(settled / len(phase.questions), min(elapsed, 1.0) * 0.9), 1.0)
    before = sum(earlier.max_minutes for earlier in path[:index])
    whole = sum(each.max_minutes for each in path)
    fraction = 1.0 if progress.final else (before + phase.max_minutes * inside) / whole
    return ProgressView(
        phase_index=index,
        phase_count=len(path),
        phase_title=phase.title.text(language or study.languages[0]),
        fraction=round(fraction, 4),
    )
