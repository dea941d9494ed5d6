"""The guards around Whisper's decoder."""

from __future__ import annotations

import pytest

from vivavoce.speech.engines.whisper_guards import Decoded, Tuning, doubtful, unrepeated

TUNING = Tuning()


def decoded(text: str = "I work from home.", *, score: float = -0.2, capped: bool = False) -> Decoded:
    return Decoded(text=text, tokens=(1, 2), score=score, no_speech=0.0, capped=capped)


@pytest.mark.parametrize(
    "bad",
    [
        decoded(""),
        decoded(capped=True),
        decoded(score=-0.95),
        decoded("the same thing the same thing the same thing the same thing the same thing"),
    ],
)
def test_a_decoder_gone_wrong_is_noticed(bad: Decoded) -> None:
    assert doubtful(bad, TUNING)


@pytest.mark.parametrize(
    "text", ["Yes.", "No, no, no, no!", "I would say yes, yes, it was very good, very good."]
)
def test_people_who_repeat_themselves_are_not_loops(text: str) -> None:
    assert not doubtful(decoded(text), TUNING)


@pytest.mark.parametrize(
    ("looped", "once"),
    [
        ("And then we went home and and and and", "And then we went home and"),
        ("It was good. Thank you. Thank you. Thank you. Thank you.", "It was good. Thank you."),
        ("No no.", "No no."),
        ("very very very", "very"),
        ("a b a b", "a b a b"),
        ("", ""),
    ],
)
def test_a_loop_is_kept_once(looped: str, once: str) -> None:
    assert unrepeated(looped) == once


def test_the_window_is_as_short_as_it_may_be_and_never_longer_than_whispers() -> None:
    assert [TUNING.window_s(s) for s in (0.5, 3.0, 10.0, 29.0, 40.0)] == [8.0, 8.0, 12.0, 30.0, 30.0]


def test_the_cap_leaves_room_for_fast_speech_in_any_language() -> None:
    assert TUNING.cap(4.0, "en") >= 4.0 * 6
    assert TUNING.cap(4.0, "ja") >= 4.0 * 12
    assert TUNING.cap(0.3, "en") >= 10
