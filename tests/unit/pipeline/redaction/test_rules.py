"""The rules find the development half of the labelled sentences, and nothing else; checksums are the standards'."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.lib.labelled import LANGUAGES, Sentence, labelled

from vivavoce.pipeline.redaction.finding import Found, settle
from vivavoce.pipeline.redaction.numbers import iban, luhn
from vivavoce.pipeline.redaction.reading import find

DEVELOPMENT = [sentence for language in LANGUAGES for sentence in labelled("development", language)]


@pytest.mark.parametrize("sentence", DEVELOPMENT, ids=lambda sentence: sentence.text[:40])
def test_what_is_personal_is_found_and_nothing_else(sentence: Sentence) -> None:
    found = find(sentence.text, language=sentence.language, asked=sentence.asked)
    hidden = {place for one in found for place in range(one.start, one.end)}
    for _, start, end in sentence.labels:
        assert {place for place in range(start, end) if sentence.text[place].isalnum()} <= hidden
    for one in found:
        assert any(start < one.end and one.start < end for _, start, end in sentence.labels), one


@pytest.mark.parametrize("language", ["ko", "pl"])
def test_without_rules_for_a_language_what_is_written_alike_is_found(language: str) -> None:
    found = find("090-1234-5678 / tanaka@example.jp", language=language)
    assert [one.kind for one in found] == ["phone", "e-mail"]


def test_where_nobody_knows_the_language_all_rules_look() -> None:
    assert [one.kind for one in find("ich heiße kerstin vogel", language=None)] == ["name"]
    assert [one.kind for one in find("je m'appelle claire dupont", language=None)] == ["name"]


def test_checksums() -> None:
    assert luhn("4242424242424242")
    assert not luhn("4242424242424243")
    assert iban("GB82WEST12345698765432")
    assert not iban("GB82WEST12345698765433")


def test_what_overlaps_is_covered_whole_and_named_by_the_surest() -> None:
    low, high = Found("name", 0, 5, "a", 0.5), Found("e-mail", 3, 9, "b", 0.9)
    assert settle([low, high]) == (Found("e-mail", 0, 9, "b", 0.9),)


@given(st.text(max_size=200), st.sampled_from([*LANGUAGES, None]))
def test_any_text_is_taken_and_findings_lie_in_it_apart(text: str, language: str | None) -> None:
    at = 0
    for one in find(text, language=language, asked=text):
        assert at <= one.start < one.end <= len(text)
        at = one.end
