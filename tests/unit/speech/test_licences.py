"""What the weights permit."""

from __future__ import annotations

import pytest

from vivavoce.speech.catalogue import CATALOGUE, UnknownModel, find
from vivavoce.speech.licences import Licence, licence_of
from vivavoce.speech.served import SERVED


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ("whisper-base", Licence("MIT", False)),
        ("kokoro-82m-int8", Licence("Apache-2.0", False)),
        ("piper-en_US-joe-medium", Licence("CC0-1.0", False)),
        ("openaudio-s1-mini", Licence("CC-BY-NC-SA-4.0", True)),
        ("fishaudio/openaudio-s1-mini", Licence("CC-BY-NC-SA-4.0", True)),
        ("voxtral-4b-tts", Licence("CC-BY-NC-4.0", True)),
        ("mistralai/Voxtral-4B-TTS-2603", Licence("CC-BY-NC-4.0", True)),
        ("voxtral-4b-tts-2603", Licence("CC-BY-NC-4.0", True)),
        ("gpt-4o-mini-tts", None),
        ("", None),
    ],
)
def test_a_licence_by_any_name_of_the_weights(weights: str, expected: Licence | None) -> None:
    assert licence_of(weights) == expected


def test_every_declared_model_has_a_licence_and_says_what_it_forbids() -> None:
    for model in (*CATALOGUE.values(), *SERVED.values()):
        assert model.licence
        assert model.non_commercial == ("-NC" in model.licence)
    assert not set(CATALOGUE) & set(SERVED)


def test_a_model_that_a_server_elsewhere_runs_cannot_be_kept_here() -> None:
    with pytest.raises(UnknownModel, match="vLLM-Omni") as caught:
        find("voxtral-4b-tts")
    assert "docs/reference/models.md" in caught.value.next_step
