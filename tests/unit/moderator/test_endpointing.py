"""When a turn is over: the labelled sentences that the judgement must get right."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.moderator.endpointing import UNLIKELY, judge
from vivavoce.protocol.turns import LANGUAGE_FACTORS, TURN_PROFILES

STANDARD = TURN_PROFILES["standard"].resolved("en")
REFLECTIVE = TURN_PROFILES["reflective"].resolved("en")

COMPLETE = [
    ("en", "Yes."),
    ("en", "No, I would not recommend it."),
    ("en", "I think the price is fair, but nobody answered my emails."),
    ("en", "Yes, I am."),
    ("en", "We usually meet on Tuesday at half past ten."),
    ("en", "That is what I was looking for a long time ago."),
    ("de", "Ja, das fand ich gut."),
    ("fr", "C'était un peu trop long."),
    ("es", "El precio me pareció demasiado alto."),
    ("ja", "値段は少し高いと思いました。"),
]

HANGING = [
    ("ja", "最初は少し迷ったんですけど"),
    ("ja", "市場に行って、"),
    ("ja", "えーと"),
    ("en", "I went to the"),
    ("en", "And then I tried it because..."),
    ("en", "What I liked most was,"),
    ("en", "It was good, but"),
    ("en", "Um,"),
    ("en", "I would say that the first thing is"),
    ("en", "Well"),
    ("de", "Ich war zuerst ziemlich skeptisch, weil"),
    ("de", "Das ist eine"),
    ("fr", "Je suis allé dans la"),
    ("fr", "Ce que j'ai aimé, c'est que"),
    ("es", "Lo compré porque"),
    ("es", "Fuimos a la"),
]

THINKING = [
    ("en", "Hmm, let me think."),
    ("en", "Hold on"),
    ("de", "Lassen Sie mich überlegen."),
    ("fr", "Attendez…"),
    ("es", "A ver..."),
]


@pytest.mark.parametrize(("language", "text"), COMPLETE)
def test_a_complete_sentence_is_answered_after_the_shortest_wait(language: str, text: str) -> None:
    judgement = judge(text, language=language, probability=0.9, profile=STANDARD)
    assert judgement.reason == "complete"
    assert judgement.wait_s == STANDARD.min_wait_s


@pytest.mark.parametrize(("language", "text"), HANGING)
def test_a_sentence_that_hangs_waits_whatever_the_detector_says(language: str, text: str) -> None:
    judgement = judge(text, language=language, probability=0.99, profile=STANDARD)
    assert judgement.reason == "hangs"
    assert judgement.wait_s == STANDARD.thinking_wait_s


@pytest.mark.parametrize(("language", "text"), THINKING)
def test_who_asks_for_time_to_think_gets_it(language: str, text: str) -> None:
    judgement = judge(text, language=language, probability=0.99, profile=REFLECTIVE)
    assert judgement.reason == "thinking"
    assert judgement.wait_s == 10.0


def test_a_sentence_that_sounds_unfinished_waits_longer_the_surer_the_detector_is() -> None:
    sure = judge("I liked it.", language="en", probability=0.01, profile=STANDARD)
    unsure = judge("I liked it.", language="en", probability=UNLIKELY - 0.01, profile=STANDARD)
    assert sure.reason == unsure.reason == "sounds_unfinished"
    assert STANDARD.min_wait_s < unsure.wait_s < sure.wait_s <= STANDARD.max_wait_s


def test_without_a_detector_text_and_silence_decide() -> None:
    assert judge("I liked it.", language="en", probability=None, profile=STANDARD).reason == "complete"


@given(
    text=st.text(max_size=80),
    language=st.sampled_from(["en", "en-GB", "de", "fr", "es", "ja", "xx"]),
    probability=st.none() | st.floats(0, 1),
)
def test_every_wait_lies_within_the_profile(text: str, language: str, probability: float | None) -> None:
    judgement = judge(text, language=language, probability=probability, profile=STANDARD)
    assert STANDARD.min_wait_s <= judgement.wait_s <= STANDARD.thinking_wait_s


FINISHED = {
    "en": "I walked to the market and bought some bread.",
    "de": "Ich bin zum Markt gegangen und habe Brot gekauft.",
    "fr": "Je suis allé au marché et j'ai acheté du pain.",
    "es": "Fui al mercado y compré pan.",
    "ja": "市場に行ってパンを買いました。",
    "ko": "시장에 가서 빵을 샀어요.",
    "fi": "Kävin torilla ja ostin leipää.",
    "it": "Sono andato al mercato e ho comprato il pane.",
}


@pytest.mark.parametrize("name", sorted(TURN_PROFILES))
@pytest.mark.parametrize("language", sorted(FINISHED))
def test_every_profile_waits_in_every_language_as_long_as_it_says(name: str, language: str) -> None:
    """By the waits a participant meets: finished, doubtful, and hanging, in this language."""
    plain = TURN_PROFILES[name]
    profile = plain.resolved(language)
    factor = LANGUAGE_FACTORS.get(language, 1.0)

    def wait(text: str, probability: float) -> float:
        return judge(text, language=language, probability=probability, profile=profile).wait_s

    finished, doubtful, hanging = (
        wait(FINISHED[language], 0.9),
        wait(FINISHED[language], 0.0),
        wait(FINISHED[language].rstrip(".。") + " …", 0.9),
    )
    assert finished == pytest.approx(plain.min_wait_s * factor, abs=1e-3)
    assert doubtful == pytest.approx(plain.max_wait_s * factor, abs=1e-3)
    assert hanging == pytest.approx(plain.thinking_wait_s * factor, abs=1e-3)
    assert finished < doubtful < hanging
    assert profile.interruption_min_s == plain.interruption_min_s, "a language stretches waits only"
    english = judge(FINISHED["en"], language="en", probability=0.9, profile=plain.resolved("en")).wait_s
    assert (finished > english) == (language in LANGUAGE_FACTORS), "Japanese waits longer than English"
