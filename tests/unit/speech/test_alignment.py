"""Which word each phoneme says, when espeak-ng runs words together. The phonemes are espeak-ng's own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.speech.engines.alignment import MARKS, sentences, word_of_each
from vivavoce.speech.engines.text import Piece, pieces
from vivavoce.speech.saying import tokens

ALONE = {
    "I": "ˈaɪ", "think": "θˈɪŋk", "of": "ʌv", "the": "ðə", "house": "hˈaʊs", "in": "ˈɪn", "morning,": "mˈɔːɹnɪŋ",
    "could": "kˈʊd", "not": "nˈɑːt", "have": "hˈæv", "said": "sˈɛd", "Parce": "paʁs", "qu'il": "kˈil", "n'y": "niʲ",
    "l'après-midi": "lapʁˌɛmidˈi", "va": "vˈa", "“": "", "Yes.": "jˈɛs", "No.": "nˈoʊ",
}  # fmt: skip


@pytest.mark.parametrize(
    ("written", "spoken", "expected"),
    [
        (
            "I think of the house in the morning,",
            "aɪ θˈɪŋk ʌvðə hˈaʊs ɪnðə mˈɔːɹnɪŋ",
            "I think of+the house in+the morning,",
        ),
        ("I could not have said", "aɪ kʊd nˌɑːɾɐv sˈɛd", "I could not+have said"),
        ("Parce qu'il n'y va", "paʁskˌil niʲ vˈa", "Parce+qu'il n'y va"),
        ("l'après-midi va", "l apʁˌɛ midˈi vˈa", "l'après-midi l'après-midi l'après-midi va"),
        ("“ I think", "aɪ θˈɪŋk", "I think"),
    ],
)
def test_groups_go_with_the_words_they_say(written: str, spoken: str, expected: str) -> None:
    words = written.split(" ")
    found = word_of_each(spoken.split(" "), [ALONE[word] for word in words])
    assert [
        "+".join(words[word] for word in dict.fromkeys(group) if word is not None) for group in found
    ] == expected.split(" ")


def test_a_group_that_two_words_share_is_divided_as_they_are_long() -> None:
    assert word_of_each(["ʌvðə"], ["ʌv", "ðə"]) == [[0, 0, 1, 1]]


@given(
    st.lists(st.text("abcˈ", min_size=1, max_size=8), max_size=30),
    st.lists(st.text("abcˈ", max_size=8), max_size=30),
)
def test_any_two_rows_are_laid_beside_each_other(groups: list[str], words: list[str]) -> None:
    found = word_of_each(groups, words)
    assert [len(group) for group in found] == [len(group) for group in groups]
    owners = [word for group in found for word in group if word is not None]
    assert owners == sorted(owners)
    assert all(words[word] for word in owners)


def phonemise(text: str) -> list[list[str]]:
    """Letters as phonemes; every second space is lost, and each full stop ends a sentence."""
    found: list[list[str]] = []
    for sentence in text.split("."):
        parts = sentence.split()
        if parts:
            pairs = ["".join(parts[at : at + 2]) for at in range(0, len(parts), 2)]
            found.append([*" ".join(pairs), "."])
    return found


def alone(word: str) -> str:
    return "".join(letter for letter in word if letter not in MARKS)


def whole(text: str) -> Piece:
    (piece,) = pieces(tokens(text, "en"), "en", first=900, most=900)
    return piece


def test_a_piece_is_parted_where_the_phonemiser_ends_a_sentence() -> None:
    found = sentences(whole("Yes. No way at all."), phonemise, alone)
    assert [part.text for part, _ in found] == ["Yes.", "No way at all."]
    assert [[token.written for token in part.tokens] for part, _ in found] == [
        ["Yes."],
        ["No", "way", "at", "all."],
    ]
    _, sounds = found[1]
    assert "".join(sound.phonemes for sound in sounds) == "Noway atall."
    assert [sound.at for sound in sounds] == [0, 0, 3, 3, 3, None, 7, 7, 10, 10, 10, None]


@given(st.text(st.sampled_from("abc .,'é-"), min_size=1, max_size=200))
def test_no_word_and_no_sound_of_a_piece_is_lost(text: str) -> None:
    for piece in pieces(tokens(text, "en"), "en"):
        found = sentences(piece, phonemise, alone)
        spoken = [sentence for sentence in phonemise(piece.text) if set(sentence) - MARKS]
        assert [[sound.phonemes for sound in sounds] for _, sounds in found] == spoken
        assert [token for part, _ in found for token in part.tokens] == list(piece.tokens)
        for part, sounds in found:
            for sound in sounds:
                assert sound.at is None or 0 <= sound.at < len(part.text)
