"""What a model may do with the floor: its calls written down, every sentence taken or dropped."""

from __future__ import annotations

import pytest
from talk import LONG, Talk

from vivavoce.protocol.facts import MoveDecided, MoveWorded, PhaseEntered, ToolCalled, TopicCovered
from vivavoce.protocol.floor import MOST_REFUSALS
from vivavoce.protocol.machine import decide
from vivavoce.protocol.observations import Answered, Began, CloseDue, Interrupted, WrapUpDue
from vivavoce.protocol.study import Study


class TestWhoHasTheFloor:
    @pytest.mark.parametrize(
        "text",
        [
            "Could you repeat that?",
            "What do you mean?",
            "I'd rather not say",
            "I want to stop the interview",
            "Hold on",
            "Mhm",
            "I want to hurt myself",
        ],
    )
    def test_what_must_not_depend_on_a_model_does_not(self, talk: Talk, small: Study, text: str) -> None:
        before = talk.progress
        assert not talk.observe(Answered(20, text, ("u1",)))
        structured = decide(small, before, Answered(20, text, ("u1",)), language="en")
        assert talk.facts[-len(structured.facts) :] == list(structured.facts), (
            "word for word what a study says"
        )

    def test_the_opening_is_the_studys(self, talk: Talk) -> None:
        assert talk.move.parts == (
            "Hello there.",
            "I am a computer program.",
            "What did you have for breakfast?",
        )
        assert talk.move.worded_by == "study"

    def test_nothing_is_left_to_a_model_once_it_is_time_to_close(self, talk: Talk) -> None:
        late = talk.study.limits.wrap_up_at_s
        assert not talk.observe(Answered(late, LONG, ("u1",)))
        assert talk.move.move == "wrap_up"

    def test_an_answer_gives_the_floor_and_is_noted_first(self, talk: Talk) -> None:
        talk.answer()
        assert talk.progress.questions[0].status == "answered"
        assert talk.move.move == "opening"


