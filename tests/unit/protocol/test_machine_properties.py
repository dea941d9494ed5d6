"""What holds for every study and every participant."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from vivavoce.protocol.check import load_study
from vivavoce.protocol.coverage import coverage
from vivavoce.protocol.facts import (
    AnswerNoted,
    Fact,
    LanguageSettled,
    MoveDecided,
    MoveWorded,
    PhaseEntered,
)
from vivavoce.protocol.floor import Floor
from vivavoce.protocol.listening import FIRST_QUESTIONS, MOST_OFFERS
from vivavoce.protocol.machine import (
    MAX_CLARIFICATIONS,
    MAX_REPEATS,
    MAX_WAITS,
    QUESTION_ALLOWANCE_S,
    Decision,
    decide,
)
from vivavoce.protocol.observations import (
    Answered,
    Began,
    CloseDue,
    Interrupted,
    Observation,
    Returned,
    Silent,
    Unheard,
    WrapUpDue,
)
from vivavoce.protocol.progress import Progress, advance, fold, progress_view
from vivavoce.protocol.study import Study
from vivavoce.protocol.wordings import wordings

FACT: TypeAdapter[Fact] = TypeAdapter(Fact)
ASKING = ("opening", "question", "declined", "wrap_up")

TRIGGERS: list[object] = ["vague", "always", "yes_no", {"short_answer": 6}, {"keywords": ["train"]}]
TEXTS = st.sampled_from(
    [
        "I took the train and then I walked for a long while until I was there",
        "It depends",
        "Yes",
        "No",
        "Bread",
        "Okay",
        "Mhm",
        "Hold on",
        "Let me think",
        "Could you repeat that?",
        "What do you mean?",
        "I'd rather not say",
        "I'm back",
        "help me",
        "",
        "…",
    ]
)


@st.composite
def studies(draw: st.DrawFn, *, thinks: bool = False) -> Study:
    """Any study the checker lets through: one to three phases of one to three questions, probes, time boxes."""
    moderator = {
        "mode": "semi_structured",
        "freedom": draw(st.sampled_from(["bridge", "reword", "explore"])),
        "own_probes": draw(st.integers(0, 2)),
    }
    probes = draw(st.lists(st.sampled_from(TRIGGERS), max_size=4))
    probe_ids = [f"probe-{index}" for index in range(len(probes))]
    phases: list[dict[str, Any]] = []
    for p in range(draw(st.integers(1, 3))):
        least = draw(st.sampled_from([0, 1, 3]))
        questions = [
            {
                "id": f"q-{p}-{q}",
                "wording": f"What is {p} and {q}?",
                **({"repeat": f"Simply: {p} and {q}?"} if draw(st.booleans()) else {}),
                "required": draw(st.booleans()),
                "topics": draw(st.sampled_from([[], ["a"], ["a", "b"]])),
                "probes": draw(st.sampled_from(["inherit", "none", probe_ids])),
                "max_probes": draw(st.integers(0, 3)),
            }
            for q in range(draw(st.integers(1, 3)))
        ]
        intro = {"intro": f"Part {p}."} if draw(st.booleans()) else {}
        phases.append(
            {
                "id": f"phase-{p}",
                "title": "Part",
                "objective": "Find out.",
                "min_minutes": least,
                "max_minutes": least + draw(st.sampled_from([1, 4])),
                **intro,
                "questions": questions,
            }
        )
    data = {
        "schema": "vivavoce/study/1",
        "id": "any",
        "title": "Any",
        "about": "Any.",
        "organisation": "Any",
        "contact": "any",
        "languages": ["en"],
        "consent": {"version": "1", "text": "Yes.", "disclosure": "I am a computer program."},
        "limits": {"hard_limit_minutes": draw(st.sampled_from([10, 24, 45]))},
        "topics": [{"id": "a", "title": "A"}, {"id": "b", "title": "B"}],
        "probes": [
            {
                "id": probe_id,
                "wording": f"And {probe_id}?",
                "when": when,
                "max_per_interview": draw(st.integers(1, 3)),
            }
            for probe_id, when in zip(probe_ids, probes, strict=True)
        ],
        "opening": "Hello.",
        "closing": "Goodbye.",
        "phases": phases,
        **({"moderator": moderator} if thinks else {}),
        **({"safety": {"words": ["help me"], "closing": "Call someone."}} if draw(st.booleans()) else {}),
    }
    # JSON is YAML: the study comes in by the door everybody uses.
    return load_study(json.dumps(data).encode(), source="any.yaml")


@st.composite
def observations(draw: st.DrawFn) -> list[Observation]:
    """Anything the outside may report, in the order of time."""
    at_s = 0.0
    seen: list[Observation] = []
    for _ in range(draw(st.integers(0, 40))):
        at_s += draw(st.sampled_from([0.0, 1.0, 7.0, 30.0, 200.0]))
        text = draw(TEXTS)
        heard = "What is 0 and 0? Hello. I am a computer program."[: draw(st.integers(0, 50))]
        seen.append(
            draw(
                st.sampled_from(
                    [
                        Began(at_s),
                        Answered(at_s, text, ("u",)),
                        Answered(at_s, text, ("u",)),
                        Answered(at_s, text, ("u",)),
                        Answered(at_s, text, ("u",)),
                        Silent(at_s, 60),
                        Unheard(at_s),
                        Interrupted(at_s, heard, text, ("u",)),
                        Returned(at_s),
                        WrapUpDue(at_s),
                        CloseDue(at_s, "idle") if draw(st.integers(0, 9)) == 0 else Silent(at_s, 60),
                    ]
                )
            )
        )
    return seen


def held(study: Study, seen: list[Observation]) -> Iterator[tuple[Progress, Observation, Decision, Progress]]:
    """The interview, step by step: before, what was seen, what was decided, after."""
    progress = Progress()
    for observation in seen:
        decision = decide(study, progress, observation, language="en")
        after = fold(decision.facts, progress)
        yield progress, observation, decision, after
        progress = after


@settings(max_examples=150, deadline=None)
@given(studies(), observations())
def test_every_step_keeps_the_rules(study: Study, seen: list[Observation]) -> None:
    allowed = set(wordings(study, "en"))
    facts: list[Fact] = []
    asked: list[str] = []
    fraction = 0.0
    for before, observation, decision, after in held(study, seen):
        facts += decision.facts
        assert decision == decide(study, before, observation, language="en"), "deterministic"
        assert fold(facts) == after, "the log alone gives the progress"
        assert decision.move is None or decision.move == decision.facts[-1]
        if before.final:
            assert decision == Decision()
        for fact in decision.facts:
            assert FACT.validate_json(FACT.dump_json(fact)) == fact
            assert fact.at_s == observation.at_s
        if decision.move is not None:
            _check_move(study, before, decision.move, asked, allowed)
        view = progress_view(study, after, observation.at_s)
        assert fraction <= view.fraction <= 1.0
        fraction = view.fraction
    _check_log(facts)
    report = coverage(study, fold(facts))
    assert {question.question_id for question in report.questions if question.outcome != "not_asked"} == set(
        asked
    )


def _check_move(
    study: Study, before: Progress, move: MoveDecided, asked: list[str], allowed: set[str]
) -> None:
    assert move.text == " ".join(move.parts)
    assert set(move.parts) <= allowed, "everything said can be synthesised in advance"
    assert move.final == (move.move == "closing") == (move.end_reason is not None)
    assert move.expects_answer != move.final
    if move.question_id is None:
        assert move.final
        return
    phase = study.phase(move.phase_id)
    entered = before.phase_entered_s if before.phase_id == move.phase_id else move.at_s
    if move.move in ASKING:
        assert move.question_id not in asked, "no question is asked twice"
        asked.append(move.question_id)
        question = study.question(move.question_id)
        assert question in phase.questions
        assert question.required or move.at_s - entered < phase.max_minutes * 60, "the time box holds"
        if move.move == "wrap_up":
            assert question.required
            assert study.limits.hard_limit_s - move.at_s >= QUESTION_ALLOWANCE_S
    else:
        assert move.question_id == asked[-1], "what is said again is the open question"
    if move.move == "probe":
        assert move.probe_id in study.question(move.question_id).probes
        assert move.at_s - entered < phase.max_minutes * 60


def _check_log(facts: list[Fact]) -> None:
    moves = [fact for fact in facts if isinstance(fact, MoveDecided)]
    assert [move.move_id for move in moves] == [f"m{number}" for number in range(1, len(moves) + 1)]
    assert [move.final for move in moves].count(True) <= 1
    phases = [fact.index for fact in facts if isinstance(fact, PhaseEntered)]
    assert phases == sorted(phases), "phases are never gone back to"


@settings(max_examples=100, deadline=None)
@given(
    studies(),
    st.lists(TEXTS.filter(lambda text: text.strip(" …") != ""), min_size=1, max_size=6),
    st.floats(0, 60),
)
def test_every_interview_ends_within_a_bounded_number_of_answers(
    study: Study, texts: list[str], pace_s: float
) -> None:
    probes = len(study.probes)
    most = sum(1 + probes + MAX_REPEATS + MAX_CLARIFICATIONS + MAX_WAITS + 1 for _ in study.questions())
    progress = fold(decide(study, Progress(), Began(0), language="en").facts)
    answers = 0
    while not progress.final:
        assert answers <= most, "somebody who keeps talking must come to the end"
        observation = Answered(answers * pace_s, texts[answers % len(texts)])
        progress = fold(decide(study, progress, observation, language="en").facts, progress)
        answers += 1
    if progress.end_reason == "finished":
        required = {question.id for question in study.questions() if question.required}
        assert required <= progress.asked


@settings(max_examples=50, deadline=None)
@given(studies(), observations(), st.data())
def test_another_host_may_take_over_anywhere(
    study: Study, seen: list[Observation], data: st.DataObject
) -> None:
    """The facts so far, written out and read back, are all that is needed to go on."""
    cut = data.draw(st.integers(0, len(seen)))
    facts: list[Fact] = []
    progress = Progress()
    for index, observation in enumerate(seen):
        if index == cut:
            progress = fold(FACT.validate_json(FACT.dump_json(fact)) for fact in facts)
        decision = decide(study, progress, observation, language="en")
        facts += decision.facts
        progress = fold(decision.facts, progress)
    straight = [after for _, _, _, after in held(study, seen)]
    assert progress == (straight[-1] if straight else Progress())


@given(
    st.lists(st.from_type(PhaseEntered) | st.from_type(AnswerNoted) | st.from_type(MoveDecided), max_size=15)
)
def test_folding_takes_any_facts(facts: list[Fact]) -> None:
    progress = Progress()
    for fact in facts:
        progress = advance(progress, fact)
    assert progress.moves == sum(isinstance(fact, MoveDecided) for fact in facts)


# In two languages


def in_two_languages(content: Any) -> Any:
    """A study's content with a Spanish text, another one, beside each English one."""
    match content:
        case {"en": str(text)}:
            return {"en": text, "es": f"{text} (es)"}
        case {"en": words}:
            return {"en": words, "es": words}
        case dict():
            return {key: in_two_languages(value) for key, value in content.items()}
        case list() | tuple():
            return [in_two_languages(value) for value in content]
        case _:
            return content


