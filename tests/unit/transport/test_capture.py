"""The participant's voice on its way in."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from vivavoce.transport.capture import FRAME_SAMPLES, SAMPLE_RATE, CaptureInput


async def drained(capture: CaptureInput) -> np.ndarray:
    capture.close()
    frames = [np.frombuffer(bytes(f.data.cast("B")), np.int16) async for f in capture]
    return np.concatenate(frames) if frames else np.zeros(0, np.int16)


async def test_any_chunks_become_frames_of_20_ms() -> None:
    capture = CaptureInput()
    sound = np.arange(1600, dtype=np.int16)
    for part in np.array_split(sound, 7):
        capture.push(part.tobytes(), SAMPLE_RATE)
    frame = await anext(capture)
    assert (frame.sample_rate, frame.num_channels, frame.samples_per_channel) == (16_000, 1, FRAME_SAMPLES)
    assert np.array_equal(await drained(capture), sound[FRAME_SAMPLES:])


@pytest.mark.parametrize("rate", [8000, 24_000, 44_100, 48_000])
async def test_any_rate_becomes_16_khz(rate: int) -> None:
    capture = CaptureInput()
    tone = (9000 * np.sin(2 * np.pi * 500 * np.arange(rate) / rate)).astype(np.int16)
    for i in range(0, rate, rate // 50):
        capture.push(tone[i : i + rate // 50].tobytes(), rate)
    sound = await drained(capture)
    assert len(sound) == SAMPLE_RATE
    spectrum = np.abs(np.fft.rfft(sound.astype(float)))
    assert abs(int(spectrum.argmax()) - 500) <= 1


async def test_a_session_that_does_not_read_loses_the_oldest() -> None:
    capture = CaptureInput(queue_s=0.1)
    for value in range(8):
        capture.push(np.full(FRAME_SAMPLES, value, np.int16).tobytes(), SAMPLE_RATE)
    assert capture.dropped == 3
    assert capture.queued_s == pytest.approx(0.1)
    assert sorted(set((await drained(capture)).tolist())) == [3, 4, 5, 6, 7]


async def test_a_reader_waits_for_sound_and_ends_with_it() -> None:
    capture = CaptureInput()
    reading = asyncio.ensure_future(anext(capture))
    await asyncio.sleep(0)
    assert not reading.done()
    capture.push(bytes(640), SAMPLE_RATE)
    await asyncio.wait_for(reading, 1)
    ending = asyncio.ensure_future(anext(capture, None))
    await asyncio.sleep(0)
    capture.close()
    assert await asyncio.wait_for(ending, 1) is None


async def test_nothing_is_kept_while_the_session_does_not_listen() -> None:
    capture = CaptureInput()
    capture.push(bytes(6400), SAMPLE_RATE)
    capture.on_detached()
    capture.push(bytes(6400), SAMPLE_RATE)
    assert capture.queued_s == 0
    capture.on_attached()
    capture.push(bytes(640), SAMPLE_RATE)
    assert capture.queued_s == pytest.approx(0.02)
