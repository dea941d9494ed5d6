"""What every transport must do, over real sockets: see `WIRES` in conftest.py."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
import threading
import time
from pathlib import Path

import av
import numpy as np
import pytest
from livekit.agents.voice.io import PlaybackFinishedEvent
from numpy.typing import NDArray
from tests.contract.transport.conftest import (
    RATE,
    Ear,
    House,
    Room,
    Sound,
    Tape,
    Wire,
    loud,
    open_house,
    quiet,
    tone,
    until,
)

from vivavoce.transport.client import CallRefused, Participant
from vivavoce.transport.line import MAX_BAD_MESSAGES, EndReason
from vivavoce.transport.messages import MAX_TEXT_BYTES, Leave, Mute, PageMessage

CHILD = Path(__file__).with_name("participant_child.py")
SPEECH = Path(__file__).parents[2] / "data" / "speech" / "real_libri_0880.wav"

# Bursts of different lengths, pitches and pauses: (seconds, Hz; 0 is a pause).
PATTERN = [(0.3, 440), (0.2, 0), (0.5, 880), (0.1, 0), (0.2, 1500), (0.4, 0), (0.3, 600)]


def pattern() -> Sound:
    return np.concatenate([tone(s, hz) if hz else quiet(s) for s, hz in PATTERN])


def assert_is_pattern(sound: Sound, rate: int, slack_s: float) -> None:
    """`sound` holds the pattern's bursts, each at its time, of its length and its pitch."""
    steps = loud(sound, 2000, rate=rate)
    bursts = [(int(b[0]), int(b[-1]) + 1) for b in np.split(steps, np.flatnonzero(np.diff(steps) > 4) + 1)]
    assert len(bursts) == 4
    at = 0.0
    expected: list[tuple[float, float, int]] = []
    for seconds, hz in PATTERN:
        if hz:
            expected.append((at, at + seconds, hz))
        at += seconds
    first = bursts[0][0] * 0.01
    for (begin, end), (begin_s, end_s, hz) in zip(bursts, expected, strict=True):
        assert begin * 0.01 - first == pytest.approx(begin_s, abs=0.02 + slack_s)
        assert end * 0.01 - first == pytest.approx(end_s, abs=0.03 + slack_s)
        burst = sound[begin * rate // 100 : end * rate // 100].astype(float)
        spectrum = np.abs(np.fft.rfft(burst * np.hanning(len(burst))))
        assert spectrum.argmax() * rate / len(burst) == pytest.approx(hz, abs=6)
        peak = slice(max(0, spectrum.argmax() - 6), spectrum.argmax() + 7)
        assert (spectrum[peak] ** 2).sum() / (spectrum**2).sum() > 0.98, "a pure tone, nothing torn"


def real_speech(rate: int) -> Sound:
    with av.open(str(SPEECH)) as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
        frames = [r for f in container.decode(audio=0) for r in resampler.resample(f)]
    return np.concatenate([f.to_ndarray().reshape(-1) for f in frames]).astype(np.int16)


def likeness(sound: Sound, original: Sound, rate: int) -> float:
    """How alike two pieces of speech are, 0 to 1: the correlation of their spectrograms (20 ms steps, up to 6 kHz) at
    their best alignment. A speech codec keeps the spectrum, not the waveform."""

    def spectrogram(x: Sound) -> NDArray[np.float64]:
        step = rate // 50
        frames = x[: len(x) // step * step].astype(float).reshape(-1, step)
        return np.sqrt(np.abs(np.fft.rfft(frames * np.hanning(step))[:, : 6000 // 50]))

    size = len(sound) + len(original)
    a, b = sound.astype(float), original.astype(float)
    product = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)), size)
    lag = int(product.argmax())
    assert lag < len(sound), "the speech is there, and not before it was spoken"
    part, whole = spectrogram(sound[lag : lag + len(original)]), spectrogram(original)
    n = min(len(part), len(whole))
    return float(np.corrcoef(part[:n].ravel(), whole[:n].ravel())[0, 1])


class Caller:
    """A participant of the test, with ear, microphone and letter box."""

    def __init__(self, wire: Wire, house: House, session_id: str = "s1", *, take_over: bool = False) -> None:
        self.ear, self.tape = Ear(), Tape()
        self.messages: list[dict[str, object]] = []
        self.call: Participant = wire.participant(
            house.api_url,
            session_id,
            "token",
            microphone=self.tape,
            on_sound=self.ear,
            on_message=self.messages.append,
            take_over=take_over,
        )

    async def __aenter__(self) -> Caller:
        await self.call.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.call.__aexit__(None, None, None)

    def said(self, kind: str) -> list[dict[str, object]]:
        return [m for m in self.messages if m["type"] == kind]


def finished(room: Room) -> list[PlaybackFinishedEvent]:
    events: list[PlaybackFinishedEvent] = []
    room.desk.output.on("playback_finished", events.append)
    return events


async def test_joining_attaches_a_line_and_greets(wire: Wire, house: House) -> None:
    room = house.room()
    async with Caller(wire, house) as caller:
        line = room.desk.line
        assert line is not None
        assert line.transport == wire.name
        assert line.connection_id
        await until(lambda: bool(caller.said("hello")), within_s=2, what="the greeting")
    await until(lambda: bool(room.ends), within_s=3, what="the end")
    assert room.desk.line is None


async def test_the_agents_sound_reaches_the_ear_intact(wire: Wire, house: House) -> None:
    room = house.room()
    events = finished(room)
    async with Caller(wire, house) as caller:
        await room.say(pattern())
        await until(lambda: bool(events), within_s=4, what="the end of the speech")
        await asyncio.sleep(0.2)
    assert_is_pattern(caller.ear.sound, RATE, wire.slack_s)
    assert not events[0].interrupted


async def test_the_participants_sound_reaches_the_session_intact(wire: Wire, house: House) -> None:
    room = house.room()
    async with Caller(wire, house) as caller:
        await asyncio.sleep(0.2)
        caller.tape.play(pattern())
        await until(lambda: caller.tape.rest_s == 0, within_s=4, what="the end of the tape")
        await asyncio.sleep(0.3)
    assert_is_pattern(room.input, 16_000, wire.slack_s)


async def test_speech_stays_speech_both_ways(wire: Wire, house: House) -> None:
    room = house.room()
    spoken = real_speech(RATE)
    async with Caller(wire, house) as caller:
        caller.tape.play(spoken)
        await room.say(spoken)
        await asyncio.sleep(len(spoken) / RATE + 0.5)
    assert likeness(caller.ear.sound, spoken, RATE) > wire.likeness
    assert likeness(room.input, real_speech(16_000), 16_000) > wire.likeness


async def test_a_cut_is_silence_at_the_ear_within_300_ms(wire: Wire, house: House) -> None:
    room = house.room()
    events = finished(room)
    async with Caller(wire, house) as caller:
        await room.say(tone(5))
        await until(lambda: caller.ear.loud_s() > 1, within_s=4, what="a second of speech")
        cut = time.monotonic()
        room.desk.output.clear_buffer()
        await asyncio.sleep(0.8)
        last = caller.ear.last_loud()
        assert last is not None
        assert last - cut < 0.3
        assert [e.interrupted for e in events] == [True]
        before = caller.ear.loud_s()
        await room.say(tone(0.5))
        await asyncio.sleep(0.8)
        assert caller.ear.loud_s() - before == pytest.approx(0.5, abs=0.05), "and the next speech plays"


async def test_what_counts_as_heard_is_what_the_ear_got(wire: Wire, house: House) -> None:
    room = house.room()
    events = finished(room)
    room.desk.output.heard_text = "{:.1f}".format
    async with Caller(wire, house) as caller:
        await room.say(tone(5))
        await until(lambda: caller.ear.loud_s() > 1.2, within_s=4, what="speech")
        room.desk.output.clear_buffer()
        at_the_ear = caller.ear.loud_s()
    assert events[0].playback_position == pytest.approx(at_the_ear, abs=0.1 + wire.slack_s)
    assert events[0].synchronized_transcript == f"{events[0].playback_position:.1f}"


async def test_paused_speech_is_quiet_and_goes_on_complete(wire: Wire, house: House) -> None:
    room = house.room()
    events = finished(room)
    async with Caller(wire, house) as caller:
        await room.say(tone(2))
        await until(lambda: caller.ear.loud_s() > 0.6, within_s=4, what="speech")
        room.desk.output.pause()
        paused = time.monotonic()
        await asyncio.sleep(0.8)
        last = caller.ear.last_loud()
        assert last is not None
        assert last - paused < 0.3
        so_far = caller.ear.loud_s()
        assert not events
        room.desk.output.resume()
        await until(lambda: bool(events), within_s=4, what="the end of the speech")
        await asyncio.sleep(0.2)
    assert caller.ear.loud_s() == pytest.approx(2, abs=0.06 + wire.slack_s)
    assert caller.ear.loud_s() - so_far == pytest.approx(2 - so_far, abs=0.06 + wire.slack_s)
    assert [e.interrupted for e in events] == [False]


async def test_messages_go_both_ways_in_order(wire: Wire, house: House) -> None:
    room = house.room()
    async with Caller(wire, house) as caller:
        for n in range(100):
            room.desk.send({"type": "caption", "text": f"Wort {n} – ¿qué?"})
        for n in range(100):
            await caller.call.send({"type": "mute", "muted": n % 3 == 0})
        await caller.call.send({"type": "leave"})
        await until(lambda: Leave() in room.messages, within_s=3, what="the last message")
        await until(lambda: len(caller.said("caption")) == 100, within_s=3, what="the captions")
    assert [m["text"] for m in caller.said("caption")] == [f"Wort {n} – ¿qué?" for n in range(100)]
    assert room.messages == [*(Mute(muted=n % 3 == 0) for n in range(100)), Leave()]


async def test_a_ping_is_answered_by_the_line(wire: Wire, house: House) -> None:
    room = house.room()
    async with Caller(wire, house) as caller:
        await caller.call.send({"type": "ping", "n": 4711})
        await until(
            lambda: {"type": "pong", "n": 4711} in caller.messages, within_s=2, what="the answer to the ping"
        )
    assert room.messages == []


async def test_reconnecting_keeps_the_desk_and_loses_no_speech(wire: Wire, house: House) -> None:
    room = house.room()
    events = finished(room)
    async with Caller(wire, house) as first:
        await room.say(np.concatenate([tone(0.5, hz) for hz in (400, 600, 800, 1000, 1200, 1400)]))
        await until(lambda: first.ear.loud_s() > 1.1, within_s=4, what="speech")
    await until(lambda: room.desk.line is None, within_s=3, what="the line's end")
    await asyncio.sleep(0.3)
    assert not events, "nobody was there to hear it"
    async with Caller(wire, house) as second:
        await until(lambda: bool(events), within_s=5, what="the rest of the speech")
        await asyncio.sleep(0.2)
        second.tape.play(tone(0.5))
        await until(lambda: len(loud(room.input, 2000, rate=16_000)) > 40, within_s=3, what="the participant")
    heard_s = first.ear.loud_s() + second.ear.loud_s()
    assert heard_s > 2.95, "nothing is lost"
    assert heard_s < 3.25 + 2 * wire.slack_s, (
        "what was on its way is said again, and no more; each ear stretches its part"
    )
    assert len(room.lines) == 2


async def test_a_second_page_is_refused_or_takes_over(wire: Wire, house: House) -> None:
    room = house.room()
    async with Caller(wire, house) as first:
        with pytest.raises(CallRefused) as refused:
            async with Caller(wire, house):
                pass
        assert refused.value.status in (409, 4409)
        async with Caller(wire, house, take_over=True) as second:
            await until(lambda: bool(room.ends), within_s=3, what="the first line's end")
            assert room.ends[0].reason is EndReason.REPLACED
            await until(lambda: first.call.closed, within_s=3, what="the first page noticing")
            await room.say(tone(0.4))
            await until(lambda: second.ear.loud_s() > 0.3, within_s=3, what="speech at the second page")


async def test_the_host_hangs_up(wire: Wire, house: House) -> None:
    room = house.room()
    async with Caller(wire, house) as caller:
        assert room.desk.line is not None
        for n in range(20):
            room.desk.send({"type": "caption", "text": "x" * 1000, "id": str(n)})
        room.desk.send({"type": "ended", "status": "COMPLETED"})
        room.desk.line.close(EndReason.LEFT, "the interview is over")
        await asyncio.wait_for(caller.call.wait_closed(), 3)
        assert len(caller.said("caption")) == 20
        assert caller.said("ended"), "the last words arrive"
    await until(lambda: bool(room.ends), within_s=3, what="the end")
    assert (room.ends[0].reason, room.ends[0].detail) == (EndReason.LEFT, "the interview is over")


async def test_the_page_hangs_up(wire: Wire, house: House) -> None:
    room = house.room()
    async with Caller(wire, house):
        pass
    await until(lambda: bool(room.ends), within_s=3, what="the end")
    assert (room.ends[0].reason, room.ends[0].error_code) == (EndReason.CLOSED, None)


@pytest.mark.parametrize("end_by", ["stopping", "killing"])
async def test_a_page_that_vanishes_is_noticed_in_seconds_and_its_speech_kept(
    wire: Wire, house: House, end_by: str
) -> None:
    """A process that is stopped is a network that is gone: no packet, no goodbye."""
    assert house.lost_after_s == 5
    house.lost_after_s = 3  # the test is long enough
    room = house.room()
    events = finished(room)
    child = await asyncio.create_subprocess_exec(
        sys.executable, str(CHILD), wire.name, house.api_url, "s1", stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout is not None
    try:
        assert (await asyncio.wait_for(child.stdout.readline(), 60)).strip() == b"joined"
        await room.say(tone(12))
        await until(lambda: room.desk.output.segment_played_s > 1, within_s=4, what="speech")
        heard_s = room.desk.output.segment_played_s
        child.send_signal(signal.SIGSTOP if end_by == "stopping" else signal.SIGKILL)
        await until(lambda: bool(room.ends), within_s=7, what="the line's end")
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()
    assert room.ends[0].reason is EndReason.LOST
    assert not events
    assert room.desk.output.segment_played_s == pytest.approx(heard_s, abs=0.5), "what nobody heard is kept"
    async with Caller(wire, house) as caller:
        await until(lambda: caller.ear.loud_s() > 0.5, within_s=4, what="speech on the new line")


async def test_some_messages_may_be_garbage_but_not_many(wire: Wire, house: House) -> None:
    room = house.room()
    async with Caller(wire, house) as caller:
        for garbage in ("nonsense", "[1,2]", '{"type":"sing"}', "{" * 100, '{"type":"mute","muted":2}'):
            await caller.call.send_raw(garbage)
        await caller.call.send({"type": "leave"})
        await until(lambda: room.messages == [Leave()], within_s=3, what="the good message")
        assert MAX_BAD_MESSAGES == 5
        await caller.call.send_raw("one too many")
        await asyncio.wait_for(caller.call.wait_closed(), 3)
    await until(lambda: bool(room.ends), within_s=3, what="the end")
    assert room.ends[0].error_code == "bad_frame"


async def test_a_huge_message_ends_the_line(wire: Wire, house: House) -> None:
    room = house.room()
    async with Caller(wire, house) as caller:
        await caller.call.send_raw('{"type":"leave","x":"' + "a" * MAX_TEXT_BYTES + '"}')
        await asyncio.wait_for(caller.call.wait_closed(), 3)
    await until(lambda: bool(room.ends), within_s=3, what="the end")
    assert room.ends[0].error_code == "oversize"
    assert room.messages == []


async def test_many_lines_in_one_process_do_not_mix(wire: Wire, house: House) -> None:
    rooms = {f"s{i}": house.room(f"s{i}") for i in range(wire.lines)}
    callers = {name: Caller(wire, house, name) for name in rooms}
    await asyncio.gather(*(c.__aenter__() for c in callers.values()))
    try:
        for i, name in enumerate(rooms):
            callers[name].tape.play(tone(1.5, 300 + 50 * i))
            await rooms[name].say(tone(1.5, 1000 + 100 * i))
        # On a busy machine twenty peers in one process run behind; what they say is late then, not lost.
        for name, room in rooms.items():
            await until(lambda r=room: not r.desk.output.queued_s, within_s=30, what="all agents' last words")
            await until(
                lambda c=callers[name]: not c.tape.rest_s, within_s=30, what="all participants' words"
            )
        await asyncio.sleep(0.7)
        for i, name in enumerate(rooms):
            for sound, rate, hz in (
                (callers[name].ear.sound, RATE, 1000 + 100 * i),
                (rooms[name].input, 16_000, 300 + 50 * i),
            ):
                # Twenty peers on a busy machine lose some of it, and gaps smear a tone: what matters is whose it is.
                steps = loud(sound, 2000, rate=rate)
                assert len(steps) > 50, "half a second, in steps of 10 ms"
                heard = np.concatenate([sound[k * rate // 100 : (k + 1) * rate // 100] for k in steps])
                spectrum = np.abs(np.fft.rfft(heard.astype(float)))
                assert spectrum.argmax() * rate / len(heard) == pytest.approx(hz, abs=24)
    finally:
        await asyncio.gather(*(c.__aexit__() for c in callers.values()))


@pytest.mark.parametrize("at", ["message", "hear", "pull"])
async def test_a_fault_in_one_session_ends_its_line_and_no_other(
    wire: Wire, house: House, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, sound = house.room("broken"), house.room("sound")

    def fail(*_: object) -> bytes:
        raise LookupError("a bug of ours")

    async with Caller(wire, house, "sound") as other, Caller(wire, house, "broken") as caller:
        if at == "message":

            def fail_on_message(message: PageMessage) -> None:
                fail()

            assert broken.desk.line is not None
            monkeypatch.setattr(broken.desk.line, "_on_message", fail_on_message)
            await caller.call.send({"type": "leave"})
        else:
            monkeypatch.setattr(broken.desk, at, fail)
        await asyncio.wait_for(caller.call.wait_closed(), 3)
        await until(lambda: bool(broken.faults), within_s=3, what="the fault coming out of run()")
        assert broken.desk.line is None
        await sound.say(tone(0.5))
        await until(lambda: other.ear.loud_s() > 0.4, within_s=3, what="speech in the other session")
        assert not sound.ends


def open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def test_twenty_calls_leave_nothing_behind(wire: Wire) -> None:
    async with open_house(wire) as house:
        room = house.room()

        async def call() -> None:
            ended = len(room.ends)
            async with Caller(wire, house) as caller:
                await caller.call.send({"type": "mute", "muted": False})
            await until(lambda: len(room.ends) > ended, within_s=5, what="the end")

        async def counts() -> tuple[int, int, int]:
            await asyncio.sleep(0.3)
            gc.collect()
            files = open_files() if wire.lets_go_at_once else 0
            # The loop's own threads, which look names up, are made when they are needed, and stay; so are those of
            # LiveKit's library, which Python knows as dummies from when they first call it.
            ours = [one for one in threading.enumerate() if not one.name.startswith(("asyncio_", "Dummy-"))]
            return len(asyncio.all_tasks()), len(ours), files

        for _ in range(2):
            await call()
        before = await counts()
        for _ in range(20):
            await call()
        assert await counts() == before
