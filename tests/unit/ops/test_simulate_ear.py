from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vivavoce.ops.simulate.ear import PHRASE_GAP_S, Ear
from vivavoce.ops.simulate.sound import RATE, room_noise


def _tone(seconds: float, *, rate: int = RATE, dbfs: float = -20.0) -> bytes:
    time = np.arange(round(seconds * rate)) / rate
    return (32767 * np.sqrt(2) * 10 ** (dbfs / 20) * np.sin(2 * np.pi * 440 * time)).astype("<i2").tobytes()


def _silence(seconds: float, rate: int = RATE) -> bytes:
    return bytes(2 * round(seconds * rate))


def _stream(ear: Ear, pcm: bytes, *, rate: int = RATE, at: float = 0.0, block_s: float = 0.02) -> float:
    """Give sound in blocks as they would arrive in real time; returns the time after it."""
    size = 2 * round(block_s * rate)
    for start in range(0, len(pcm), size):
        ear.hear(pcm[start : start + size], rate, at + start / 2 / rate)
    return at + len(pcm) / 2 / rate


@pytest.mark.parametrize("rate", [24_000, 48_000])
def test_speech_begins_and_ends_where_its_sound_does(rate: int) -> None:
    ear = Ear()
    _stream(ear, _silence(1.0, rate) + _tone(2.0, rate=rate) + _silence(1.0, rate), rate=rate, at=100.0)
    [phrase] = ear.phrases
    assert phrase.start == pytest.approx(101.0, abs=0.011)
    assert phrase.end == pytest.approx(103.0, abs=0.011)
    assert ear.onset_after(100.0) == phrase.start
    assert ear.onset_after(102.0) is None
    assert ear.audible_at(102.0) and not ear.audible_at(103.5)


@settings(max_examples=40, deadline=None)
@given(blocks=st.lists(st.integers(min_value=37, max_value=4000), min_size=1, max_size=200))
def test_the_size_of_blocks_does_not_matter(blocks: list[int]) -> None:
    samples = np.frombuffer(_silence(0.5) + _tone(1.0) + _silence(1.0), np.int16)
    ear, at, number = Ear(), 0, 0
    while at < len(samples):
        size = blocks[number % len(blocks)]
        ear.hear(samples[at : at + size].tobytes(), RATE, 10 + at / RATE)
        at, number = at + size, number + 1
    [phrase] = ear.phrases
    assert phrase.start == pytest.approx(10.5, abs=0.021)
    assert phrase.end == pytest.approx(11.5, abs=0.021)


@pytest.mark.parametrize("dbfs", [-60.0, -55.0, -50.0])
def test_comfort_noise_is_not_speech(dbfs: float) -> None:
    ear = Ear()
    _stream(ear, room_noise(5.0, dbfs=dbfs, seed=3))
    assert ear.phrases == ()
    assert ear.silent_for(5.0) == float("inf")
    assert not ear.speaking(5.0)


def test_a_click_is_not_speech_nor_does_it_keep_speech_going() -> None:
    click = _tone(0.008)
    ear = Ear()
    after = _stream(ear, _silence(1.0) + click + _silence(0.5))
    assert ear.phrases == ()
    after = _stream(ear, _tone(1.0) + _silence(0.1) + click + _silence(0.5), at=after)
    assert ear.phrases[-1].end == pytest.approx(after - 0.608, abs=0.02)


def test_a_pause_splits_phrases_and_a_stop_consonant_does_not() -> None:
    ear = Ear()
    _stream(ear, _tone(0.5) + _silence(0.12) + _tone(0.5) + _silence(PHRASE_GAP_S + 0.1) + _tone(0.5))
    assert len(ear.phrases) == 2


def test_where_nothing_is_sent_in_silence_time_still_passes() -> None:
    ear = Ear()
    _stream(ear, _tone(1.0), at=5.0)
    _stream(ear, _tone(1.0), at=9.0)
    assert [round(phrase.start, 1) for phrase in ear.phrases] == [5.0, 9.0]
    assert ear.silent_for(12.0) == pytest.approx(2.0, abs=0.02)


def test_a_burst_is_played_one_after_the_other() -> None:
    ear = Ear()
    for _ in range(50):
        ear.hear(_tone(0.02), RATE, 7.0)  # a second of speech at once
    [phrase] = ear.phrases
    assert (phrase.start, phrase.end) == (pytest.approx(7.0), pytest.approx(8.0))


def test_what_a_stall_delayed_is_caught_up_in_silence() -> None:
    ear = Ear()
    for _ in range(25):
        ear.hear(_silence(0.02), RATE, 3.0)  # half a second of silence at once
    _stream(ear, _tone(1.0), at=3.02)
    assert ear.phrases[0].start == pytest.approx(3.02, abs=0.03)


def test_an_interrupted_agent_has_stopped_after_a_real_silence() -> None:
    ear = Ear()
    now = _stream(ear, _tone(2.0) + _silence(0.4) + _tone(0.5) + _silence(0.5))
    assert ear.stop_after(1.0, silence_s=0.8, now=now) is None
    now = _stream(ear, _silence(0.5), at=now)
    assert ear.stop_after(1.0, silence_s=0.8, now=now) == pytest.approx(2.9, abs=0.02)
    now = _stream(ear, _silence(1.0) + _tone(1.0), at=now)  # its next turn changes nothing
    assert ear.stop_after(1.0, silence_s=0.8, now=now) == pytest.approx(2.9, abs=0.02)


def test_a_change_of_rate_begins_a_new_window() -> None:
    ear = Ear()
    ear.hear(_silence(0.015), RATE, 0.0)
    _stream(ear, _tone(1.0, rate=24_000), rate=24_000, at=0.02)
    assert ear.phrases[0].start == pytest.approx(0.02, abs=0.02)


def test_what_was_cut_off_is_not_heard() -> None:
    ear = Ear()
    for _ in range(50):
        ear.hear(_tone(0.02), RATE, 7.0)  # a second at once, cut off after 0.3 s
    ear.drop(7.3)
    assert [(phrase.start, phrase.end) for phrase in ear.phrases] == [(7.0, 7.3)]
    _stream(ear, _tone(0.5), at=8.0)
    assert ear.onset_after(7.3) == pytest.approx(8.0)
