"""Frames: whatever the pieces in which bytes arrive, the same frames come out."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.speech import frames
from vivavoce.speech.frames import BODY_LIMIT, HEAD_LIMIT, Frame, FrameDecoder, FrameError, encode

some_frames = st.lists(st.builds(Frame, st.binary(max_size=200), st.binary(max_size=2000)), max_size=8)


@given(some_frames, st.data())
def test_frames_survive_any_cut(sent: list[Frame], data: st.DataObject) -> None:
    stream = b"".join(encode(frame) for frame in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    decoder = FrameDecoder()
    came: list[Frame] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        came += decoder.feed(stream[start:end])
    assert came == sent
    assert decoder.pending == 0


@given(st.binary(max_size=4000))
def test_garbage_is_refused_or_waited_for_but_never_believed_large(noise: bytes) -> None:
    decoder = FrameDecoder()
    try:
        came = list(decoder.feed(noise))
    except FrameError:
        return
    assert sum(8 + len(frame.head) + len(frame.body) for frame in came) + decoder.pending == len(noise)


@pytest.mark.parametrize("lengths", [(HEAD_LIMIT + 1, 0), (0, BODY_LIMIT + 1), (2**32 - 1, 2**32 - 1)])
def test_a_frame_over_its_limits_is_refused_before_its_bytes_come(lengths: tuple[int, int]) -> None:
    with pytest.raises(FrameError):
        list(FrameDecoder().feed(struct.pack(">II", *lengths)))


def test_too_much_is_not_sent_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "BODY_LIMIT", 10)
    with pytest.raises(FrameError):
        encode(Frame(b"{}", b"x" * 11))
