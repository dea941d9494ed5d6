"""When words are said, from how long their phonemes last."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.speech.engines.base import Halt
from vivavoce.speech.engines.durations import with_output, word_times
from vivavoce.speech.engines.onnx_model import OnnxModel
from vivavoce.speech.engines.spanish_g2p import spanish
from vivavoce.speech.engines.text import Piece, pieces
from vivavoce.speech.saying import tokens


def field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2, len(content)]) + content


def node(operation: str, source: str, target: str) -> bytes:
    return field(1, field(1, source.encode()) + field(2, target.encode()) + field(4, operation.encode()))


def value(number: int, name: str) -> bytes:
    """A named tensor of floats, of one dimension of any length."""
    shape = field(2, field(1, field(2, b"n")))
    return field(number, field(1, name.encode()) + field(2, field(1, b"\x08\x01" + shape)))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """An ONNX file, written by hand: `inner` is the input rounded up, the output is the negative of that."""
    graph = (
        node("Ceil", "x", "inner")
        + node("Neg", "inner", "y")
        + field(2, b"g")
        + value(11, "x")
        + value(12, "y")
    )
    path = tmp_path / "model.onnx"
    path.write_bytes(b"\x08\x08" + field(7, graph) + field(8, b"\x10\x0f"))
    return path


def test_an_inner_tensor_becomes_an_output(model: Path) -> None:
    session = onnxruntime.InferenceSession(with_output(model.read_bytes(), "inner"))
    assert [output.name for output in session.get_outputs()] == ["y", "inner"]


def test_a_model_gives_its_inner_tensor_if_it_has_it(model: Path) -> None:
    inputs = {"x": np.array([0.5, 1.5], np.float32)}
    given_ = OnnxModel(model, threads=1, inner="inner").run(inputs, Halt())
    assert [output.tolist() for output in given_] == [[-1.0, -2.0], [1.0, 2.0]]
    (only,) = OnnxModel(model, threads=1, inner="unknown").run(inputs, Halt())
    assert only.tolist() == [-1.0, -2.0]


def test_a_model_that_was_asked_to_stop_does_nothing(model: Path) -> None:
    halt = Halt()
    halt.ask()
    with pytest.raises(Exception, match="terminate"):
        OnnxModel(model, threads=1, inner="inner").run({"x": np.zeros(2, np.float32)}, halt)


def piece(text: str) -> Piece:
    (found,) = pieces(tokens(text, "en"), "en", first=900, most=900)
    return found


def test_a_word_lasts_from_its_first_phoneme_to_its_last() -> None:
    at = [None, 0, 0, None, 4, 4, None]
    ends_s = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 0.8])
    found = word_times(piece("The end."), at, ends_s, length_s=0.9)
    assert [(time.text, time.start, time.end, time.start_s, time.end_s) for time in found] == [
        ("The", 0, 3, 0.1, 0.3),
        ("end.", 4, 8, 0.4, 0.75),
    ]


def test_words_that_are_written_as_one_are_timed_as_one() -> None:
    (time,) = word_times(piece("25%"), [0, 7, 12], np.array([0.2, 0.4, 0.9]), length_s=1.0)
    assert (time.text, time.start_s, time.end_s) == ("25%", 0.0, 0.9)


def test_what_was_trimmed_off_takes_no_time() -> None:
    found = word_times(piece("a b c"), [0, 2, 4], np.array([-0.2, 0.1, 0.7]), length_s=0.5)
    assert [(time.start_s, time.end_s) for time in found] == [(0.0, 0.0), (0.0, 0.1), (0.1, 0.5)]


@given(st.text(max_size=300), st.data())
def test_every_written_word_is_timed_once_in_order_and_inside_the_sound(
    text: str, data: st.DataObject
) -> None:
    said = tokens(text, "es")
    timed: list[str] = []
    for piece in pieces(said, "es", first=30, most=60):
        sounds = spanish(piece.text)
        lasting = data.draw(st.lists(st.floats(0, 1), min_size=len(sounds), max_size=len(sounds)))
        length_s = data.draw(st.floats(0, 2))
        ends_s = np.cumsum(np.array(lasting)) - 0.3
        times = word_times(piece, [sound.at for sound in sounds], ends_s, length_s=length_s)
        moments = [moment for time in times for moment in (time.start_s, time.end_s)]
        assert all(before <= after for before, after in itertools.pairwise([0.0, *moments, length_s]))
        timed += [text[time.start : time.end] for time in times]
        assert all(time.text == text[time.start : time.end] for time in times)
    assert timed == [token.written for token in said]
