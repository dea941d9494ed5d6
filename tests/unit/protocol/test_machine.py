"""What the machine decides, observation by observation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import pytest

from vivavoce.protocol.facts import AnswerNoted, Fact, MoveDecided, PhaseEntered, TopicCovered
from vivavoce.protocol.machine import MAX_REPEATS, MAX_WAITS, Decision, decide
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
from vivavoce.protocol.progress import Progress
from vivavoce.protocol.study import Study, UnknownLanguage

LONG = "I had two slices of bread with butter and a cup of tea"


class Interview(Protocol):
    facts: list[Fact]

    @property
    def progress(self) -> Progress: ...
    def observe(self, *observations: Observation) -> Decision: ...
    def moves(self) -> list[MoveDecided]: ...


def say(text: str, at_s: float = 20.0) -> Answered:
    return Answered(at_s, text, utterance_ids=("u1",), duration_s=2.0)


def last_answer(decision: Decision) -> AnswerNoted:
    return next(fact for fact in decision.facts if isinstance(fact, AnswerNoted))


def spoken(decision: Decision) -> MoveDecided:
    assert decision.move is not None
    return decision.move


def test_opening_greets_discloses_and_asks_the_first_question(interview: Interview) -> None:
    decision = interview.observe(Began(0.0))
    assert decision.facts == (
        PhaseEntered(phase_id="first", index=0, count=3, at_s=0.0, reason="began"),
        MoveDecided(
            move_id="m1",
            move="opening",
            phase_id="first",
            question_id="breakfast",
            text="Hello there. I am a computer program. What did you have for breakfast?",
            parts=("Hello there.", "I am a computer program.", "What did you have for breakfast?"),
            at_s=0.0,
            expects_answer=True,
            final=False,
        ),
    )
    assert decision.move == decision.facts[-1]


def test_an_opening_that_contains_the_disclosure_does_not_say_it_twice(small: Study) -> None:
    opening = small.opening.model_copy(update={"root": {"en": "Hi! I am a computer program. Let us begin."}})
    study = small.model_copy(update={"opening": opening})
    move = spoken(decide(study, Progress(), Began(0.0), language="en"))
    assert move.text.count("I am a computer program.") == 1


def test_a_language_the_study_does_not_have_is_refused(small: Study) -> None:
    with pytest.raises(UnknownLanguage, match="de"):
        decide(small, Progress(), Began(0.0), language="de")


def test_an_answer_is_noted_covers_its_topic_and_leads_on(interview: Interview) -> None:
    decision = interview.observe(Began(0), say(LONG))
    assert decision.facts[:2] == (
        AnswerNoted(question_id="breakfast", utterance_ids=("u1",), intent="answer", words=13, at_s=20.0),
        TopicCovered(topic_id="food", question_id="breakfast", at_s=20.0),
    )
    assert spoken(decision).text == "What will you have for lunch?"
    assert spoken(decision).move == "question"
    covered = [fact for fact in interview.observe(say(LONG, 30)).facts if isinstance(fact, TopicCovered)]
    assert covered == [], "the same topic is covered once"


@pytest.mark.parametrize(
    ("answer", "probe", "trigger"),
    [
        ("I had it on the trains, as I do on every working day of the week", "keyword", "keywords:train*"),
        ("It depends", "vague", "vague"),
        ("No, not really", "bare", "yes_no"),
        ("Bread and tea", "more", "short_answer"),
    ],
)
def test_the_first_probe_that_applies_is_asked(
    interview: Interview, answer: str, probe: str, trigger: str
) -> None:
    move = spoken(interview.observe(Began(0), say(answer)))
    assert (move.move, move.probe_id, move.trigger, move.question_id) == (
        "probe",
        probe,
        trigger,
        "breakfast",
    )


def test_a_question_gets_no_more_probes_than_it_allows(interview: Interview) -> None:
    first = spoken(interview.observe(Began(0), say("Bread")))
    second = spoken(interview.observe(say("It depends")))
    third = spoken(interview.observe(say("Yes")))
    assert [first.probe_id, second.probe_id, third.probe_id] == ["more", "vague", None]
    assert third.question_id == "lunch"
    assert interview.progress.questions[0].probes == ("more", "vague")


def test_a_probe_is_used_no_more_often_than_an_interview_allows(
    small: Study, hold: Callable[[Study], Interview]
) -> None:
    probes = tuple(
        probe.model_copy(update={"max_per_interview": 1}) if probe.id == "more" else probe
        for probe in small.probes
    )
    phases = tuple(
        phase.model_copy(
            update={
                "questions": tuple(
                    question.model_copy(update={"probes": ("more",), "max_probes": 1})
                    for question in phase.questions
                )
            }
        )
        for phase in small.phases
    )
    limited = hold(small.model_copy(update={"probes": probes, "phases": phases}))
    limited.observe(Began(0), say("Bread"), say("Butter"), say("Soup"), say("By bus"))
    assert [move.probe_id for move in limited.moves()].count("more") == 1


def test_a_new_phase_is_entered_and_introduced(interview: Interview) -> None:
    decision = interview.observe(Began(0), say(LONG, 20), say(LONG, 60))
    assert decision.facts[-2:] == (
        PhaseEntered(phase_id="second", index=1, count=3, at_s=60.0, reason="next"),
        decision.move,
    )
    assert spoken(decision).parts == ("Now something else.", "How did you come here?")


def test_before_its_least_time_a_phase_uses_what_else_may_be_asked(interview: Interview) -> None:
    interview.observe(Began(0), say(LONG, 20), say(LONG, 60))
    early = spoken(interview.observe(say(LONG, 70)))
    assert (early.move, early.probe_id, early.trigger) == ("probe", "else", "time_left")
    on = spoken(interview.observe(say(LONG, 80)))
    assert on.question_id == "wish", "never stalls: no probe left, so it goes on"


def test_after_its_most_time_a_phase_asks_only_what_is_required(interview: Interview) -> None:
    move = spoken(interview.observe(Began(0), say("Bread", 301)))
    assert move.question_id == "way", "no probe, and lunch is skipped"
    interview.observe(say(LONG, 302 + 301), say(LONG, 610))
    assert interview.progress.asked == {"breakfast", "way", "wish", "last"}


def test_the_interview_closes_after_its_last_question(interview: Interview) -> None:
    interview.observe(Began(0), say(LONG, 20), say(LONG, 200), say(LONG, 500), say(LONG, 510))
    decision = interview.observe(say(LONG, 520))
    move = spoken(decision)
    assert (move.move, move.text, move.final, move.expects_answer) == (
        "closing",
        "That was all. Goodbye.",
        True,
        False,
    )
    assert decision.end_reason == "finished"
    assert interview.progress.final
    for late in (
        say("Wait"),
        Silent(600, 60),
        Returned(600),
        CloseDue(600, "idle"),
        WrapUpDue(600),
        Began(600),
    ):
        assert interview.observe(late) == Decision()


def test_a_repeat_says_the_same_words_again(interview: Interview) -> None:
    decision = interview.observe(Began(0), say("Could you repeat that, please?"))
    move = spoken(decision)
    assert last_answer(decision).intent == "repeat_request"
    assert move.parts == ("Of course, I will say it again.", "What did you have for breakfast?")
    assert (move.move, move.question_id) == ("repeat", "breakfast")


def test_a_repeat_of_a_probe_says_the_probe_again(interview: Interview) -> None:
    move = spoken(interview.observe(Began(0), say("Bread"), say("Pardon?")))
    assert move.parts[-1] == "Tell me more, please."
    assert move.probe_id == "more"
    answer = last_answer(interview.observe(say(LONG)))
    assert (answer.question_id, answer.probe_id) == ("breakfast", "more")


def test_a_clarification_says_it_more_simply(interview: Interview) -> None:
    move = spoken(interview.observe(Began(0), say("What do you mean?")))
    assert move.parts == ("Let me put it another way.", "What did you eat this morning?")


def test_without_a_simpler_wording_a_clarification_repeats(interview: Interview) -> None:
    move = spoken(interview.observe(Began(0), say(LONG), say("I don't understand the question.")))
    assert (move.move, move.parts) == (
        "clarify",
        ("Of course, I will say it again.", "What will you have for lunch?"),
    )


def test_who_asks_for_repeats_for_ever_is_led_on(interview: Interview) -> None:
    interview.observe(Began(0))
    for _ in range(MAX_REPEATS):
        assert spoken(interview.observe(say("Sorry?"))).move == "repeat"
    move = spoken(interview.observe(say("Sorry?")))
    assert (move.move, move.question_id) == ("declined", "lunch")


def test_a_declined_question_is_left(interview: Interview) -> None:
    decision = interview.observe(Began(0), say("I'd rather not say."))
    move = spoken(decision)
    assert (move.move, move.question_id) == ("declined", "lunch")
    assert move.parts == ("That is quite all right, we can leave that one.", "What will you have for lunch?")
    assert interview.progress.questions[0].status == "declined"
    assert not any(isinstance(fact, TopicCovered) for fact in decision.facts)


def test_declining_a_probe_leaves_the_answer_answered(interview: Interview) -> None:
    interview.observe(Began(0), say("Bread"), say("I'd rather not say."))
    assert interview.progress.questions[0].status == "answered"
    assert interview.progress.questions[-1].question_id == "lunch"


def test_declining_the_last_question_closes(interview: Interview) -> None:
    interview.observe(Began(0), say(LONG, 20), say(LONG, 200), say(LONG, 500), say(LONG, 510))
    decision = interview.observe(say("Pass.", 520))
    assert spoken(decision).parts[0] == "That is quite all right, we can leave that one."
    assert decision.end_reason == "finished"


def test_who_asks_to_stop_is_let_go(interview: Interview) -> None:
    decision = interview.observe(Began(0), say("I want to stop the interview."))
    move = spoken(decision)
    assert (move.move, move.final, move.end_reason) == ("closing", True, "withdrawn")
    assert move.text == "Of course, we stop here. Thank you for the time you have given. Goodbye."
    assert last_answer(decision).intent == "stop"


def test_a_safe_word_ends_the_interview_with_the_studys_own_text(interview: Interview) -> None:
    decision = interview.observe(
        Began(0), say("To be honest, some days I want to hurt myself, and nobody knows.")
    )
    move = spoken(decision)
    assert (move.text, move.final, move.end_reason) == ("Please call for help.", True, "forced")
    assert move.trigger == "safety:hurt myself"
    assert last_answer(decision).intent == "safety"


@pytest.mark.parametrize("text", ["Hold on.", "Let me think.", "Mhm.", "Okay."])
def test_who_thinks_or_hums_is_waited_for(interview: Interview, text: str) -> None:
    decision = interview.observe(Began(0), say(text))
    assert decision.move is None
    assert len(decision.facts) == 1
    assert spoken(interview.observe(say(LONG))).question_id == "lunch"


def test_waiting_ends(interview: Interview) -> None:
    interview.observe(Began(0))
    for _ in range(MAX_WAITS):
        assert interview.observe(say("Hold on.")).move is None
    assert spoken(interview.observe(say("Hold on."))).move == "declined"


def test_a_second_okay_is_the_answer(interview: Interview) -> None:
    interview.observe(Began(0), say("Okay."))
    decision = interview.observe(say("Okay."))
    assert last_answer(decision).intent == "answer"
    assert spoken(decision).move == "probe"


@pytest.mark.parametrize("text", ["", "   ", "…", "?!"])
def test_nothing_follows_from_nothing_said(interview: Interview, text: str) -> None:
    assert interview.observe(Began(0), say(text)) == Decision()


def test_silence_is_met_once_a_question(interview: Interview) -> None:
    move = spoken(interview.observe(Began(0), Silent(70, 60)))
    assert (move.move, move.question_id, move.text) == (
        "nudge",
        "breakfast",
        "Are you still there? Take your time.",
    )
    assert interview.observe(Silent(140, 60)) == Decision()
    interview.observe(say(LONG, 150))
    assert spoken(interview.observe(Silent(220, 60))).question_id == "lunch"


def test_yes_i_am_here_is_no_answer_to_the_question(interview: Interview) -> None:
    decision = interview.observe(Began(0), Silent(70, 60), say("Yes.", 75))
    assert last_answer(decision).intent == "ready"
    assert spoken(decision).parts == ("What did you have for breakfast?",)


def test_words_without_a_text_have_the_same_question_asked_again_however_often(interview: Interview) -> None:
    interview.observe(Began(0), say("Bread", 10))
    for at_s in (20.0, 30.0, 40.0, 50.0, 60.0):
        move = spoken(interview.observe(Unheard(at_s)))
        assert (move.move, move.trigger, move.parts) == ("repeat", "no_text", ("Tell me more, please.",))
    assert spoken(interview.observe(say("Pardon?", 70))).parts[-1] == "Tell me more, please."


def test_a_nudge_keeps_the_probe_open(interview: Interview) -> None:
    interview.observe(Began(0), say("Bread"), Silent(90, 60), say("Yes.", 95))
    assert interview.moves()[-1].text == "Tell me more, please."


def test_who_returns_is_welcomed_and_asked_again(interview: Interview) -> None:
    move = spoken(interview.observe(Began(0), say(LONG), Returned(60)))
    assert move.parts == ("Welcome back. This is where we were.", "What will you have for lunch?")
    assert move.question_id == "lunch"
    assert spoken(interview.observe(Began(90))).move == "welcome_back"


def test_who_returns_before_anything_was_said_hears_the_opening(interview: Interview) -> None:
    assert spoken(interview.observe(Returned(5))).move == "opening"


def test_speech_before_the_opening_opens(interview: Interview) -> None:
    assert spoken(interview.observe(say("Hello?", 1))).move == "opening"


class TestInterruptions:
    def test_who_heard_most_of_the_question_has_answered(self, interview: Interview) -> None:
        interview.observe(Began(0), say(LONG))
        decision = interview.observe(Interrupted(30, "What will you have for", "Soup"))
        assert last_answer(decision).intent == "answer"
        assert spoken(decision).question_id == "way"

    def test_a_real_answer_counts_even_where_less_was_heard(self, interview: Interview) -> None:
        interview.observe(Began(0), say(LONG))
        decision = interview.observe(Interrupted(30, "What will", "I will have soup and bread"))
        assert spoken(decision).question_id == "way"

    def test_an_unheard_question_is_said_again(self, interview: Interview) -> None:
        interview.observe(Began(0), say(LONG))
        decision = interview.observe(Interrupted(30, "What", "Oh sure"))
        assert last_answer(decision).intent == "aside"
        assert (spoken(decision).move, spoken(decision).text) == ("repeat", "What will you have for lunch?")
        assert interview.progress.questions[-1].status == "asked"

    def test_words_before_the_question_was_reached_are_no_answer(self, interview: Interview) -> None:
        interview.observe(Began(0))
        decision = interview.observe(
            Interrupted(2, "Hello there. I am a", "Good morning, nice to meet you all")
        )
        assert last_answer(decision).intent == "aside"
        assert spoken(decision).parts == ("I am a computer program.", "What did you have for breakfast?")

    def test_a_cough_does_not_swallow_the_end_of_a_question(self, interview: Interview) -> None:
        interview.observe(Began(0), say(LONG))
        decision = interview.observe(Interrupted(30, "What will you have for", ""))
        assert decision.facts == (decision.move,)
        assert spoken(decision).text == "What will you have for lunch?"

    def test_a_hum_after_the_whole_question_is_waited_out(self, interview: Interview) -> None:
        interview.observe(Began(0), say(LONG))
        decision = interview.observe(Interrupted(30, "What will you have for lunch", "Mhm"))
        assert decision.move is None

    def test_stop_into_the_moderators_speech_means_be_quiet(self, interview: Interview) -> None:
        interview.observe(Began(0))
        decision = interview.observe(Interrupted(3, "Hello there. I am", "Stop."))
        assert (decision.move, last_answer(decision).intent) == (None, "wait")
        assert spoken(interview.observe(say("Okay, go on."))).text == "What did you have for breakfast?"

    def test_a_full_request_to_stop_is_obeyed(self, interview: Interview) -> None:
        interview.observe(Began(0))
        decision = interview.observe(Interrupted(3, "Hello", "I want to stop the interview."))
        assert decision.end_reason == "withdrawn"

    def test_a_safe_word_is_heard_in_an_interruption(self, interview: Interview) -> None:
        decision = interview.observe(Began(0), Interrupted(3, "Hello", "I hurt myself"))
        assert decision.end_reason == "forced"

    def test_a_decline_needs_no_more_of_the_question(self, interview: Interview) -> None:
        interview.observe(Began(0), say(LONG))
        assert spoken(interview.observe(Interrupted(30, "What", "Skip this one."))).move == "declined"

    def test_an_interrupted_nudge_is_about_a_question_that_was_heard(self, interview: Interview) -> None:
        interview.observe(Began(0), Silent(70, 60))
        assert spoken(interview.observe(Interrupted(72, "Are", LONG))).question_id == "lunch"

    def test_an_echo_cannot_keep_the_moderator_repeating(self, interview: Interview) -> None:
        interview.observe(Began(0), say(LONG))
        moves = [spoken(interview.observe(Interrupted(30, "", "lunch"))) for _ in range(MAX_REPEATS + 1)]
        assert [move.move for move in moves] == ["repeat"] * MAX_REPEATS + ["question"]


class TestWrappingUp:
    def test_the_open_question_is_awaited_then_only_the_last_phases_required_ones_follow(
        self, interview: Interview
    ) -> None:
        due = interview.observe(Began(0), WrapUpDue(700))
        assert due.move is None
        assert due.facts == (PhaseEntered(phase_id="third", index=2, count=3, at_s=700, reason="wrap_up"),)
        move = spoken(interview.observe(say("Bread", 710)))
        assert (move.move, move.question_id) == ("wrap_up", "wish")
        assert move.parts == ("We are coming to the end of our time.", "What would you change?")
        decision = interview.observe(say("Nothing", 720))
        assert (spoken(decision).text, decision.end_reason) == ("That was all. Goodbye.", "wrap_up")

    def test_it_is_due_by_the_clock_even_if_no_timer_says_so(self, interview: Interview) -> None:
        assert spoken(interview.observe(Began(0), say("Bread", 20 * 60 * 0.8 + 1))).move == "wrap_up"

    def test_when_time_is_short_no_new_question_is_begun(self, interview: Interview) -> None:
        decision = interview.observe(Began(0), WrapUpDue(960), say(LONG, 20 * 60 - 30))
        assert spoken(decision).parts == ("We are coming to the end of our time.", "That was all. Goodbye.")
        assert decision.end_reason == "wrap_up"

    def test_it_happens_once(self, interview: Interview) -> None:
        interview.observe(Began(0), WrapUpDue(960))
        assert interview.observe(WrapUpDue(970)) == Decision()

    def test_before_the_opening_it_waits(self, interview: Interview) -> None:
        assert interview.observe(WrapUpDue(0)) == Decision()

    def test_a_decline_then_leads_to_the_wrap_up(self, interview: Interview) -> None:
        move = spoken(interview.observe(Began(0), WrapUpDue(960), say("Pass.", 970)))
        assert (move.move, len(move.parts)) == ("wrap_up", 3)


@pytest.mark.parametrize(
    ("reason", "begins"),
    [
        ("budget", "Our time is up"),
        ("hard_limit", "Our time is up"),
        ("idle", "I cannot hear you any more"),
        ("drain", "I am sorry, for a technical reason"),
        ("forced", "I have to end our conversation here"),
        ("left", "Of course, we stop here"),
        ("finished", "That was all."),
    ],
)
def test_closing_early_says_why(interview: Interview, reason: str, begins: str) -> None:
    decision = interview.observe(Began(0), CloseDue(60, reason))
    move = spoken(decision)
    assert move.text.startswith(begins)
    assert (move.final, decision.end_reason, move.expects_answer) == (True, reason, False)


def test_closing_before_the_opening_still_says_goodbye(interview: Interview) -> None:
    move = spoken(interview.observe(CloseDue(3, "drain")))
    assert (move.move, move.phase_id, move.move_id) == ("closing", "first", "m1")


def test_moves_are_numbered(interview: Interview) -> None:
    interview.observe(Began(0), say(LONG), say("Pardon?"), Silent(90, 60))
    assert [move.move_id for move in interview.moves()] == ["m1", "m2", "m3", "m4"]