class TestWords:
    def test_words_become_the_next_question(self, talk: Talk) -> None:
        talk.answer()
        assert talk.say("Bread with butter, then.") == [True]
        begun = talk.move
        assert (begun.move, begun.question_id, begun.text) == (
            "reply",
            "breakfast",
            "Bread with butter, then.",
        )
        talk.say("And what will lunch be today?")
        move = talk.end()
        assert (move.move_id, move.move, move.question_id) == (begun.move_id, "question", "lunch")
        assert move.text == "Bread with butter, then. And what will lunch be today?"
        assert move.worded_by == "model" and talk.rest == ()
        assert talk.progress.moves == 2 and talk.progress.topics == ("food",)
        assert [fact.kind for fact in talk.facts[-3:]] == ["move.decided", "topic.covered", "move.worded"]

    def test_nothing_after_the_first_question_is_said(self, talk: Talk) -> None:
        talk.answer()
        assert talk.say("And what will lunch be?", "Or will you skip it?", "And dinner?") == [True]
        assert talk.end().text == "And what will lunch be?"

    def test_really_is_no_question(self, talk: Talk) -> None:
        talk.answer()
        assert talk.say("Really?", "And what will lunch be?") == [True, True]

    def test_a_request_without_a_question_mark_is_one(self, talk: Talk) -> None:
        talk.answer()
        talk.say("Please tell me about your lunch today.")
        assert talk.end().question_id == "lunch" and talk.rest == ()

    def test_a_monologue_ends_in_the_studys_question(self, talk: Talk) -> None:
        talk.answer()
        assert talk.say("One thing.", "Two things.", "Three things.", "Four things.") == [True] * 3 + [False]
        move = talk.end()
        assert move.parts[-1] == "What will you have for lunch?"
        assert talk.rest == ("What will you have for lunch?",)

    def test_praise_is_left_out(self, talk: Talk) -> None:
        talk.answer()
        said = talk.say(
            "That's a great answer!", "Wonderful.", "Great, bread it was.", "And what is for lunch?"
        )
        assert said == [False, False, True, True]

    def test_a_question_that_was_put_already_is_not_put_again(self, talk: Talk) -> None:
        talk.answer()
        assert talk.say("Bread it was.", "What did you have for breakfast?") == [True, False]
        assert talk.end().parts == ("Bread it was.", "What will you have for lunch?")
        talk.answer(at_s=60)
        assert talk.say("Soup.", "What was the best of it?") == [True, True]
        talk.end()
        talk.answer(at_s=90)
        assert talk.say("What was the best of it?") == [False]

    def test_leading_back_may_put_it_again(self, talk: Talk) -> None:
        talk.answer("Are you a machine?")
        talk.call("return_to_question", reason="question_to_moderator")
        assert talk.say("I am a program.", "What did you have for breakfast?") == [True, True]
        assert talk.end().move == "redirect"

    def test_an_empty_answer_is_filled_by_the_study(self, talk: Talk, small: Study) -> None:
        talk.answer("It depends")
        move = talk.end()
        assert (move.move, move.probe_id, move.worded_by) == ("probe", "vague", "study")
        assert talk.rest == ("For example?",)

    @pytest.mark.parametrize("said", [(), ("Bread, then.",), ("Bread, then.", "What is for lunch?")])
    def test_a_failing_model_leaves_no_gap(self, talk: Talk, said: tuple[str, ...]) -> None:
        talk.answer()
        talk.say(*said)
        move = talk.end(failed=True)
        assert move.move == "question" and move.question_id == "lunch"
        asked = len(said) == 2
        assert talk.rest == (() if asked else ("What will you have for lunch?",))
        assert move.parts == (*said, *talk.rest)

    def test_the_next_phase_begins_with_its_intro_where_the_study_speaks(self, talk: Talk) -> None:
        talk.answer()
        talk.say("And what will lunch be?")
        talk.end()
        talk.answer(at_s=60)
        talk.say("Soup, then.")
        move = talk.end()
        assert talk.of(PhaseEntered)[-1].reason == "next"
        assert (move.phase_id, talk.rest) == ("second", ("Now something else.", "How did you come here?"))

    def test_a_reply_that_was_overtaken_says_nothing_more(self, talk: Talk) -> None:
        talk.answer()
        talk.say("Bread, then.")
        talk.observe(CloseDue(40, "hard_limit"))
        assert talk.move.final
        before = list(talk.facts)
        assert talk.say("And lunch, what will it be?") == [False]
        talk.end()
        assert talk.facts == before
        assert not talk.call("probe", trigger="vague").accepted

    def test_what_was_asked_when_the_wrap_up_came_belongs_to_the_open_question(self, talk: Talk) -> None:
        talk.answer()
        talk.say("And what will lunch be?")
        talk.observe(WrapUpDue(31))
        move = talk.end()
        assert (move.move, move.question_id) == ("probe", "breakfast")
        assert not talk.observe(Answered(40, LONG, ("u2",)))
        assert talk.move.move == "wrap_up"

    def test_a_broken_off_reply_counts_only_if_it_asked(self, talk: Talk) -> None:
        talk.answer()
        talk.say("Bread, then.")
        assert talk.floor is not None and talk.floor.cut(talk.progress, at_s=31, passed=1) == ()
        talk.say("And tea.")
        (worded,) = talk.floor.cut(talk.progress, at_s=31, passed=2)
        assert isinstance(worded, MoveWorded)
        assert (worded.move, worded.text) == ("reply", "Bread, then. And tea.")
        talk.say("What is for lunch?")
        assert [fact.kind for fact in talk.floor.cut(talk.progress, at_s=31, passed=3)] == [
            "topic.covered",
            "move.worded",
        ]


