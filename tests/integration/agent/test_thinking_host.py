"""Whole semi-structured sessions on a host, over the WebSocket line: a model behind HTTP, sound in and out, the log."""

from __future__ import annotations

import asyncio
import json
import wave
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scripted_model import Call, Reply, ScriptedModel, said, scripted_model, text_of

from vivavoce.protocol.moderator import Moderator
from vivavoce.protocol.study import Study
from vivavoce.session.clock import ManualClock, SystemClock
from vivavoce.session.errors import LeaseLost
from vivavoce.session.events import MoveDecided, MoveWorded, Reason, SessionStatus, ToolCalled
from vivavoce.session.memory import MemorySessionStore
from vivavoce.session.state import SessionState, fold
from vivavoce.settings import LlmProfile, LlmSettings


@pytest.fixture
def small(small: Study) -> Study:
    return small.model_copy(update={"moderator": Moderator(mode="semi_structured", own_probes=1)})


@pytest.fixture
async def server() -> AsyncIterator[ScriptedModel]:
    async with scripted_model() as model:
        yield model


@pytest.fixture
def llm(server: ScriptedModel) -> LlmSettings:
    profile = LlmProfile(base_url=server.url, model="scripted", first_word_s=10, stall_s=10)
    return LlmSettings(default="m", profiles={"m": profile})


@pytest.fixture
async def stage(open_stage: Callable[..., Any], llm: LlmSettings) -> AsyncIterator[Any]:
    async with open_stage(llm=llm) as opened:
        yield opened