def bilingual(study: Study) -> Study:
    content = in_two_languages(study.model_dump(exclude={"languages", "voices"}))
    return Study.model_validate({**content, "languages": ["en", "es"], "voices": {}})


LANGUAGES = st.lists(st.sampled_from(["es", None, "en", "fr"]), min_size=40, max_size=40)
IN_SPANISH = "Fui en tren y luego caminé mucho rato"


@settings(max_examples=150, deadline=None)
@given(studies().map(bilingual), observations(), LANGUAGES)
def test_whatever_language_is_spoken_the_rules_hold(
    study: Study, seen: list[Observation], spoken: list[str | None]
) -> None:
    allowed = {language: set(wordings(study, language)) for language in study.languages}
    language, progress = "en", Progress()
    facts: list[Fact] = []
    asked: list[str] = []
    begins = [Began(0.0), Answered(0.0, IN_SPANISH, ("u",))]
    for observation, said_in in zip([*begins, *seen], [None, *spoken], strict=False):
        if isinstance(observation, Answered | Interrupted):
            observation = replace(observation, spoken=said_in)
        decision = decide(study, progress, observation, language=language)
        assert decision == decide(study, progress, observation, language=language), "deterministic"
        settled = [fact for fact in decision.facts if isinstance(fact, LanguageSettled)]
        assert len(settled) <= (progress.offered is not None), "nothing is settled that was not offered"
        for fact in settled:
            assert fact.language == (progress.offered if fact.reason == "accepted" else language)
            language = fact.language
        facts += decision.facts
        progress = fold(decision.facts, progress)
        move = decision.move
        if move is None:
            continue
        assert set(move.parts) <= allowed[move.language or language], "said in the language it is marked with"
        if move.move == "language_offer":
            assert move.language in study.languages and move.language != language
            assert move.question_id == asked[-1] and len(asked) <= FIRST_QUESTIONS
        elif move.move in ASKING and move.question_id is not None:
            assert move.question_id not in asked, "no question is asked twice"
            asked.append(move.question_id)
    assert progress.offers <= MOST_OFFERS
    assert sum(isinstance(fact, LanguageSettled) for fact in facts) <= 1
    _check_log(facts)


