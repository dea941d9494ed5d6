"""Texts that a voice cannot say are refused, with what and where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.speech.errors import SpeechRejected
from vivavoce.speech.saying import refuse, tokens


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hello.", "en-US"),
        ("Hello 😀 there ♥", "en"),
        ("**5**", "en"),
        ("Ça coûte 5 €, « d'accord » ?", "fr"),
        ("Señor Łukasz und Øyvind", "de"),
        ("about 5 Ω, π and α", "en"),
        ("line one\r\n\tline two", "en"),
        ("no\u00adbreak\u200b here\ufeff", "en"),
        ("𝐛𝐨𝐥𝐝 and ｗｉｄｅ", "en"),
        ("你好", "zh"),
        ("カタカナ English", "ja"),
        ("Привет, Anna", "ru"),
        ("你好", "qq"),
        ("你好", None),
        ("½", "en"),
    ],
)
def test_what_can_be_said_passes(text: str, language: str | None) -> None:
    refuse(text, language)


@pytest.mark.parametrize(
    ("text", "language", "reason", "named"),
    [
        ("", "en", "text_unspeakable", "no text"),
        ("  \n ", "en", "text_unspeakable", "no text"),
        ("?!…", "en", "text_unspeakable", "'?!…'"),
        ("😀😀", "de", "text_unspeakable", "'😀😀'"),
        ("***", "en", "text_unspeakable", "'***'"),
        ("...", None, "text_unspeakable", "'...'"),
        ("Say 你好吗 now", "en-US", "text_unsupported", "'你好吗', at character 5"),
        ("Hola, Привет мир", "es", "text_unsupported", "Cyrillic letters: 'Приве', at character 7"),
        ("καλημέρα", "en", "text_unsupported", "Greek letters"),
        ("สวัสดี", "fr", "text_unsupported", "Thai letters"),
        ("one\x00two", "en", "text_unsupported", "U+0000, at character 4"),
        ("one\x1btwo", None, "text_unsupported", "U+001B, at character 4"),
        ("\ud83d", "en", "text_unsupported", "U+D83D, at character 1"),
    ],
)
def test_what_cannot_be_said_is_named(text: str, language: str | None, reason: str, named: str) -> None:
    with pytest.raises(SpeechRejected) as caught:
        refuse(text, language)
    assert caught.value.reason == reason
    assert caught.value.param == "input"
    assert named in caught.value.what
    str(caught.value).encode()


@given(st.text(max_size=40), st.sampled_from(["en", "de-AT", "fr", "es", "ja", "xx", "", None]))
def test_what_passes_has_something_to_say(text: str, language: str | None) -> None:
    try:
        refuse(text, language)
    except SpeechRejected:
        return
    assert tokens(text, "und" if language is None else language)
