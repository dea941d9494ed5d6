"""Which languages are listened for, when another is offered, and what comes of the offer."""

from __future__ import annotations

from pathlib import Path

import pytest

from vivavoce.protocol.check import load_study
from vivavoce.protocol.facts import AnswerNoted, Fact, LanguageSettled, MoveDecided, TopicCovered
from vivavoce.protocol.listening import MOST_OFFERS, expected
from vivavoce.protocol.machine import MAX_WAITS, Decision, decide
from vivavoce.protocol.observations import Answered, Began, Interrupted, Observation, Returned, Silent
from vivavoce.protocol.offer import OFFER_LINES, accepted
from vivavoce.protocol.progress import Progress, fold
from vivavoce.protocol.study import Study
from vivavoce.protocol.wordings import wordings

STUDIES = Path(__file__).parents[3] / "studies"
SPANISH = "Trabajo tres días a la semana desde casa y dos en la oficina."
ENGLISH = "I work from home on three days of the week, and in the office on the others."
OFFER = OFFER_LINES["es"]["offer"]


def load(*changes: tuple[str, str]) -> Study:
    text = (STUDIES / "remote-work.yaml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return load_study(text.encode(), source="remote-work.yaml")


@pytest.fixture(scope="module")
def study() -> Study:
    return load()


class Interview:
    """Holds an interview that may change its language."""

    def __init__(self, study: Study, language: str = "en") -> None:
        self.study = study
        self.language = language
        self.facts: list[Fact] = []
        self.at_s = 0.0
        self.observe(Began(0.0))

    @property
    def progress(self) -> Progress:
        return fold(self.facts)

    @property
    def last(self) -> MoveDecided:
        return [fact for fact in self.facts if isinstance(fact, MoveDecided)][-1]

    def observe(self, observation: Observation) -> Decision:
        decision = decide(self.study, self.progress, observation, language=self.language)
        self.facts += decision.facts
        self.language = next(
            (fact.language for fact in decision.facts if isinstance(fact, LanguageSettled)), self.language
        )
        return decision

    def say(self, text: str, spoken: str | None = None) -> Decision:
        self.at_s += 10
        return self.observe(Answered(self.at_s, text, ("u",), 3.0, spoken))

    def settled(self) -> list[tuple[str, str]]:
        return [(fact.language, fact.reason) for fact in self.facts if isinstance(fact, LanguageSettled)]


@pytest.fixture
def interview(study: Study) -> Interview:
    return Interview(study)


def test_who_begins_in_another_language_of_the_study_is_offered_it_in_that_language(
    interview: Interview,
) -> None:
    move = interview.say(SPANISH, "es").move
    assert move is not None
    assert (move.move, move.language, move.parts) == ("language_offer", "es", (OFFER,))
    assert move.expects_answer and move.question_id == interview.progress.questions[0].question_id
    assert interview.progress.offered == "es"


def test_yes_switches_says_in_it_that_a_machine_speaks_and_asks_on(
    interview: Interview, study: Study
) -> None:
    first, second, *_ = study.questions()
    interview.say(SPANISH, "es")
    decision = interview.say("Sí, por favor.", "es")
    assert interview.settled() == [("es", "accepted")]
    assert interview.language == "es" and interview.progress.offered is None
    assert interview.last.parts == (
        OFFER_LINES["es"]["switched"],
        study.consent.disclosure.text("es"),
        second.wording.text("es"),
    )
    assert interview.last.language is None, "it is the session's now"
    assert set(interview.last.parts) <= set(wordings(study, "es")), "all of it can be prepared"
    assert interview.progress.questions[0].status == "answered", "what was said in Spanish stands"
    assert {fact.topic_id for fact in decision.facts if isinstance(fact, TopicCovered)} == set(first.topics)


@pytest.mark.parametrize(
    ("text", "spoken"), [("No, thank you.", "en"), ("No, gracias.", "es"), ("English, please.", "en")]
)
def test_no_stays(interview: Interview, study: Study, text: str, spoken: str) -> None:
    second = tuple(study.questions())[1]
    interview.say(SPANISH, "es")
    interview.say(text, spoken)
    assert interview.settled() == [("en", "declined")]
    assert interview.last.parts == (OFFER_LINES["en"]["kept"], second.wording.text("en"))


def test_silence_stays(interview: Interview) -> None:
    interview.say(SPANISH, "es")
    interview.observe(Silent(80.0, 60.0))
    assert interview.settled() == [("en", "unanswered")]
    assert interview.last.move == "question" and interview.language == "en"


def test_it_is_offered_once(interview: Interview) -> None:
    interview.say(SPANISH, "es")
    interview.say("No.", "es")
    interview.say(SPANISH, "es")
    assert interview.last.move != "language_offer"
    assert expected(interview.study, interview.progress, "en") == ("en",)


@pytest.mark.parametrize("text", ["No.", "Sí.", "Madrid, Barcelona"])
def test_two_words_say_too_little(interview: Interview, text: str) -> None:
    interview.say(text, "es")
    assert interview.progress.offers == 0


def test_an_unsure_recogniser_offers_nothing(interview: Interview) -> None:
    interview.say(SPANISH, None)
    assert interview.progress.offers == 0


def test_a_language_that_the_study_is_not_held_in_is_not_offered(interview: Interview) -> None:
    interview.say("Ik werk drie dagen per week thuis.", "nl")
    assert interview.progress.offers == 0


def test_it_is_listened_for_at_the_start_only(interview: Interview) -> None:
    assert expected(interview.study, interview.progress, "en") == ("en", "es", "fr")
    while len(interview.progress.questions) < 3:
        interview.say(ENGLISH, "en")
    assert expected(interview.study, interview.progress, "en") == ("en",)
    interview.say(SPANISH, "es")
    assert interview.progress.offers == 0


def test_the_answer_is_listened_for_in_both_languages(interview: Interview) -> None:
    interview.say(SPANISH, "es")
    assert expected(interview.study, interview.progress, "en") == ("es", "en")


def test_what_steers_in_the_sessions_language_steers(interview: Interview) -> None:
    interview.say("Could you repeat the question please?", "es")
    assert interview.last.move == "repeat"


def test_a_request_in_another_language_is_met_after_the_switch(interview: Interview, study: Study) -> None:
    first = next(study.questions())
    interview.say("¿Puede repetir la pregunta, por favor?", "es")
    assert interview.last.move == "language_offer"
    assert [f.intent for f in interview.facts if isinstance(f, AnswerNoted)] == ["repeat_request"]
    interview.say("Sí.", "es")
    assert interview.last.move == "repeat"
    assert interview.last.parts[-1] == first.wording.text("es")


def test_over_a_question_that_was_not_heard_it_is_no_answer(interview: Interview, study: Study) -> None:
    first = next(study.questions())
    interview.observe(Interrupted(5.0, "Hello,", "Perdón, no hablo bien inglés.", ("u",), 2.0, "es"))
    assert interview.last.move == "language_offer"
    interview.say("Sí.", "es")
    assert interview.last.parts[-1] == first.wording.text("es")


def test_who_asks_for_the_offer_again_hears_it_again_but_not_for_ever(interview: Interview) -> None:
    interview.say(SPANISH, "es")
    for _ in range(MOST_OFFERS):
        interview.say("¿Puede repetir, por favor?", "es")
    assert interview.progress.offers == MOST_OFFERS
    assert interview.settled() == [("es", "accepted")], "by then the language itself is the answer"


def test_who_thinks_about_the_offer_is_waited_for_but_not_for_ever(interview: Interview) -> None:
    interview.say(SPANISH, "es")
    for _ in range(MAX_WAITS):
        assert interview.say("Un momento, por favor.", "es").move is None
    interview.say("Un momento, por favor.", "es")
    assert interview.progress.offered is None


def test_who_lost_the_line_over_the_offer_hears_it_again(interview: Interview) -> None:
    interview.say(SPANISH, "es")
    interview.observe(Returned(30.0))
    assert (interview.last.move, interview.last.language) == ("language_offer", "es")
    interview.observe(Returned(40.0))
    assert interview.settled() == [("en", "unanswered")]


def test_stopping_in_another_language_is_stopping(interview: Interview, study: Study) -> None:
    interview.say("Quiero terminar la entrevista.", "es")
    assert (interview.last.move, interview.last.language) == ("closing", "es")
    assert interview.last.text == study.line("stop_ack", "es")
    assert interview.last.end_reason == "withdrawn"


def test_stopping_at_the_offer_is_stopping_in_either_language(study: Study) -> None:
    for text, spoken, language in (
        ("Quiero terminar la entrevista.", "es", "es"),
        ("I want to stop the interview.", "en", None),
    ):
        interview = Interview(study)
        interview.say(SPANISH, "es")
        interview.say(text, spoken)
        assert (interview.last.move, interview.last.language) == ("closing", language), text


def test_a_safe_word_counts_in_the_language_it_is_said_in(interview: Interview, study: Study) -> None:
    interview.say("A veces no quiero seguir viviendo así.", "es")
    assert study.safety is not None
    assert (interview.last.text, interview.last.language) == (study.safety.closing.text("es"), "es")
    assert interview.last.end_reason == "forced"


def test_a_study_may_offer_nothing() -> None:
    study = load(("\nopening:", "\nlanguage_offer: false\nopening:"))
    interview = Interview(study)
    interview.say(SPANISH, "es")
    assert interview.progress.offers == 0
    assert expected(study, Progress(), "en") == ("en",)
    assert OFFER not in wordings(study, "es")


def test_a_study_may_word_it_itself() -> None:
    study = load(("\nopening:", '\nlanguage_offer:\n  offer: {es: "¿En español?"}\nopening:'))
    interview = Interview(study)
    interview.say(SPANISH, "es")
    assert interview.last.text == "¿En español?"
    assert "¿En español?" in wordings(study, "es")
    interview.say("Claro.", "es")
    assert interview.last.parts[0] == OFFER_LINES["es"]["switched"]


def test_what_a_model_was_asking_is_asked_in_the_studys_words_after_a_switch(study: Study) -> None:
    from vivavoce.protocol.moderator import Moderator

    thinking = study.model_copy(update={"moderator": Moderator(mode="semi_structured")})
    interview = Interview(thinking)
    assert interview.say(SPANISH, "es").floor is False
    decision = interview.say("Sí.", "es")
    assert decision.floor is False and interview.last.worded_by == "study"
    assert interview.say("Me gusta la tranquilidad de mi casa.", "es").floor, (
        "now the model has the floor again"
    )


@pytest.mark.parametrize(
    ("text", "spoken", "wanted"),
    [
        ("Sí", "es", True),
        ("Eh, sí, claro", "es", True),
        ("No hay problema", "es", True),
        ("No", "es", False),
        ("No gracias, prefiero inglés", "es", False),
        ("Mejor no", "es", False),
        ("Yes please", "en", True),
        ("I'd rather not", "en", False),
        ("Spanish please", "en", True),
        ("Pues mira, yo es que trabajo en casa", "es", True),
        ("What was that about", "en", False),
        ("Hmm", None, False),
    ],
)
def test_what_counts_as_yes(text: str, spoken: str | None, wanted: bool) -> None:
    assert accepted(text, offered="es", language="en", spoken=spoken) is wanted


@pytest.mark.parametrize(
    ("offered", "yes", "no"),
    [
        ("de", "Ja, gerne.", "Nein, danke."),
        ("fr", "Oui, avec plaisir.", "Non, ce n'est pas la peine."),
        ("ja", "はい、お願いします。", "いいえ、結構です。"),
        ("en", "Yes, that would be great.", "No, thanks."),
    ],
)
def test_yes_and_no_in_every_language(offered: str, yes: str, no: str) -> None:
    assert accepted(yes, offered=offered, language="es", spoken=None)
    assert not accepted(no, offered=offered, language="es", spoken=None)
