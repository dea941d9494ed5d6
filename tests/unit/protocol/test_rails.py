"""What a model may ask for: every request accepted, or refused in words that it can act on."""

from __future__ import annotations

from talk import Talk

from vivavoce.protocol.facts import AnswerSetAside, InsightFlagged, PhaseEntered, ToolCalled, TopicCovered
from vivavoce.protocol.observations import Began
from vivavoce.protocol.rails import MOST_INSIGHTS, MOST_REDIRECTS


class TestAdvancing:
    def test_refused_while_required_questions_are_open(self, small_text: str) -> None:
        text = small_text.replace("      - id: lunch\n", "      - id: lunch\n        required: true\n")
        talk = Talk(text)
        talk.observe(Began(0))
        talk.answer()
        refused = talk.call("advance_phase")
        assert not refused.accepted
        assert refused.answer == (
            "1 required question is open in this phase: lunch (“What will you have for lunch?”). Ask one of them first."
        )
        assert talk.progress.phase_id == "first" and talk.progress.refusals == 1

    def test_refused_before_its_least_time_while_there_is_something_to_ask(self, small_text: str) -> None:
        talk = Talk(
            small_text.replace(
                "    min_minutes: 0\n    max_minutes: 5\n    turn",
                "    min_minutes: 3\n    max_minutes: 5\n    turn",
            )
        )
        talk.observe(Began(0))
        talk.answer(at_s=80)
        assert "1:20 of at least 3 minutes" in talk.call("advance_phase").answer
        talk.end(failed=True)
        talk.answer(at_s=181)
        assert talk.call("advance_phase").accepted

    def test_accepted_it_swaps_the_phase_and_says_what_comes(self, talk: Talk) -> None:
        talk.answer()
        accepted = talk.call("advance_phase", reason="enough")
        assert accepted.accepted
        assert accepted.answer == (
            "The phase “Second” has begun. Its objective: Go on. Its first question: “How did you come here?”"
        )
        assert [type(fact) for fact in accepted.facts] == [TopicCovered, PhaseEntered, ToolCalled]
        assert talk.of(PhaseEntered)[-1].reason == "advanced"
        assert not talk.call("advance_phase").accepted, "one phase a reply"
        assert not talk.call("probe", trigger="vague").accepted
        assert not talk.call("return_to_question", reason="off_topic").accepted
        talk.say("Now to your way here.", "How did you come?")
        assert (talk.end().question_id, talk.move.phase_id) == ("way", "second")

    def test_a_model_that_fails_after_it_leaves_the_new_phase_to_the_study(self, talk: Talk) -> None:
        talk.answer("It depends")
        talk.call("advance_phase")
        move = talk.end(failed=True)
        assert (move.move, move.question_id) == ("question", "way")

    def test_in_the_last_phase_it_ends_the_interview_in_the_studys_words(self, talk: Talk) -> None:
        for at_s in (30, 60, 200):
            talk.answer(at_s=at_s)
            talk.end()
        assert talk.progress.phase_id == "third"
        talk.answer(at_s=230)
        assert talk.call("advance_phase").accepted
        assert talk.say("What else is there to say?") == [False], "nothing is asked any more"
        move = talk.end()
        assert (move.final, move.end_reason, talk.rest) == (True, "finished", ("That was all. Goodbye.",))
        assert talk.progress.end_reason == "finished"

    def test_after_a_sentence_of_its_own_the_closing_stays_the_studys(self, talk: Talk) -> None:
        for at_s in (30, 60, 200, 230):
            talk.answer(at_s=at_s)
            talk.end()
        talk.answer(at_s=260)
        talk.say("So you would change nothing else.")
        move = talk.end()
        assert move.parts == ("So you would change nothing else.", "That was all. Goodbye.")
        assert move.final and talk.rest == ("That was all. Goodbye.",)


