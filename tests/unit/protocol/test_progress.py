"""How far an interview has come, and what it covered."""

from __future__ import annotations

import pytest

from vivavoce.protocol.coverage import coverage
from vivavoce.protocol.facts import AnswerNoted, Intent, MoveDecided, PhaseEntered, TopicCovered
from vivavoce.protocol.progress import Progress, advance, fold, progress_view
from vivavoce.protocol.study import Study

ENTERED = PhaseEntered(phase_id="first", index=0, count=3, at_s=0, reason="began")


def asked(question_id: str, at_s: float = 0.0) -> MoveDecided:
    return MoveDecided(
        move_id="m",
        move="question",
        phase_id="first",
        question_id=question_id,
        text="?",
        at_s=at_s,
        expects_answer=True,
    )


def answered(question_id: str, intent: Intent = "answer", words: int = 10) -> AnswerNoted:
    return AnswerNoted(question_id=question_id, intent=intent, words=words, at_s=1)


def test_nothing_has_happened_yet() -> None:
    progress = Progress()
    assert not progress.began
    assert progress.question is None
    assert progress.phase_id is None


@pytest.mark.parametrize(
    ("intents", "status", "words"),
    [
        (["answer"], "answered", 10),
        (["yes_no"], "answered", 10),
        (["answer", "answer"], "answered", 20),
        (["decline"], "declined", 0),
        (["answer", "decline"], "answered", 10),
        (["wait"], "asked", 0),
        (["repeat_request"], "asked", 0),
        (["aside"], "asked", 0),
    ],
)
def test_status_of_a_question(intents: list[Intent], status: str, words: int) -> None:
    progress = fold([ENTERED, asked("breakfast"), *(answered("breakfast", intent) for intent in intents)])
    assert progress.question is not None
    assert (progress.question.status, progress.question.words) == (status, words)


def test_an_answer_to_an_earlier_question_counts_there() -> None:
    progress = fold([ENTERED, asked("breakfast"), asked("lunch"), answered("breakfast")])
    assert [question.status for question in progress.questions] == ["answered", "asked"]


def test_entering_the_same_phase_again_keeps_its_clock() -> None:
    again = PhaseEntered(phase_id="first", index=0, count=3, at_s=90, reason="wrap_up")
    progress = fold([ENTERED, again])
    assert progress.phase_entered_s == 0
    assert progress.wrapping_up


def test_a_topic_is_covered_once() -> None:
    fact = TopicCovered(topic_id="food", question_id="breakfast", at_s=1)
    assert fold([fact, fact]).topics == ("food",)


def test_progress_survives_json() -> None:
    progress = fold([ENTERED, asked("breakfast"), answered("breakfast")])
    assert Progress.model_validate_json(progress.model_dump_json()) == progress


class TestView:
    def test_before_and_after(self, small: Study) -> None:
        assert progress_view(small, Progress(), 0).fraction == 0
        final = MoveDecided(
            move_id="m",
            move="closing",
            phase_id="first",
            text="Bye",
            at_s=9,
            expects_answer=False,
            final=True,
        )
        assert progress_view(small, fold([ENTERED, final]), 9).fraction == 1

    def test_questions_and_time_fill_a_phase_whichever_leads(self, small: Study) -> None:
        third = 1 / 3  # three phases of at most five minutes
        one_of_two = fold([ENTERED, asked("breakfast"), answered("breakfast"), asked("lunch")])
        assert progress_view(small, one_of_two, 0).fraction == pytest.approx(third / 2, abs=1e-3)
        nothing = fold([ENTERED, asked("breakfast")])
        assert progress_view(small, nothing, 150).fraction == pytest.approx(third * 0.45, abs=1e-3)
        assert progress_view(small, nothing, 9999).fraction == pytest.approx(third * 0.9, abs=1e-3)

    def test_phase_and_title(self, small: Study) -> None:
        progress = advance(
            Progress(), PhaseEntered(phase_id="second", index=1, count=3, at_s=60, reason="next")
        )
        view = progress_view(small, progress, 60)
        assert (view.phase_index, view.phase_count, view.phase_title) == (1, 3, "Second")
        assert view.fraction == pytest.approx(1 / 3, abs=1e-3)


def test_coverage_sets_what_was_asked_against_the_study(small: Study) -> None:
    probe = MoveDecided(
        move_id="m", move="probe", phase_id="first", question_id="breakfast", probe_id="more", text="?", at_s=5,
        expects_answer=True,
    )  # fmt: skip
    progress = fold(
        [
            ENTERED,
            asked("breakfast"),
            answered("breakfast"),
            TopicCovered(topic_id="food", question_id="breakfast", at_s=1),
            probe,
            answered("breakfast"),
            asked("lunch"),
            answered("lunch", "decline"),
            asked("wish"),
        ]
    )
    report = coverage(small, progress)
    outcomes = {each.question_id: each.outcome for each in report.questions}
    assert outcomes == {
        "breakfast": "answered",
        "lunch": "declined",
        "way": "not_asked",
        "wish": "asked",
        "last": "not_asked",
    }
    assert (report.questions[0].words, report.questions[0].probes, report.questions[0].required) == (
        20,
        ("more",),
        True,
    )
    food, travel = report.topics
    assert (food.covered, food.questions, food.asked, food.answered, food.declined) == (True, 2, 2, 1, 1)
    assert (travel.covered, travel.questions, travel.asked) == (False, 1, 0)
