"""The detector on sound as it comes."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from vivavoce.speech.detector import Detector, Stream
from vivavoce.speech.endpointing import Began, Ended, Endpointer
from vivavoce.speech.engines.activity import Silero

SPEECH = Path(__file__).parents[2] / "data" / "speech" / "kokoro_s01.wav"


@pytest.fixture(scope="module")
def pcm() -> bytes:
    with wave.open(str(SPEECH)) as reader:
        assert reader.getframerate() == 16_000
        return reader.readframes(reader.getnframes())


async def judged(pcm: bytes, size: int) -> list[float]:
    detector, stream = Detector(), Stream()
    found: list[float] = []
    for at in range(0, len(pcm), size):
        found += await detector.judge(stream, pcm[at : at + size])
    return found


async def test_it_makes_no_difference_how_the_sound_comes(pcm: bytes) -> None:
    whole = await judged(pcm, len(pcm))
    assert await judged(pcm, 1_110) == pytest.approx(whole, abs=1e-5)


async def test_it_judges_as_the_recognisers_own_does(pcm: bytes) -> None:
    samples = np.frombuffer(pcm, "<i2").astype(np.float32) / 32768.0
    found = await judged(pcm, 3_200)
    assert found == pytest.approx(Silero()(samples)[: len(found)].tolist(), abs=1e-3)


async def test_real_speech_has_a_beginning_and_an_end(pcm: bytes) -> None:
    quiet = bytes(2 * 16_000)
    events = list(Endpointer(0.6).feed(await judged(quiet + pcm + quiet, 3_200)))
    assert [type(event) for event in events] == [Began, Ended]
    ended = events[1]
    assert isinstance(ended, Ended)
    assert 16_000 <= ended.start < 18_000
    assert 16_000 + len(pcm) // 2 - 8_000 < ended.end <= 16_000 + len(pcm) // 2 + 4_000
