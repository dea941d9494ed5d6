"""Which language a sound is taken to be in."""

from __future__ import annotations

import math

import pytest

from vivavoce.speech.engines.whisper_languages import LEAST_S, candidates, likeliest
from vivavoce.speech.errors import SpeechRejected
from vivavoce.speech.requests import TranscriptionRequest

KNOWN = {"en": 1, "es": 2, "fr": 3, "cy": 4}


def scores(**likely: float) -> dict[str, float]:
    return {code: math.log(likely.get(code, 1e-6)) + 7.0 for code in KNOWN}


def test_any_language_is_taken_where_none_is_expected() -> None:
    assert likeliest(scores(cy=0.4, es=0.3), (), sound_s=0.3) == "cy"


@pytest.mark.parametrize(
    ("likely", "sound_s", "taken"),
    [
        ({"es": 0.9, "en": 0.1}, 3.0, "es"),
        ({"es": 0.6, "en": 0.4}, 3.0, "en"),
        ({"es": 0.9, "en": 0.1}, LEAST_S - 0.1, "en"),
        ({"cy": 0.9, "es": 0.08, "en": 0.02}, 3.0, "es"),
        ({"en": 0.9, "es": 0.1}, 0.5, "en"),
    ],
    ids=["plainly another", "not plainly", "too short to tell", "only among those", "the expected one"],
)
def test_of_several_the_expected_one_is_taken_unless_another_plainly_is(
    likely: dict[str, float], sound_s: float, taken: str
) -> None:
    assert likeliest(scores(**likely), ("en", "es"), sound_s=sound_s) == taken


def test_languages_are_asked_for_with_commas_and_their_regions_left_away() -> None:
    request = TranscriptionRequest.model_validate({"language": "en-GB, es-MX,en"})
    assert request.language == "en,es"
    assert candidates(request.language, KNOWN) == ("en", "es")
    assert candidates("en,xx,fr", KNOWN) == ("en", "fr"), "what Whisper does not know it cannot hear"
    assert candidates(None, KNOWN) == ()
    with pytest.raises(SpeechRejected, match="'xx'"):
        candidates("xx,en", KNOWN)
