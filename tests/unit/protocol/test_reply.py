"""A model's words as they come: sentences in, what nobody should hear left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.protocol.reply import LONGEST_SENTENCE, Endless, Sentences, clean


def cut(*deltas: str) -> list[str]:
    sentences = Sentences()
    return [sentence for delta in deltas for sentence in sentences.feed(delta)] + sentences.end()


def test_a_sentence_is_given_as_soon_as_the_next_one_begins() -> None:
    sentences = Sentences()
    assert sentences.feed("So you walked to the mar") == []
    assert sentences.feed("ket. How") == ["So you walked to the market."]
    assert sentences.feed(" was it?") == []
    assert sentences.end() == ["How was it?"]


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Dr. Miller said 3.5 hours. Why?", ["Dr. Miller said 3.5 hours.", "Why?"]),
        ("Sie meinen z. B. den Markt. Wie war es?", ["Sie meinen z. B. den Markt.", "Wie war es?"]),
        ("市場へ歩いたのですね。どうでしたか?", ["市場へ歩いたのですね。", "どうでしたか?"]),
        ("市場へ歩いたのですね。どうでしたか？", ["市場へ歩いたのですね。", "どうでしたか？"]),
        ("“I see.” And then?", ["I see.", "And then?"]),
        ("**So** you _walked_.\n- How was it?", ["So you walked.", "How was it?"]),
        ("[smiles] How was it?", ["How was it?"]),
        ("How was it? (smiling)", ["How was it?"]),
        ("“[smiles] How was it?” (waits) (smiling)", ["How was it?"]),
        ("<*think* How was it?", []),
        ("<think>The user walked. I ask.</think>How was it?", ["How was it?"]),
        ("How was it? <think>and I never come back", ["How was it?"]),
        ('{"name": "probe"} How was it for you?', []),
        ("I call advance_phase now. How was it?", ["How was it?"]),
        ("<|im_end|>", []),
        ("…", []),
        ("", []),
    ],
)
def test_what_is_said_of_it(text: str, sentences: list[str]) -> None:
    assert cut(*text) == cut(text) == sentences


def test_a_sentence_without_end_is_an_error() -> None:
    with pytest.raises(Endless):
        cut(*("and then " * (LONGEST_SENTENCE // 8)))


@given(st.lists(st.text(max_size=30), max_size=12))
def test_however_it_is_cut_it_is_the_same(deltas: list[str]) -> None:
    try:
        whole = cut("".join(deltas))
    except Endless:
        return
    assert cut(*deltas) == whole
    assert all(sentence == clean(sentence) and sentence.isprintable() for sentence in whole)
