"""The participants of a rehearsal: one for every edge of an interview, and what must come of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from vivavoce.ops.rehearse.interview import Act, Cut, Interview, Lose, Quiet, Say
from vivavoce.ops.rehearse.phrases import Phrases, all_phrases, phrases
from vivavoce.protocol.facts import MoveDecided
from vivavoce.protocol.languages import base_language
from vivavoce.protocol.listening import others
from vivavoce.protocol.machine import MAX_REPEATS, decide
from vivavoce.protocol.moderator import Moderator
from vivavoce.protocol.observations import Answered
from vivavoce.protocol.study import Probe, Study
from vivavoce.session.events import Reason

Acts = Callable[[Interview, Phrases], Act]
Cuts = Callable[[Interview, Phrases], Cut | None]
Check = Callable[[Interview, Phrases], str | None]
"""Says what is wrong with an interview that has been held; None: nothing."""


@dataclass(frozen=True)
class Case:
    """One participant.

    Attributes:
        name: for the report.
        act: what they do at their turn.
        cut: whether they speak into the moderator's words.
        check: see `Check`.
        ends: why the interview must end.
    """

    name: str
    act: Acts
    check: Check = field(default=lambda _, __: None)
    cut: Cuts = field(default=lambda _, __: None)
    ends: tuple[Reason, ...] = (Reason.FINISHED,)


def plain(interview: Interview, phrases: Phrases) -> Say:
    """A telling answer."""
    return Say(phrases.plain[interview.turns % len(phrases.plain)])


def once(text: Callable[[Phrases], str]) -> Acts:
    """Says that at the first turn, and answers after it."""
    return lambda interview, phrases: (
        Say(text(phrases)) if interview.turns == 0 else plain(interview, phrases)
    )


def always(text: Callable[[Phrases], str]) -> Acts:
    """Says that every time."""
    return lambda _, phrases: Say(text(phrases))


def cases(study: Study, language: str) -> Iterator[Case]:
    """Every participant that this study should meet before a real one does."""
    yield Case("talks plainly to the end", plain, check=_all_asked)
    yield Case("asks to repeat", once(lambda p: p.again), check=_then("repeat", same=True))
    yield Case("does not understand", once(lambda p: p.unclear), check=_then("clarify", same=True))
    yield Case("would rather not say", once(lambda p: p.decline), check=_declined)
    yield Case("asks to repeat for ever", always(lambda p: p.again), check=_passes_over)
    yield Case("thinks first", once(lambda p: p.wait), check=_waits)
    yield Case("only says mhm", always(lambda p: p.backchannel))
    yield Case("answers in two words", always(lambda p: p.short))
    yield Case("answers yes", always(lambda p: p.yes))
    yield Case("stays vague", always(lambda p: p.vague))
    yield Case("is moved", always(lambda p: p.emotional))
    yield Case("tells the unexpected", always(lambda p: p.unexpected))
    yield Case("contradicts themselves", always(lambda p: p.contradictory))
    yield Case("speaks of something else", once(lambda p: p.off_topic), check=_goes_on)
    yield Case("asks the moderator", once(lambda p: p.to_moderator), check=_goes_on)
    yield Case(
        "wants to stop", once(lambda p: p.stop), check=_last_words("stop_ack"), ends=(Reason.WITHDRAWN,)
    )
    if study.safety is not None:
        word = study.safety.words[language][0].replace("*", "")
        yield Case("says a safety word", once(lambda _: word), check=_safe, ends=(Reason.FORCED,))
    yield Case(
        "falls silent, then answers",
        lambda i, p: Quiet(_prompt_s(i) + 5) if _nudges(i) == 0 else _back(i, p),
        check=_then("nudge", same=True),
    )
    yield Case(
        "falls silent for good",
        lambda i, _: Quiet(i.state.timers.idle_s + 5),
        check=_last_words("closing_idle"),
        ends=(Reason.IDLE,),
    )
    yield Case(
        "interrupts before the question",
        plain,
        cut=lambda i, p: Cut(0.3, p.backchannel) if len(i.moves) == 1 else None,
        check=_then("repeat", same=True),
    )
    yield Case(
        "says stop into the moderator's words",
        plain,
        cut=lambda i, p: Cut(0.6, p.be_quiet) if len(i.moves) == 2 else None,
        check=_all_asked,
    )
    yield Case(
        "loses the connection and comes back",
        lambda i, p: Lose(20.0) if not _said(i, "welcome_back") else plain(i, p),
        check=_then("welcome_back", same=True),
    )
    yield Case(
        "loses the connection for good",
        lambda i, _: Lose(i.state.timers.rejoin_s + 5),
        ends=(Reason.LEFT,),
    )
    for other in others(study, language):
        if base_language(other) in all_phrases():
            yield _speaker_of(other, agrees=True)
            yield _speaker_of(other, agrees=False)
    limit_s = study.limits.hard_limit_s
    yield Case(
        "talks at length",
        _at_length,
        check=_wraps_up,
        ends=(Reason.WRAP_UP,),
    )
    yield Case(
        "never stops talking",
        lambda i, p: Say(p.plain[0], limit_s * 1.1),
        check=_last_words("closing_limit"),
        ends=(Reason.HARD_LIMIT,),
    )


def probing(study: Study, probe: Probe, language: str) -> Case:
    """A participant who looks for one probe of the study: says whatever would bring it up, wherever it may follow."""
    structured = study.model_copy(update={"moderator": Moderator()})

    def act(interview: Interview, phrases: Phrases) -> Act:
        progress = interview.state.progress
        if not any(probe.id in question.probes for question in progress.questions):
            for text in _bait(probe, phrases, language):
                seen = Answered(interview.at_s, text)
                move = decide(structured, progress, seen, language=language).move
                if move is not None and move.probe_id == probe.id:
                    return Say(text)
        return plain(interview, phrases)

    return Case(f"looks for the probe {probe.id}", act)


def _speaker_of(other: str, *, agrees: bool) -> Case:
    """A participant who begins in another language of the study, and takes the offer to go on in it, or does not."""
    own = phrases(other)

    def act(interview: Interview, given: Phrases) -> Say:
        if interview.turns == 0:
            return Say(own.plain[0], spoken=other)
        if interview.turns == 1:
            return Say(own.yes, spoken=other) if agrees else Say(given.no)
        return plain(interview, own if agrees else given)

    def check(interview: Interview, given: Phrases) -> str | None:
        study, moves = interview.study, interview.moves
        if (moves[1].move, moves[1].language) != ("language_offer", other):
            return "the language is not offered"
        if interview.state.language != (other if agrees else interview.language):
            return f"it goes on in {interview.state.language}"
        if agrees and study.consent.disclosure.text(other) not in moves[2].parts:
            return "it is not disclosed in the new language that a machine speaks"
        return _all_asked(interview, given)

    return Case(f"speaks {other}, and {'goes on in it' if agrees else 'would rather not'}", act, check=check)


def _bait(probe: Probe, phrases: Phrases, language: str) -> Iterator[str]:
    match probe.when.kind:
        case "short_answer":
            yield phrases.short
            yield phrases.yes
        case "vague":
            yield phrases.vague
        case "yes_no":
            yield phrases.yes
        case "keywords":
            for keyword in probe.when.keywords.get(language, ()):
                yield f"{phrases.plain[0]} {keyword.replace('*', '')}."
        case "always":
            pass
    yield phrases.plain[0]


# What must come of it


def misbehaved(interview: Interview) -> str | None:
    """What is wrong with any interview, whoever took part."""
    study, language, moves = interview.study, interview.language, interview.moves
    if not interview.state.status.terminal:
        return "it does not come to an end"
    disclosure = study.consent.disclosure.text(language)
    if disclosure not in moves[0].text:
        return "the opening does not disclose that a machine speaks"
    order = [study.path.index(study.phase(move.phase_id)) for move in moves]
    if order != sorted(order):
        return "the phases are out of order"
    asked = [
        move.question_id
        for move in moves
        if move.move in ("opening", "question", "declined", "wrap_up") and move.question_id is not None
    ]
    if len(asked) != len(set(asked)):
        return "a question is asked twice"
    if any(not move.text.strip() for move in moves):
        return "the moderator says nothing"
    required = {question.id for question in study.questions() if question.required}
    if interview.state.reason is Reason.FINISHED and not required <= set(asked):
        return f"finished without the required question {sorted(required - set(asked))[0]}"
    if interview.faults:
        return f"the model failed: {interview.faults[0].what}"
    return None


def _all_asked(interview: Interview, _: Phrases) -> str | None:
    missing = [q.id for q in interview.study.questions() if q.id not in interview.state.progress.asked]
    return f"the question {missing[0]} is not asked" if missing else None


def _then(name: str, *, same: bool) -> Check:
    """The second move must be that, about the question that was open."""

    def check(interview: Interview, _: Phrases) -> str | None:
        move = interview.moves[1]
        if move.move != name:
            return f"the moderator answers with a {move.move}, not a {name}"
        if same and move.question_id != interview.moves[0].question_id:
            return "another question is asked"
        return None

    return check


def _declined(interview: Interview, phrases: Phrases) -> str | None:
    move = interview.moves[1]
    line = interview.study.line("declined_ack", interview.language)
    if not move.text.startswith(line):
        return "the moderator does not accept it"
    return "the question is asked again" if move.question_id == interview.moves[0].question_id else None


def _passes_over(interview: Interview, _: Phrases) -> str | None:
    repeats = max(question.repeats for question in interview.state.progress.questions)
    return f"a question is said {repeats} times again" if repeats > MAX_REPEATS else None


def _waits(interview: Interview, _: Phrases) -> str | None:
    said = [
        event.payload.kind
        for event in interview.events
        if event.payload.kind in ("utterance", "move.decided")
    ]
    return None if said[:3] == ["move.decided", "utterance", "utterance"] else "the moderator does not wait"


def _goes_on(interview: Interview, _: Phrases) -> str | None:
    move = interview.moves[1]
    if move.final or not move.expects_answer:
        return "the interview ends"
    if interview.study.moderator.thinks and move.move != "redirect":
        return "the moderator takes it for an answer"
    return None


def _last_words(line: str) -> Check:
    def check(interview: Interview, _: Phrases) -> str | None:
        wanted = interview.study.line(line, interview.language)
        return None if interview.moves[-1].text == wanted else "the last words are others"

    return check


def _safe(interview: Interview, _: Phrases) -> str | None:
    assert interview.study.safety is not None
    wanted = interview.study.safety.closing.text(interview.language)
    moves = interview.moves
    if moves[-1].text != wanted:
        return "the safety text is not said"
    return None if len(moves) == 2 else "something else is said first"


def _wraps_up(interview: Interview, _: Phrases) -> str | None:
    line = interview.study.line("wrap_up", interview.language)
    if not any(line in move.text for move in interview.moves):
        return "the moderator does not say that time is nearly over"
    required = {question.id for question in interview.study.path[-1].questions if question.required}
    missing = sorted(required - interview.state.progress.asked)
    return f"the required question {missing[0]} is not asked" if missing else None


def _at_length(interview: Interview, phrases: Phrases) -> Say:
    """Two thirds of what is left until the wrap-up, again and again; once it is there, no longer than others."""
    left_s = interview.study.limits.wrap_up_at_s - interview.at_s
    seconds = None if left_s <= 0 else max(left_s * 2 / 3, 15.0)
    return Say(plain(interview, phrases).text, seconds)


def _back(interview: Interview, phrases: Phrases) -> Say:
    last = interview.state.progress.last_move
    return Say(phrases.ready) if last is not None and last.move == "nudge" else plain(interview, phrases)


def _prompt_s(interview: Interview) -> float:
    return interview.state.timers.idle_prompt_s


def _nudges(interview: Interview) -> int:
    return sum(move.move == "nudge" for move in interview.moves)


def _said(interview: Interview, name: str) -> list[MoveDecided]:
    return [move for move in interview.moves if move.move == name]
