"""Sound that is no answer, and frames that are no sound: the interview waits, refuses, and loses nothing."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import wave
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import soxr

from vivavoce.session.events import SessionStatus
from vivavoce.transport.client import WebRtcParticipant, WebSocketParticipant

SPEECH = Path(__file__).parents[1] / "data" / "speech"
Take = Callable[[], Any]

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]


@dataclass
class Loop:
    """A microphone that says the same over and over; silence if there is nothing. 48 kHz."""

    samples: np.ndarray = field(default_factory=lambda: np.zeros(48_000, dtype=np.int16))
    _at: int = 0

    def read(self, samples: int) -> bytes:
        taken = np.take(self.samples, range(self._at, self._at + samples), mode="wrap")
        self._at = (self._at + samples) % len(self.samples)
        return taken.tobytes()


@dataclass
class Once:
    """A microphone that says something when told to, and is silent otherwise. 48 kHz."""

    _queue: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int16))

    def say(self, samples: np.ndarray) -> None:
        self._queue = samples

    def read(self, samples: int) -> bytes:
        taken, self._queue = self._queue[:samples], self._queue[samples:]
        return np.pad(taken, (0, samples - len(taken))).astype(np.int16).tobytes()


async def until(seat: Any, true: Callable[[Any], bool], *, within_s: float = 30) -> Any:
    async with asyncio.timeout(within_s):
        while not true(state := await seat.state()):
            await asyncio.sleep(0.05)
    return state


async def asked(seat: Any, moves: int = 1) -> Any:
    """Wait until the moderator has said that many things and listens."""
    return await until(
        seat, lambda s: s.progress.moves >= moves and not s.open_speeches and len(s.turns) >= moves
    )


def speech(name: str) -> np.ndarray:
    with wave.open(str(SPEECH / f"{name}.wav")) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16)
    return np.asarray(soxr.resample(samples, 16_000, 48_000), dtype=np.int16)


def noise(rms: float) -> np.ndarray:
    samples = np.random.default_rng(7).normal(0, rms * 32768, 5 * 48_000)
    return np.clip(samples, -32768, 32767).astype(np.int16)


@pytest.mark.slow
async def test_half_a_minute_of_silence_or_noise_is_no_answer(take_seat: Take) -> None:
    quiet, loud, soft = [await take_seat() for _ in range(3)]
    async with (
        WebSocketParticipant(quiet.api_url, quiet.session_id, quiet.token, microphone=Loop()),
        WebSocketParticipant(loud.api_url, loud.session_id, loud.token, microphone=Loop(noise(0.1))),
        WebRtcParticipant(soft.api_url, soft.session_id, soft.token, microphone=Loop(noise(0.01))),
    ):
        for seat in (quiet, loud, soft):
            await asked(seat)
        await asyncio.sleep(30)
        for seat in (quiet, loud, soft):
            state = await seat.state()
            assert state.status is SessionStatus.ACTIVE
            assert [turn.speaker for turn in state.turns] == ["moderator"], state.turns
            assert not state.turns[0].cut_off
            assert state.progress.moves == 1
            assert state.fault_count == 0


@pytest.mark.parametrize(
    "frame",
    [
        b"\x00\x01\x02",
        bytes(2_000_000),
        os.urandom(999),
        "{",
        '{"type": "nonsense"}',
        '{"type":"mute"}' + " " * 70_000,
    ],
    ids=["odd length", "2 MB", "garbage", "half an object", "unknown message", "long message"],
)
async def test_garbage_ends_at_most_its_own_line(take_seat: Take, frame: bytes | str) -> None:
    seat, other = await take_seat(), await take_seat()
    async with WebSocketParticipant(other.api_url, other.session_id, other.token):
        async with WebSocketParticipant(seat.api_url, seat.session_id, seat.token) as participant:
            await asked(seat)
            for _ in range(50):
                if participant.closed:
                    break
                await participant.send_raw(frame)
                await asyncio.sleep(0.02)
        state = await until(seat, lambda s: s.status is not SessionStatus.ACTIVE, within_s=10)
        assert state.status is SessionStatus.DISCONNECTED
        assert (await asked(other)).status is SessionStatus.ACTIVE
    async with WebSocketParticipant(seat.api_url, seat.session_id, seat.token):
        await until(seat, lambda s: s.status is SessionStatus.ACTIVE)


async def test_sound_at_another_rate_than_it_says_is_refused(take_seat: Take) -> None:
    """48 kHz sent as 16 kHz is three times real time: the line is closed with a reason, the session waits."""
    seat = await take_seat()
    async with WebSocketParticipant(seat.api_url, seat.session_id, seat.token) as participant:
        await asked(seat)
        samples = speech("kokoro_s05").tobytes()
        for at in range(0, len(samples), 1920):
            if participant.closed:
                break
            await participant.send_raw(samples[at : at + 1920])
            await asyncio.sleep(0.015)
        end = await participant.wait_closed()
    assert end.code == 4400
    state = await until(seat, lambda s: s.status is SessionStatus.DISCONNECTED, within_s=10)
    assert state.faults[-1].fault.code == "bad_frame"


async def test_a_killed_recogniser_costs_no_word_of_the_answer(take_seat: Take) -> None:
    seat = await take_seat()
    microphone = Once()
    async with WebRtcParticipant(seat.api_url, seat.session_id, seat.token, microphone=microphone):
        await asked(seat)
        microphone.say(speech("kokoro_s05"))
        await asyncio.sleep(5)
        recogniser(seat).send_signal(signal.SIGKILL)
        state = await until(seat, lambda s: "morning" in answer(s) or s.fault_count > 0, within_s=90)
        if state.fault_count:
            # It took longer to come back than an answer may wait: the loss is named, and asked for again.
            assert state.faults[-1].fault.stage == "stt"
            await until(seat, lambda s: s.progress.moves >= 2)
        else:
            assert "friendly staff" in answer(state)
        assert state.status is SessionStatus.ACTIVE


def recogniser(seat: Any) -> psutil.Process:
    """The recogniser's process; other tests of this process may have speech servers of their own."""
    [port] = [int(part) for part in re.findall(r":(\d+)$", seat.server.speech_url)]
    [worker] = [
        child
        for server in psutil.Process().children()
        if any(
            end.laddr.port == port
            for end in server.net_connections("tcp")
            if end.status == psutil.CONN_LISTEN
        )
        for child in server.children()
        if "whisper" in child.cmdline()
    ]
    return worker


def answer(state: Any) -> str:
    return " ".join(turn.text for turn in state.turns if turn.speaker == "participant").lower()
