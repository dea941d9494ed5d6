"""The playout clock: what was pulled, what was heard, and the promises livekit-agents relies on."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from livekit import rtc
from livekit.agents.voice.io import PlaybackFinishedEvent, PlaybackStartedEvent

from vivavoce.transport.playout import BUFFER_S, FADE_S, SAMPLE_RATE, HeardText, PlayoutOutput

TICK = 960
WALL = 1_900_000_000.0


class Session:
    """Stands where the AgentSession is: listens to the playback events."""

    def __init__(
        self, *, client_delay_s: float = 0, heard_text: HeardText | None = None, buffer_s: float = BUFFER_S
    ) -> None:
        self.output = PlayoutOutput(
            client_delay_s=client_delay_s, heard_text=heard_text, buffer_s=buffer_s, wall=lambda: WALL
        )
        self.started: list[PlaybackStartedEvent] = []
        self.finished: list[PlaybackFinishedEvent] = []
        self.output.on("playback_started", self.started.append)
        self.output.on("playback_finished", self.finished.append)

    async def capture(self, seconds: float, *, level: int = 10_000) -> None:
        await self.output.capture_frame(frame(seconds, level=level))

    def pull(self, ticks: int = 1) -> np.ndarray:
        out = b"".join(self.output.pull(TICK) for _ in range(ticks))
        return np.frombuffer(out, dtype=np.int16)


def frame(seconds: float, *, level: int = 10_000, rate: int = SAMPLE_RATE) -> rtc.AudioFrame:
    n = int(seconds * rate)
    return rtc.AudioFrame(np.full(n, level, np.int16).tobytes(), rate, 1, n)


async def test_what_is_captured_is_pulled_unchanged() -> None:
    session = Session()
    sound = np.arange(TICK * 3, dtype=np.int16)
    for part in (sound[:100], sound[100:2000], sound[2000:]):
        await session.output.capture_frame(rtc.AudioFrame(part.tobytes(), SAMPLE_RATE, 1, len(part)))
    session.output.flush()

    assert np.array_equal(session.pull(3), sound)
    assert not session.pull().any()
    assert [(e.playback_position, e.interrupted) for e in session.finished] == [(0.06, False)]


async def test_it_starts_when_it_is_pulled_not_when_it_is_captured() -> None:
    session = Session(client_delay_s=0.1)
    await session.capture(0.1)
    assert not session.started
    assert not session.output.speaking

    session.pull()

    assert [e.created_at for e in session.started] == [WALL + 0.1]
    assert session.output.speaking
    assert session.output.segment_played_s == pytest.approx(0.02)


async def test_a_segment_is_over_only_when_it_was_flushed_and_pulled() -> None:
    session = Session()
    await session.capture(0.02)
    session.pull()
    assert not session.finished
    session.output.flush()
    assert [e.interrupted for e in session.finished] == [False]


async def test_two_segments_follow_each_other_without_a_gap() -> None:
    session = Session()
    await session.capture(0.03, level=100)
    session.output.flush()
    await session.capture(0.03, level=200)
    session.output.flush()

    out = session.pull(3)

    assert (out[: int(0.03 * SAMPLE_RATE)] == 100).all()
    assert (out[int(0.03 * SAMPLE_RATE) :] == 200).all()
    assert [e.playback_position for e in session.finished] == [0.03, 0.03]
    assert len(session.started) == 2


async def test_cut_off_speech_ends_once_at_what_was_heard() -> None:
    session = Session(client_delay_s=0.1, heard_text=lambda heard_s: f"{heard_s:.2f} s of it")
    await session.capture(2.0)
    session.pull(25)

    session.output.clear_buffer()
    session.output.flush()
    session.output.clear_buffer()

    assert len(session.finished) == 1
    event = session.finished[0]
    assert event.interrupted
    assert event.playback_position == pytest.approx(0.4)
    assert event.synchronized_transcript == "0.40 s of it"


async def test_the_rest_of_a_cut_segment_is_dropped_and_the_next_one_plays() -> None:
    session = Session()
    await session.capture(0.5)
    session.pull()
    session.output.clear_buffer()
    await session.capture(0.5)
    session.output.flush()
    session.pull()  # the fade
    assert not session.pull(5).any()

    await session.capture(0.02, level=77)
    session.output.flush()

    assert (session.pull() == 77).all()
    assert [e.interrupted for e in session.finished] == [True, False]


async def test_speech_cut_before_it_began_was_not_heard() -> None:
    session = Session()
    await session.capture(1.0)
    session.output.clear_buffer()
    assert [(e.playback_position, e.interrupted) for e in session.finished] == [(0.0, True)]
    assert not session.started
    assert not session.pull().any()


@pytest.mark.parametrize("how", ["clear_buffer", "pause"])
async def test_speech_that_stops_fades_and_is_then_silent(how: str) -> None:
    session = Session()
    await session.capture(1.0)
    before = session.pull()
    getattr(session.output, how)()
    after = session.pull()

    fade = int(FADE_S * SAMPLE_RATE)
    steps = np.abs(np.diff(np.concatenate((before, after)).astype(int)))
    assert steps.max() < 10_000 / fade * 4, "no click"
    assert not after[fade:].any()
    assert not session.pull(10).any()


async def test_paused_speech_goes_on_where_it_was() -> None:
    session = Session()
    ramp = (np.arange(TICK * 4) // 4).astype(np.int16)
    await session.output.capture_frame(rtc.AudioFrame(ramp.tobytes(), SAMPLE_RATE, 1, len(ramp)))
    session.output.flush()
    first = session.pull()
    session.output.pause()
    session.output.pause()
    session.pull(10)
    assert not session.finished
    session.output.resume()
    session.output.resume()
    rest = session.pull(3)

    fade = int(FADE_S * SAMPLE_RATE)
    assert np.array_equal(np.concatenate((first, rest))[TICK + fade :], ramp[TICK + fade :])
    assert [(e.playback_position, e.interrupted) for e in session.finished] == [(0.08, False)]


async def test_what_was_under_way_is_heard_while_speech_is_paused() -> None:
    session = Session(client_delay_s=0.1)
    await session.capture(1.0)
    session.pull(25)
    assert session.output.segment_heard_s == pytest.approx(0.4)
    session.output.pause()
    session.pull(10)
    assert session.output.segment_heard_s == pytest.approx(0.5, abs=0.01)


async def test_speech_is_held_while_nobody_is_there() -> None:
    session = Session()
    session.output.hold()
    await session.capture(0.02)
    session.output.flush()
    session.output.resume()
    assert not session.pull(5).any()
    session.output.release()
    assert session.pull().any()
    assert len(session.finished) == 1


async def test_what_a_lost_line_swallowed_is_played_again() -> None:
    session = Session()
    sound = np.arange(TICK * 20, dtype=np.int16)
    await session.output.capture_frame(rtc.AudioFrame(sound.tobytes(), SAMPLE_RATE, 1, len(sound)))
    session.output.flush()
    session.pull(15)
    session.output.hold()
    session.output.rewind(0.1)
    assert session.output.segment_played_s == pytest.approx(0.2)
    session.output.release()

    fade = int(FADE_S * SAMPLE_RATE)
    assert np.array_equal(session.pull(10)[fade:], sound[TICK * 10 + fade :])
    assert session.finished[0].playback_position == pytest.approx(0.4)


async def test_silence_after_speech_is_not_played_again() -> None:
    session = Session()
    await session.capture(0.2)
    session.pull(10)
    session.pull(20)
    session.output.rewind(0.3)
    assert session.output.segment_played_s == pytest.approx(0.2)


async def test_running_dry_in_the_middle_is_counted_once() -> None:
    session = Session()
    await session.capture(0.02)
    session.pull(1)
    session.pull(5)
    assert session.output.underruns == 1
    await session.capture(0.02)
    session.pull(3)
    assert session.output.underruns == 2
    session.output.flush()
    session.pull(3)
    assert session.output.underruns == 2


async def test_capturing_waits_for_room() -> None:
    session = Session(buffer_s=1.0)
    await session.capture(1.0)
    waiting = asyncio.create_task(session.capture(0.1))
    await asyncio.sleep(0)
    assert not waiting.done()
    session.pull(4)
    await asyncio.sleep(0)
    assert not waiting.done()
    session.pull(1)
    await asyncio.wait_for(waiting, 1)


@pytest.mark.parametrize("how", ["flush", "clear_buffer"])
async def test_waiting_for_room_ends_with_the_segment(how: str) -> None:
    session = Session(buffer_s=0.5)
    waiting = asyncio.create_task(session.capture(2.0))
    await asyncio.sleep(0)
    session.output.pause()
    assert not waiting.done()
    getattr(session.output, how)()
    await asyncio.wait_for(waiting, 1)


async def test_wait_for_playout_returns_for_cut_and_for_finished_speech() -> None:
    session = Session()
    await session.capture(0.02)
    session.output.flush()
    session.pull()
    assert not (await asyncio.wait_for(session.output.wait_for_playout(), 1)).interrupted
    await session.capture(0.5)
    session.output.clear_buffer()
    assert (await asyncio.wait_for(session.output.wait_for_playout(), 1)).interrupted


async def test_sound_of_another_shape_is_refused() -> None:
    session = Session()
    with pytest.raises(ValueError, match="48000 Hz mono"):
        await session.output.capture_frame(frame(0.1, rate=24_000))


STEPS = st.lists(
    st.sampled_from(
        ["capture", "flush", "clear_buffer", "pause", "resume", "hold", "release", "pull", "rewind"]
    ),
    max_size=60,
)


@given(STEPS)
@settings(deadline=None)
def test_whatever_happens_every_segment_ends_exactly_once(steps: list[str]) -> None:
    async def play() -> None:
        session = Session(client_delay_s=0.05)
        output = session.output
        for step in steps:
            if step == "capture":
                await session.capture(0.05)
            elif step == "pull":
                assert len(output.pull(TICK)) == TICK * 2
            elif step == "rewind":
                output.rewind(0.1)
            else:
                getattr(output, step)()
            assert output.segment_heard_s <= output.segment_played_s
        output.flush()
        output.resume()
        output.release()
        while output.queued_s:
            output.pull(TICK)
        output.pull(TICK)

        assert len(session.finished) == output.captured_playout_segments
        assert all(e.playback_position >= 0 for e in session.finished)
        await asyncio.wait_for(output.wait_for_playout(), 1)

    asyncio.run(play())