@settings(max_examples=100, deadline=None)
@given(
    studies().map(bilingual),
    st.lists(TEXTS.filter(lambda text: text.strip(" …") != ""), min_size=1, max_size=6),
    LANGUAGES,
)
def test_an_offer_delays_the_end_by_a_bounded_number_of_answers(
    study: Study, texts: list[str], spoken: list[str | None]
) -> None:
    questions = sum(
        1 + len(study.probes) + MAX_REPEATS + MAX_CLARIFICATIONS + MAX_WAITS + 1 for _ in study.questions()
    )
    most = questions + MOST_OFFERS + 1
    language = "en"
    progress = fold(decide(study, Progress(), Began(0), language=language).facts)
    answers = 0
    while not progress.final:
        assert answers <= most, "somebody who keeps talking must come to the end"
        text = texts[answers % len(texts)] if answers else IN_SPANISH
        observation = Answered(answers * 5.0, text, spoken=spoken[answers % 40])
        decision = decide(study, progress, observation, language=language)
        language = next(
            (fact.language for fact in decision.facts if isinstance(fact, LanguageSettled)), language
        )
        progress = fold(decision.facts, progress)
        answers += 1


# With a model in it that may do anything

LIKELY: dict[str, list[dict[str, str]]] = {
    "advance_phase": [{}, {"reason": "enough"}],
    "mark_topic_covered": [{"topic_id": "a"}, {"topic_id": "z"}],
    "probe": [{"trigger": "vague"}, {"trigger": "vague", "probe_id": "probe-0"}, {"trigger": "bored"}],
    "flag_insight": [{"note": "Trains are late."}],
    "return_to_question": [{"reason": "off_topic"}, {"reason": "question_to_moderator"}],
    "ask_question": [{"question_id": "q-0-1"}, {"question_id": "q-1-1"}, {"question_id": "q-0-2"}],
    "format_disk": [{}],
}
CALLS = [("call", tool, json.dumps(arguments)) for tool, some in LIKELY.items() for arguments in some]
SENTENCE = st.sampled_from(
    [
        "So you took the train.",
        "That is a great answer!",
        "Really?",
        "And what happened after that?",
        "Please tell me how it went on.",
        "Let us go on to the next part.",
    ]
)
ACTION = st.one_of(
    st.sampled_from(CALLS),
    st.just(("call", "advance_phase", "{}")),
    st.tuples(st.just("call"), st.sampled_from(sorted(LIKELY)), st.text(max_size=20)),
    st.tuples(st.just("say"), SENTENCE, st.just("")),
    st.tuples(st.just("time"), st.sampled_from(["0.5", "20", "400"]), st.just("")),
    st.sampled_from([("wrap up", "", ""), ("time", "1", ""), ("time", "2", "")]),
)
REPLIES = st.lists(
    st.tuples(
        st.lists(ACTION, max_size=6),
        st.sampled_from(["finish", "finish", "give up", "cut", "withhold", "withhold all"]),
    ),
    min_size=1,
    max_size=6,
)