class TestProbing:
    def test_in_its_own_words(self, talk: Talk) -> None:
        talk.answer()
        assert talk.call("probe", trigger="unexpected").accepted
        talk.say("Tea, you say.", "How come it was tea today?")
        move = talk.end()
        assert (move.move, move.trigger, move.question_id, move.probe_id) == (
            "probe",
            "unexpected",
            "breakfast",
            None,
        )
        assert talk.progress.questions[0].own_probes == 1
        assert talk.progress.probed[-1].text == "How come it was tea today?"
        talk.answer(at_s=40)
        refused = talk.call("probe", trigger="vague")
        assert "followed up often enough" in refused.answer
        assert "Use one of the standard probes: keyword, vague, bare, more" in refused.answer

    def test_from_the_studys_list(self, talk: Talk) -> None:
        talk.answer()
        assert "For example?" in talk.call("probe", trigger="vague", probe_id="vague").answer
        move = talk.end()
        assert (move.move, move.probe_id, move.trigger, talk.rest) == (
            "probe",
            "vague",
            "vague",
            ("For example?",),
        )
        talk.answer(at_s=40)
        refused = talk.call("probe", trigger="vague", probe_id="vague")
        assert refused.answer == (
            "The probe `vague` cannot be used here (any more). Left are: keyword, bare, more."
        )
        assert "`why` does not exist" in talk.call("probe", trigger="vague", probe_id="why").answer

    def test_not_when_the_phase_is_over(self, talk: Talk) -> None:
        talk.answer(at_s=301)
        assert "The time of this phase is over. Ask the next question: way" in (
            talk.call("probe", trigger="vague").answer
        )

    def test_bridging_models_use_the_list_and_ask_nothing(self, bridge: Talk) -> None:
        bridge.answer()
        assert "standard probes only" in bridge.call("probe", trigger="emotional").answer
        assert bridge.say("Bread, then.", "How come it was bread?") == [True, False]
        assert bridge.end().parts == ("Bread, then.", "What will you have for lunch?")

    def test_an_unannounced_one_at_the_very_end_counts_as_one(self, talk: Talk) -> None:
        for at_s in (30, 60, 200, 230):
            talk.answer(at_s=at_s)
            talk.end()
        talk.answer(at_s=260)
        assert talk.say("What makes you say that?") == [True]
        assert (talk.end().move, talk.move.trigger, talk.move.question_id) == ("probe", "unnamed", "last")
        talk.answer(at_s=270)
        assert talk.say("And what else makes you say that?") == [False], "only so many"
        assert talk.end().final


class TestTheOthers:
    def test_led_back_to_the_question_it_is_open_again(self, talk: Talk) -> None:
        talk.answer("Are you a real person, tell me?")
        accepted = talk.call("return_to_question", reason="question_to_moderator")
        assert accepted.answer.endswith("lead back to: “What did you have for breakfast?”")
        assert talk.of(AnswerSetAside)[0].words == 7
        assert (talk.progress.questions[0].status, talk.progress.questions[0].words) == ("asked", 0)
        talk.say("I am a computer program, as I said.")
        move = talk.end()
        assert (move.move, move.question_id, move.trigger) == (
            "redirect",
            "breakfast",
            "question_to_moderator",
        )
        assert talk.rest == ("What did you have for breakfast?",)
        assert talk.progress.topics == ()

    def test_but_not_for_ever(self, talk: Talk) -> None:
        for number in range(MOST_REDIRECTS):
            talk.answer(at_s=30 + number)
            talk.call("return_to_question", reason="off_topic")
            talk.end()
        talk.answer(at_s=50)
        assert "You have led back to this question 2 times" in (
            talk.call("return_to_question", reason="off_topic").answer
        )
        assert talk.end().question_id == "lunch"

    def test_a_topic_that_came_up_by_itself(self, talk: Talk) -> None:
        talk.answer()
        assert talk.call("mark_topic_covered", topic_id="travel").accepted
        assert "covered already" in talk.call("mark_topic_covered", topic_id="travel").answer
        assert "The topics are: food, travel" in talk.call("mark_topic_covered", topic_id="sleep").answer
        assert talk.progress.topics == ("travel",)

    def test_an_insight(self, talk: Talk) -> None:
        talk.answer()
        assert talk.call("flag_insight", note="Butter\0 matters.", quote="with butter").accepted
        (insight,) = talk.of(InsightFlagged)
        assert (insight.note, insight.quote, insight.question_id, insight.utterance_ids) == (
            "Butter  matters.",
            "with butter",
            "breakfast",
            ("u1",),
        )

    def test_choosing_a_question_needs_the_freedom_to(self, talk: Talk, explorer: Talk) -> None:
        talk.answer()
        assert "There is no tool `ask_question`" in talk.call("ask_question", question_id="lunch").answer
        explorer.answer()
        explorer.end()
        explorer.answer(at_s=60)
        assert (
            "`lunch` is no open question of this phase."
            in explorer.call("ask_question", question_id="lunch").answer
        )
        explorer.call("advance_phase")
        explorer.end()
        explorer.answer(at_s=200)
        explorer.call("advance_phase")
        assert explorer.call("ask_question", question_id="last").accepted
        assert explorer.end().question_id == "last"

    def test_a_model_that_marks_everything_marks_nothing(self, talk: Talk) -> None:
        talk.answer()
        for _ in range(MOST_INSIGHTS):
            assert talk.call("flag_insight", note="Butter matters.").accepted
        assert "30 insights are marked already" in talk.call("flag_insight", note="Tea too.").answer


class TestAfterTheQuestion:
    def test_a_follow_up_may_be_named_after_it_was_asked(self, talk: Talk) -> None:
        talk.answer()
        talk.say("Why was it tea today?")
        assert talk.call("probe", trigger="unexpected").accepted
        assert (talk.end().move, talk.move.trigger) == ("probe", "unexpected")

    def test_a_question_that_was_asked_is_waited_for(self, talk: Talk) -> None:
        talk.answer()
        talk.say("And what will lunch be?")
        assert "Wait for the answer" in talk.call("advance_phase").answer