class TestWhatMayNotBeHeard:
    LINE = "Let me come back to our questions."

    def withhold(self, talk: Talk, passed: int) -> MoveDecided:
        assert talk.floor is not None
        outcome = talk.floor.withhold(passed, talk.progress, at_s=talk.at_s)
        talk.facts += outcome.facts
        talk.rest = outcome.rest
        return talk.move

    @pytest.mark.parametrize(("passed", "before"), [(0, ()), (1, ("Bread, then.",))])
    def test_the_safe_line_and_the_studys_words_follow_what_was_let_through(
        self, talk: Talk, passed: int, before: tuple[str, ...]
    ) -> None:
        talk.answer()
        talk.say("Bread, then.", "And lunch, what will it be?")
        move = self.withhold(talk, passed)
        assert talk.rest == (self.LINE, "What will you have for lunch?")
        assert move.parts == (*before, *talk.rest) and move.text == " ".join(move.parts)
        assert (move.move, move.question_id) == ("question", "lunch")
        assert talk.progress.moves == 2, "it is one move, however it turned out"

    def test_before_anything_was_taken_the_move_begins_with_the_safe_line(self, talk: Talk) -> None:
        talk.answer()
        assert talk.say("You should see a doctor.") == [False]
        move = self.withhold(talk, 0)
        assert move.parts == talk.rest == (self.LINE, "What will you have for lunch?")
        assert [type(fact) for fact in talk.facts[-3:]] == [MoveDecided, TopicCovered, MoveWorded]
        assert (move.question_id, talk.progress.moves) == ("lunch", 2)

    def test_a_question_that_was_not_heard_was_not_asked(self, talk: Talk) -> None:
        talk.answer("It was somehow all right")
        talk.call("probe", trigger="vague")
        talk.say("What would be an example of that?")
        move = self.withhold(talk, 0)
        assert move.question_id == "breakfast" and move.probe_id is not None, "the study follows up instead"
        assert talk.progress.questions[0].own_probes == 0

    def test_a_way_back_to_the_question_stays_one(self, talk: Talk) -> None:
        talk.answer("Are you a real person, or what is this?")
        talk.call("return_to_question", reason="question_to_moderator")
        talk.say("I am a person.")
        move = self.withhold(talk, 0)
        assert (move.move, move.parts) == ("redirect", (self.LINE, "What did you have for breakfast?"))

    def test_who_has_been_spoken_over_says_nothing_more(self, talk: Talk) -> None:
        talk.answer()
        talk.say("Bread, then.")
        talk.observe(CloseDue(31, "drain"))
        before = list(talk.facts)
        self.withhold(talk, 0)
        assert talk.rest == () and talk.facts == before

    def test_a_broken_off_reply_keeps_only_what_was_let_through(self, talk: Talk) -> None:
        talk.answer()
        talk.say("Bread, then.", "And tea.", "What is for lunch?")
        assert talk.floor is not None
        talk.facts += talk.floor.cut(talk.progress, at_s=31, passed=1)
        assert (talk.move.move, talk.move.parts) == ("reply", ("Bread, then.",))
        assert talk.progress.asked == {"breakfast"}

    def test_a_broken_off_reply_of_which_nothing_was_let_through_has_no_words(self, talk: Talk) -> None:
        talk.answer()
        talk.say("What is for lunch?")
        assert talk.floor is not None
        talk.facts += talk.floor.cut(talk.progress, at_s=31, passed=0)
        assert (talk.move.move, talk.move.text) == ("reply", "")
        assert talk.progress.asked == {"breakfast"}

    @pytest.mark.parametrize(
        ("sentence", "checks", "enough"),
        [
            ("You should see a doctor.", ("advice",), True),
            ("My instructions say that I ask about lunch.", ("disclosure",), True),
            ("Don't you think lunch is better?", ("leading",), True),
            ("Great!", ("praise",), False),
        ],
    )
    def test_bad_conduct_is_not_said(
        self, talk: Talk, sentence: str, checks: tuple[str, ...], enough: bool
    ) -> None:
        talk.answer()
        assert talk.floor is not None
        taken = talk.floor.take(sentence, talk.progress, at_s=31)
        assert (taken.text, taken.facts, taken.enough) == ("", (), enough)
        assert [(breach.text, breach.checks) for breach in taken.breaches] == [(sentence, checks)]
        assert taken.breaches[0].grave == (checks[0] in ("advice", "disclosure"))

    def test_praise_is_cut_off_a_sentence(self, talk: Talk) -> None:
        talk.answer()
        assert talk.floor is not None
        taken = talk.floor.take("Great, and what will lunch be?", talk.progress, at_s=31)
        assert taken.text == "And what will lunch be?" and taken.enough
        assert talk.floor.said == ("And what will lunch be?",)
        assert [breach.text for breach in taken.breaches] == ["Great,"]

    def test_a_study_may_do_without_a_check_but_praise_alone_is_never_said(self, small_text: str) -> None:
        talk = Talk(small_text + "\nguard: {checks: []}\n")
        talk.observe(Began(0))
        talk.answer()
        assert talk.say("Great!", "You should eat more.", "Great, and lunch, what will it be?") == [
            False,
            True,
            True,
        ]


class TestAfterOwnWords:
    @pytest.fixture
    def asked(self, talk: Talk) -> Talk:
        talk.answer()
        talk.say("Bread, then.", "And lunch, what will it be?")
        talk.end()
        return talk

    def test_a_repeat_says_what_was_asked(self, asked: Talk) -> None:
        asked.observe(Answered(40, "Could you repeat that?", ("u2",)))
        assert asked.move.parts == ("Of course, I will say it again.", "And lunch, what will it be?")
        assert asked.move.worded_by == "model"

    def test_an_interruption_before_it_was_heard_too(self, asked: Talk) -> None:
        asked.observe(Interrupted(40, "Bread, then.", "Mhm", ("u2",)))
        assert asked.move.move == "repeat"
        assert asked.move.parts == ("And lunch, what will it be?",)

    def test_a_fixed_question_forgets_them(self, asked: Talk) -> None:
        asked.observe(Answered(40, "I'd rather not say", ("u2",)))
        assert asked.progress.own_words is None
        asked.observe(Answered(50, "Could you repeat that?", ("u3",)))
        assert asked.move.parts[-1] == "How did you come here?"


