"""The notation of phrases, and the words they are matched against."""

from __future__ import annotations

import pytest

from vivavoce.protocol.phrases import PhraseSet
from vivavoce.protocol.words import find_phrase, fold, sentences, tokens


def matches(phrase: str, text: str) -> bool:
    return PhraseSet([phrase]).matches(tokens(text))


@pytest.mark.parametrize(
    ("phrase", "text", "expected"),
    [
        ("say that again", "Say that again!", True),
        ("say that again", "say that again please", False),
        ("(can|could) you [please] wait", "could you wait", True),
        ("(can|could) you [please] wait", "can you please wait", True),
        ("(can|could) you [please] wait", "you wait", False),
        ("[the|[this] last] question", "this last question", True),
        ("[the|[this] last] question", "question", True),
        ("do you mean ...", "do you mean", True),
        ("do you mean ...", "do you mean at work or at home", True),
        ("do you mean ...", "do you mean " + "really " * 9, False),
        ("yes|no", "no", True),
        ("je n'ai pas", "je n’ai pas", True),
        ("répétez", "REPETEZ", True),
    ],
)
def test_notation(phrase: str, text: str, expected: bool) -> None:
    assert matches(phrase, text) is expected


def test_fillers_stand_around_and_between_but_are_no_phrase_themselves() -> None:
    several = PhraseSet(["hold on", "let me think"], around=["um|well"], several=True)
    assert several.matches(tokens("Um, hold on, well, let me think, um"))
    assert not several.matches(tokens("um, well"))
    single = PhraseSet(["hold on"], around=["um"])
    assert not single.matches(tokens("hold on, hold on"))


@pytest.mark.parametrize("phrase", ["(a|b", "a)", "[a|b)", "a]"])
def test_unbalanced_brackets_are_refused(phrase: str) -> None:
    with pytest.raises(ValueError, match="unbalanced"):
        PhraseSet([phrase])


def test_no_phrases_match_nothing() -> None:
    assert not PhraseSet([]).matches([])


def test_folding_and_sentences() -> None:
    assert fold("L’Été") == "lete"
    assert tokens("well-known, e.g. 3 things") == ["well", "known", "e", "g", "3", "things"]
    assert sentences("It took 3.5 hours. Really? Yes…") == ["It took 3.5 hours", "Really", "Yes"]
    assert sentences("はい。そうです。") == ["はい", "そうです"]


@pytest.mark.parametrize(
    ("text", "phrases", "found"),
    [
        ("I was so frustrated by it", ["frustrat*"], "frustrat*"),
        ("the frust rated", ["frustrat*"], None),
        ("nobody answered my e-mails", ["e-mail*"], "e-mail*"),
        ("the queue was long", ["long queue", "queue"], "queue"),
        ("電話で困りました", ["困り"], "困り"),
        ("anything", [" ", "*"], None),
    ],
)
def test_finding_phrases(text: str, phrases: list[str], found: str | None) -> None:
    assert find_phrase(text, phrases) == found