class Thinking:
    """An interview whose model does what it is told by chance; every fact is checked as it is written."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self.facts: list[Fact] = []
        self.progress = Progress()
        self.at_s = 0.0

    def write(self, facts: Iterable[Fact]) -> None:
        for fact in facts:
            before = self.progress
            assert not before.final, "nothing is decided after the last words"
            if isinstance(fact, PhaseEntered):
                self._check_phase(before, fact)
            if isinstance(fact, MoveDecided | MoveWorded):
                self._check_move(before, fact)
            self.facts.append(fact)
            self.progress = advance(before, fact)
        assert fold(self.facts) == self.progress

    def _check_phase(self, before: Progress, fact: PhaseEntered) -> None:
        path = self.study.path
        assert path[fact.index].id == fact.phase_id
        if fact.reason == "wrap_up":
            assert fact.index == len(path) - 1
            return
        assert fact.index == (0 if fact.reason == "began" else before.phase_index + 1), (
            "one phase after the other"
        )
        if fact.reason == "advanced":
            phase = path[before.phase_index]
            assert {question.id for question in phase.questions if question.required} <= before.asked
            left = {question.id for question in phase.questions} - before.asked
            assert not left or fact.at_s - before.phase_entered_s >= phase.min_minutes * 60

    def _check_move(self, before: Progress, fact: MoveDecided | MoveWorded) -> None:
        assert fact.text == " ".join(fact.parts)
        assert fact.phase_id == before.phase_id
        assert fact.final == (fact.move == "closing")
        allowed = set(wordings(self.study, "en"))
        if fact.final:
            assert fact.parts[-1] in allowed, "the last words are the study's"
        if fact.move in ASKING:
            assert fact.question_id not in before.asked
            assert fact.question_id in {question.id for question in self.study.phase(fact.phase_id).questions}
        elif fact.question_id is not None:
            assert fact.question_id == before.questions[-1].question_id
        if fact.worded_by == "study":
            # What is open was perhaps put in the model's words, which were let through then; it is put again as it was.
            again = {before.own_words} if fact.move == "redirect" else set[str | None]()
            assert set(fact.parts) <= allowed | again
        if self.study.moderator.freedom == "bridge" and fact.move in ("question", "probe", "redirect"):
            assert fact.parts[-1] in allowed, "what is asked is the study's"
        if fact.move == "probe" and fact.probe_id is None and fact.trigger != "unnamed":
            assert before.questions[-1].own_probes < self.study.moderator.own_probes

    def observe(self, observation: Observation) -> bool:
        decision = decide(self.study, self.progress, observation, language="en")
        self.write(decision.facts)
        return decision.floor

    def reply(self, text: str, actions: list[tuple[str, str, str]], end: str) -> None:
        floor = Floor(self.study, language="en", text=text, utterance_ids=("u",), at_s=self.at_s)
        for action, first, second in actions:
            match action:
                case "call":
                    judgement = floor.call("c", first, second, self.progress, at_s=self.at_s)
                    assert judgement.answer
                    self.write(judgement.facts)
                case "say":
                    self.write(floor.take(first, self.progress, at_s=self.at_s).facts)
                case "time":
                    self.at_s += float(first)
                case _:
                    self.observe(WrapUpDue(max(self.at_s, self.study.limits.wrap_up_at_s)))
        match end:
            case "finish":
                self.write(floor.finish(self.progress, at_s=self.at_s).facts)
            case "give up":
                self.write(floor.give_up(self.progress, at_s=self.at_s).facts)
            case "withhold" | "withhold all":
                passed = len(floor.said) // 2 if end == "withhold" else 0
                self.write(floor.withhold(passed, self.progress, at_s=self.at_s).facts)
            case _:
                self.write(floor.cut(self.progress, at_s=self.at_s, passed=(len(floor.said) + 1) // 2))


@settings(max_examples=100, deadline=None)
@given(
    studies(thinks=True), REPLIES, st.lists(TEXTS, min_size=1, max_size=4), st.sampled_from([1.0, 15.0, 90.0])
)
def test_no_sequence_of_calls_and_words_leaves_the_rails(
    study: Study, replies: list[tuple[list[tuple[str, str, str]], str]], texts: list[str], pace_s: float
) -> None:
    """Whatever a model does again and again: the log stays legal, and the interview ends, in the study's words."""
    interview = Thinking(study)
    interview.observe(Began(0))
    most = sum(20 + 4 * len(study.probes) for _ in study.questions())
    turns = 0
    while not interview.progress.final and turns < most:
        interview.at_s += pace_s
        text = texts[turns % len(texts)]
        if interview.observe(Answered(interview.at_s, text, ("u",))):
            interview.reply(text, *replies[turns % len(replies)])
        turns += 1
    while not interview.progress.final:
        # Only a model that never comes to an end, and only until the clock says so.
        late = max(interview.at_s, study.limits.wrap_up_at_s) + 10.0
        interview.at_s = late
        interview.observe(WrapUpDue(late))
        for _ in study.questions():
            if not interview.progress.final:
                assert not interview.observe(Answered(late, "I took the train and walked", ("u",)))
        if not interview.progress.final:
            interview.observe(Answered(study.limits.hard_limit_s, "I took the train and walked", ("u",)))
        assert interview.progress.final, "the wrap-up always comes to its end"
    moves = [fact.move_id for fact in interview.facts if isinstance(fact, MoveDecided)]
    assert moves == [f"m{number}" for number in range(1, len(moves) + 1)]