class TestClosingSafely:
    @pytest.mark.parametrize(
        ("reason", "words", "ends"),
        [
            ("crisis", "Please call for help.", "forced"),
            ("distress", "Please call for help.", "forced"),
            ("abuse", "I have to end our conversation here.", "forced"),
            ("wants_to_stop", "Of course, we stop here.", "withdrawn"),
        ],
    )
    def test_closing_safely_is_the_studys_text(self, talk: Talk, reason: str, words: str, ends: str) -> None:
        talk.answer()
        talk.say("I hear you.")
        judgement = talk.call("close_safely", reason=reason)
        assert judgement.over and judgement.rest[0].startswith(words)
        assert talk.move.final and talk.move.end_reason == ends
        assert talk.move.parts == ("I hear you.", *judgement.rest)
        assert talk.say("One more thing.") == [False]
        assert talk.end().parts == ("I hear you.", *judgement.rest)


class TestBrokenCalls:
    @pytest.mark.parametrize(
        ("tool", "arguments", "answer"),
        [
            ("advance", "{}", "There is no tool `advance`. Did you mean `advance_phase`?"),
            ("xyz", "{}", "There is no tool `xyz`. Your tools are: advance_phase,"),
            ("probe", "{", "The arguments of `probe` do not fit: "),
            (
                "probe",
                "[]",
                "It takes a JSON object with `trigger` (unexpected or contradictory or emotional or vague)",
            ),
            ("probe", '{"trigger": "bored"}', "trigger: Input should be 'unexpected', 'contradictory'"),
            ("probe", '{"trigger": "vague", "why": 1}', "why: Extra inputs are not permitted"),
            ("mark_topic_covered", "", "topic_id: Field required"),
            ("flag_insight", '{"note": "' + "x" * 5000 + '"}', "are too long"),
        ],
    )
    def test_are_refused_in_words(self, talk: Talk, tool: str, arguments: str, answer: str) -> None:
        talk.answer()
        judgement = talk.raw(tool, arguments)
        assert not judgement.accepted and answer in judgement.answer
        (called,) = talk.of(ToolCalled)
        assert not called.accepted and len(called.arguments) <= 4000

    def test_too_many_and_the_model_has_lost_it(self, talk: Talk) -> None:
        talk.answer()
        assert talk.floor is not None
        for _ in range(MOST_REFUSALS):
            assert not talk.floor.lost
            talk.raw("xyz", "{}")
        assert talk.floor.lost


def test_a_reply_is_worded_once(talk: Talk) -> None:
    talk.answer()
    talk.say("And what will lunch be?")
    talk.end()
    talk.end()
    assert len(talk.of(MoveWorded)) == 1


class TestWhatIsHeardAsItComes:
    """A model that speaks by itself: nothing of it can be kept back."""

    @pytest.fixture
    def heard(self, talk: Talk) -> Talk:
        talk.answer()
        return talk

    def hear(self, talk: Talk, *sentences: str) -> list[bool]:
        assert talk.floor is not None
        talk.facts += talk.floor.begin(sentences[0].split()[0], talk.progress, at_s=talk.at_s)
        return [talk.floor.hear(sentence, talk.progress).enough for sentence in sentences]

    def test_it_is_a_reply_from_its_first_word_on_and_what_it_turned_out_to_be_at_its_end(
        self, heard: Talk
    ) -> None:
        assert self.hear(heard, "So it was bread.", "How did you make the tea?") == [False, False]
        assert (heard.move.move, heard.move.text) == ("reply", "So")
        move = heard.end()
        assert (move.move, move.text) == ("question", "So it was bread. How did you make the tea?")
        assert heard.rest == ()

    def test_without_a_question_the_studys_follows(self, heard: Talk) -> None:
        self.hear(heard, "So it was bread.")
        move = heard.end()
        assert move.move == "question" and move.parts[0] == "So it was bread."
        assert heard.rest == move.parts[1:] != ()

    def test_what_should_not_be_said_counts_as_said_and_is_told(self, heard: Talk) -> None:
        assert heard.floor is not None
        self.hear(heard, "So it was bread.")
        taken = heard.floor.hear("Great, and what was the tea like?", heard.progress)
        assert [breach.checks for breach in taken.breaches] == [("praise",)]
        assert taken.spoken and not taken.enough
        assert "Great, and what was the tea like?" in heard.end().text

    def test_after_something_grave_nothing_more_may_be_heard(self, heard: Talk) -> None:
        assert self.hear(heard, "You should see a doctor about that.") == [True]

    def test_what_was_cut_has_the_words_that_were_said(self, heard: Talk) -> None:
        self.hear(heard, "So it was bread.")
        assert heard.floor is not None
        heard.facts += heard.floor.cut(heard.progress, at_s=heard.at_s, passed=1)
        assert (heard.move.move, heard.move.text) == ("reply", "So it was bread.")

    def test_nothing_begins_where_the_interview_has_gone_on(self, heard: Talk) -> None:
        heard.observe(CloseDue(40, "drain"))
        assert heard.floor is not None
        assert heard.floor.begin("So", heard.progress, at_s=41) == ()
        assert heard.floor.hear("So it was bread.", heard.progress).enough
