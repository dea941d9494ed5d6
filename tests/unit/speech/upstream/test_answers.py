"""What bad answers, lists of voices and transcripts are read as, whatever comes."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from vivavoce.speech.errors import SpeechBusy, SpeechRejected, SpeechUnavailable
from vivavoce.speech.upstream.answers import MESSAGE_LIMIT, Said, Trouble, refusal, scrubbed
from vivavoce.speech.upstream.languages import CODES, language_code
from vivavoce.speech.upstream.listing import (
    guessed_language,
    listed_references,
    listed_voices,
    settings_voices,
    uploaded_names,
)
from vivavoce.speech.upstream.transcripts import read_transcript

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["error", "message", "detail", "code", "voices", "data", "id", "name", "text", "segments"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
ANY_BODY = ANY_JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=60)


def answer(status: int, body: bytes, **headers: str) -> SpeechRejected | Trouble:
    return refusal("far", httpx.Response(status, headers=headers), body, key="sk-1")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "No.", "type": "t", "param": "voice", "code": "x"}}, "No."),
        ({"error": {"message": "No.", "type": "t", "param": None, "code": 400}}, "No."),
        ({"object": "error", "message": "No.", "code": 400}, "No."),
        ({"statusCode": 400, "message": "No.", "error": "Bad Request"}, "No."),
        ({"detail": "No."}, "No."),
        ({"error": "No."}, "No."),
        ({"detail": [{"loc": ["body", "voice"], "msg": "Field required"}]}, "Field required"),
        ("No.", "No."),
    ],
)
def test_every_shape_of_an_error_gives_its_message(body: Any, message: str) -> None:
    assert message in Said.read(json.dumps(body).encode()).message


def test_an_error_page_says_nothing_of_use() -> None:
    assert Said.read(b"<html><h1>502</h1></html>").message == ""
    assert Said.read(b"upstream connect error").message == "upstream connect error"


@pytest.mark.parametrize(
    ("status", "kind", "again"),
    [
        (400, SpeechRejected, False),
        (401, SpeechRejected, False),
        (404, SpeechRejected, False),
        (422, SpeechRejected, False),
        (429, SpeechBusy, True),
        (500, SpeechUnavailable, True),
        (503, SpeechUnavailable, True),
        (302, SpeechUnavailable, False),
        (200, SpeechUnavailable, False),
    ],
)
def test_each_status_is_the_error_it_stands_for(status: int, kind: type[Exception], again: bool) -> None:
    found = answer(status, b"")
    error = found.error if isinstance(found, Trouble) else found
    assert type(error) is kind
    assert (isinstance(found, Trouble) and found.again) is again
    assert error.next_step


@given(st.integers(200, 599), ANY_BODY)
def test_no_answer_breaks_it_and_the_key_is_never_in_it(status: int, body: bytes) -> None:
    found = answer(status, body + b" sk-1")
    error = found.error if isinstance(found, Trouble) else found
    assert "sk-1" not in str(error)
    assert len(error.what) < MESSAGE_LIMIT + 100


@given(st.text())
def test_words_for_people_are_one_short_line(text: str) -> None:
    line = scrubbed(text, key="")
    assert "\n" not in line
    assert len(line) <= MESSAGE_LIMIT + 1


@given(ANY_BODY)
def test_no_list_breaks_the_reader(body: bytes) -> None:
    assert all(voice.id for voice in listed_voices(body) if voice.id)
    assert all(name == name.lower() for name in uploaded_names(body))
    assert all(isinstance(id, str) for id in listed_references(body))


def test_voices_of_the_settings() -> None:
    voices = settings_voices(["nova", "anna=de-DE", "fr_male", "casual_female", "my voice = en"])
    assert [(voice.id, voice.language) for voice in voices] == [
        ("nova", "mul"),
        ("anna", "de-DE"),
        ("fr_male", "fr"),
        ("casual_female", "en"),
        ("my voice", "en"),
    ]


@pytest.mark.parametrize(
    ("name", "language"),
    [("de_female", "de"), ("neutral_male", "en"), ("alloy", "mul"), ("af_heart", "mul"), ("", "mul")],
)
def test_the_language_in_a_name(name: str, language: str) -> None:
    assert guessed_language(name) == language


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("english", "en"),
        ("German", "de"),
        ("javanese", "jv"),
        ("cantonese", "yue"),
        ("de", "de"),
        ("pt-BR", "pt"),
        ("zh_CN", "zh"),
        ("klingonese", None),
        ("", None),
        (None, None),
    ],
)
def test_a_language_by_name_or_code(said: str | None, code: str | None) -> None:
    assert language_code(said) == code


def test_all_of_whisper_s_languages_are_known() -> None:
    assert len(CODES) == 99
    assert all(name.isalpha() and 2 <= len(code) <= 3 for name, code in CODES.items())


@given(ANY_BODY)
def test_what_is_no_transcript_is_an_error(body: bytes) -> None:
    try:
        found = read_transcript(body, language=None, duration_s=1.0)
    except ValidationError:
        return
    assert 0.0 <= found.confidence <= 1.0
    assert found.duration_s == 1.0


def test_ours_says_how_sure_it_is_itself() -> None:
    body = {"text": "Yes.", "language": "en", "confidence": 0.7, "segments": [
        {"text": "Yes.", "start": 0, "end": 1, "confidence": 0.6}], "words": []}  # fmt: skip
    found = read_transcript(json.dumps(body).encode(), language=None, duration_s=1.0)
    assert (found.confidence, found.segments[0].confidence, found.language) == (0.7, 0.6, "en")