class Socket:
    """A page at the other end of the WebSocket: sends 20 ms of sound at its pace, and notes what comes."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.sound = 0
        self._microphone: list[bytes] = []
        self._gone = False
        self._due: float | None = None

    async def receive(self) -> bytes | str | None:
        loop = asyncio.get_running_loop()
        self._due = (self._due or loop.time()) + 0.02
        await asyncio.sleep(max(0.0, self._due - loop.time()))
        if self._gone:
            return None
        return self._microphone.pop(0) if self._microphone else bytes(640)

    async def send_bytes(self, data: bytes, /) -> None:
        self.sound += bool(np.abs(np.frombuffer(data, dtype=np.int16).astype(np.int32)).max() > 500)

    async def send_text(self, text: str, /) -> None:
        self.messages.append(json.loads(text))

    async def close(self, code: int, reason: str, /) -> None:
        self._gone = True

    def say(self, samples: np.ndarray) -> None:
        self._microphone = [samples[i : i + 320].tobytes() for i in range(0, len(samples) - 320, 320)]

    def captions(self) -> list[str]:
        return [
            m["text"]
            for m in self.messages
            if m["type"] == "caption" and m["speaker"] == "moderator" and m["final"]
        ]


class Participant:
    """Joins by WebSocket and answers when something has been asked."""

    def __init__(self, stage: Any) -> None:
        self.stage = stage
        self.socket = Socket()
        self.line: asyncio.Task[None] | None = None

    async def join(self) -> None:
        self.line = asyncio.create_task(
            self.stage.host.websocket("s1", self.socket, rate=16_000, take_over=False, user_agent="test")
        )

    async def answer(self, text: str, speech: Callable[[str], np.ndarray]) -> SessionState:
        """Wait until a move has been heard, say something, and wait for the next move."""
        state = await self.stage.until(_heard, within_s=30)
        moves = state.progress.moves
        self.stage.recogniser.texts = [text]
        self.socket.say(speech("kokoro_s04"))
        return await self.stage.until(
            lambda state: state.progress.moves > moves and _heard(state), within_s=25
        )


def _asked(state: SessionState) -> MoveDecided:
    assert state.progress.last_move is not None
    return state.progress.last_move


def _heard(state: SessionState) -> bool:
    last = state.progress.last_move
    return (
        last is not None
        and not state.open_speeches
        and (any(turn.move_id == last.move_id for turn in state.turns) or state.status.terminal)
    )


@pytest.fixture
def speech() -> Callable[[str], np.ndarray]:
    def load(name: str) -> np.ndarray:
        with wave.open(str(Path(__file__).parents[2] / "data" / "speech" / f"{name}.wav")) as file:
            return np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16)

    return load


async def test_an_interview_led_by_a_model_from_hello_to_goodbye(
    stage: Any, server: ScriptedModel, speech: Callable[[str], np.ndarray]
) -> None:
    await stage.schedule()
    participant = Participant(stage)
    await participant.join()
    state = await participant.answer("I walked to the market, and I got so angry there.", speech)
    assert (_asked(state).move, _asked(state).trigger) == ("probe", "emotional")
    state = await participant.answer("It was loud, and I had to wait for long.", speech)
    assert _asked(state).text == "You said it was loud, and i had. What was the best part?"
    state = await participant.answer("The bread I bought for my family.", speech)
    assert state.progress.phase_id == "last"
    await participant.answer("No, that was all of it.", speech)
    state = await stage.ended()
    assert (state.status, state.reason) == (SessionStatus.COMPLETED, Reason.FINISHED)
    events = await stage.events()
    assert state == fold(events)
    assert state.fault_count == 0, state.faults
    said_aloud = [turn.text for turn in state.turns if turn.speaker == "moderator"]
    assert participant.socket.captions() == said_aloud, "what is shown, logged and heard is the same"
    assert said_aloud[-1] == "You said no, that was all of it. Thank you. Goodbye."
    assert stage.recogniser.spoken[0] == "What was that like for you?", "live words go to the speech server"
    assert [event.payload.tool for event in events if isinstance(event.payload, ToolCalled)] == ["probe"]
    assert len([event for event in events if isinstance(event.payload, MoveWorded)]) == 4
    assert participant.socket.sound > 50
    assert participant.line is not None
    await participant.line


async def test_who_speaks_into_the_models_words_stops_them_and_the_model(
    stage: Any, server: ScriptedModel, speech: Callable[[str], np.ndarray]
) -> None:
    await stage.schedule()
    participant = Participant(stage)
    await participant.join()
    await stage.until(_heard, within_s=30)
    server.play(
        Reply("So you walked all the way to the market on foot today. " + "And on. " * 60, token_s=0.1)
    )
    stage.recogniser.texts = ["I walked to the market."]
    participant.socket.say(speech("kokoro_s04"))
    await stage.until(lambda state: state.progress.moves == 2 and bool(state.open_speeches), within_s=30)
    stage.recogniser.texts = ["And I bought bread there for all of us."]
    participant.socket.say(speech("kokoro_s04"))
    state = await stage.until(lambda state: any(turn.cut_off for turn in state.turns), within_s=30)
    assert _asked(state).move == "reply"
    state = await stage.until(lambda state: state.progress.moves == 3 and _heard(state), within_s=45)
    assert server.abandoned == 1
    assert "bought bread there" in said(server.requests[-1])
    told = [text_of(m) for m in server.requests[-1]["messages"] if m["role"] == "assistant"]
    cut = next(turn for turn in state.turns if turn.cut_off)
    assert told[-1] == f"{cut.text} –", "the model is told what was heard of its words, and no more"
    assert state.fault_count == 0


async def test_a_model_that_is_away_is_not_waited_for_twice(
    stage: Any, server: ScriptedModel, speech: Callable[[str], np.ndarray]
) -> None:
    server.script = lambda _: Reply(fault="refused")
    await stage.schedule()
    participant = Participant(stage)
    await participant.join()
    state = await participant.answer("I walked to the market and I bought bread.", speech)
    assert _asked(state).text == "What was the best part?"
    assert (state.faults[0].fault.stage, state.faults[0].fault.code) == ("llm", "llm_unavailable")
    assert state.faults[0].fault.recovered and state.status is SessionStatus.ACTIVE


async def test_a_study_whose_profile_is_gone_is_held_in_its_own_words(
    open_stage: Callable[..., Any], speech: Callable[[str], np.ndarray]
) -> None:
    async with open_stage() as stage:
        await stage.schedule()
        participant = Participant(stage)
        await participant.join()
        state = await participant.answer("I walked to the market and I bought bread.", speech)
        assert _asked(state).text == "What was the best part?"
        assert [note.fault.code for note in state.faults] == ["llm_profile_unknown"]


async def test_another_host_goes_on_with_all_the_model_knew(
    open_stage: Callable[..., Any],
    llm: LlmSettings,
    server: ScriptedModel,
    speech: Callable[[str], np.ndarray],
) -> None:
    clock = ManualClock(SystemClock().now())
    store = MemorySessionStore(clock)
    async with open_stage(store=store, llm=llm) as first:
        await first.schedule()
        participant = Participant(first)
        await participant.join()
        server.play(
            Reply(calls=(Call("flag_insight", {"note": "Bread."}),)), Reply("And what was the best of it?")
        )
        await participant.answer("I walked to the market and I bought bread.", speech)
        runner = await first.host.admit("s1", "websocket", take_over=True)
        runner.lose(LeaseLost("s1", holder="first"))  # the process dies: nothing more is written
    clock.advance(60)
    async with open_stage(store=store, llm=llm) as second:
        participant = Participant(second)
        await participant.join()
        state = await second.until(lambda state: state.progress.moves == 3 and _heard(state))
        assert _asked(state).parts[-1] == "And what was the best of it?"
        await participant.answer("The smell of it, I think.", speech)
        messages = server.requests[-1]["messages"]
        assert [m["role"] for m in messages][:6] == [
            "system",
            "user",
            "assistant",
            "user",
            "assistant",
            "tool",
        ]
        assert "I walked to the market" in text_of(messages[3])
        assert said(server.requests[-1]) == "The smell of it, I think."
