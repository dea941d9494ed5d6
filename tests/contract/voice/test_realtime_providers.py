"""Each provider's speech-to-speech plug-in, behind our duplex, against a small server that speaks its wire format."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from livekit import rtc
from livekit.agents import llm, vad
from pydantic import SecretStr
from scripted_gemini import ScriptedGemini, scripted_gemini
from scripted_model import Call, Reply
from scripted_realtime import ScriptedRealtime, scripted_realtime

from vivavoce.breaker import Breaker
from vivavoce.moderator.mind import tools
from vivavoce.protocol.requests import TOOLS
from vivavoce.session.usage import Use
from vivavoce.settings import RealtimeProfile, RealtimeSettings
from vivavoce.speech.client import SpeechDropped, SpeechUnavailable
from vivavoce.voice.duplex import Duplex, RealtimeAway
from vivavoce.voice.failover import RULES, Link, Switch
from vivavoce.voice.plugins import PluginRefused
from vivavoce.voice.realtime import Realtimes
from vivavoce.voice.replies import Generation
from vivavoce.voice.voiced import Voiced

pytestmark = pytest.mark.livekit

FRAME = 320
"""Samples of 20 ms at 16 kHz."""


class Ends:
    """A duplex, and what it reported."""

    def __init__(self, duplex: Duplex) -> None:
        self.duplex = duplex
        self.uses: list[Use] = []
        self.switches: list[Switch] = []
        self.failures: list[RealtimeAway] = []

    def say(self, seconds: float, *, ends: bool = True) -> None:
        """Let the participant speak, as the voice activity detector tells it."""
        started = vad.VADEventType.START_OF_SPEECH
        self.duplex.on_activity(_event(started, _frames(0.2)))
        for frame in _frames(seconds - 0.2):
            self.duplex.on_activity(_event(vad.VADEventType.INFERENCE_DONE, [frame]))
        if ends:
            self.duplex.on_activity(_event(vad.VADEventType.END_OF_SPEECH, []))

    async def reply(self, *, instructions: str = "Be brief.", answered: bool = False) -> Said:
        """Let the model speak, and take all of it."""
        return await taken(
            await self.duplex.reply(instructions=instructions, situation="[now]", answered=answered)
        )


class Said:
    """What a reply was."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.words = ""
        self.seconds = 0.0
        self.calls: list[llm.FunctionCall] = []


async def taken(generation: Generation) -> Said:
    said = Said()
    async with asyncio.timeout(15):
        async for message in generation.messages:
            said.messages.append(message.message_id)
            said.words += "".join([piece async for piece in message.text_stream])
            said.seconds += sum([frame.duration async for frame in message.audio_stream])
        said.calls = [call async for call in generation.calls]
    return said


def _frames(seconds: float) -> list[rtc.AudioFrame]:
    silence = np.zeros(FRAME, dtype=np.int16).tobytes()
    return [rtc.AudioFrame(silence, 16_000, 1, FRAME) for _ in range(round(seconds * 50))]


def _event(kind: vad.VADEventType, frames: list[rtc.AudioFrame]) -> vad.VADEvent:
    return vad.VADEvent(kind, 0, 0.0, 0.0, 0.0, frames=frames)


@asynccontextmanager
async def duplexed(
    *profiles: RealtimeProfile, history: Callable[[], llm.ChatContext] = llm.ChatContext.empty
) -> AsyncGenerator[Ends]:
    """A duplex along these profiles, that has found out who holds it."""
    named = {f"p{place}": profile for place, profile in enumerate(profiles)}
    realtimes = Realtimes(RealtimeSettings(profiles=named))
    ends: Ends
    duplex = Duplex(
        [Link(name, profile, Breaker(RULES)) for name, profile in named.items()],
        open_model=lambda profile: realtimes.open(profile, languages=("en",)),
        tools=tools(TOOLS),
        instructions=lambda: "Be brief.",
        history=history,
        used=lambda use: ends.uses.append(use),
        switched=lambda switch: ends.switches.append(switch),
        failed=lambda error: ends.failures.append(error),
        stand_in="m",
    )
    ends = Ends(duplex)
    running = asyncio.create_task(duplex.run())
    try:
        async with asyncio.timeout(20):
            await duplex.decided.wait()
        yield ends
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await realtimes.aclose()


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.01)


@pytest.fixture
async def openai() -> AsyncIterator[ScriptedRealtime]:
    async with scripted_realtime() as server:
        yield server


@pytest.fixture
async def gemini(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ScriptedGemini]:
    async with scripted_gemini(tmp_path) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        yield server


def at_openai(server: ScriptedRealtime, **more: Any) -> RealtimeProfile:
    given: dict[str, Any] = {"base_url": server.url, "model": "gpt-realtime", "transcriber": "scribe", **more}
    return RealtimeProfile(**given)


def at_gemini(server: ScriptedGemini) -> RealtimeProfile:
    return RealtimeProfile(
        provider="google",
        base_url=server.url,
        model="gemini-3.8-live",
        api_key=SecretStr("key"),
        voice="Kore",
        first_sound_s=10,
    )


@pytest.mark.parametrize("provider", ["openai", "google"])
async def test_a_profile_without_a_key_is_refused_at_the_start(
    provider: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("OPENAI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(PluginRefused) as refused:
        Realtimes(RealtimeSettings(profiles={"my-voice": RealtimeProfile(provider=provider, model="m")}))
    assert "VIVAVOCE_REALTIME__PROFILES__MY_VOICE__API_KEY" in refused.value.next_step


# OpenAI Realtime


async def test_what_openai_is_told_at_first(openai: ScriptedRealtime) -> None:
    history = llm.ChatContext.empty()
    history.add_message(role="user", content="Hello.")
    history.add_message(role="assistant", content="What did you do today?")
    async with duplexed(at_openai(openai, voice="cedar"), history=lambda: history) as ends:
        assert ends.duplex.up and ends.duplex.holds and not ends.switches
        await until(lambda: len(openai.last.items) == 2 and "tools" in openai.last.session)
        session = openai.last.session
        assert session["instructions"] == "Be brief."
        assert [tool["name"] for tool in session["tools"]] == [tool.tool for tool in TOOLS]
        updates = [
            event["session"] for event in openai.last.of("session.update") if "audio" in event["session"]
        ]
        assert updates[0]["audio"]["input"]["turn_detection"] is None
        assert updates[0]["audio"]["input"]["transcription"] == {"model": "scribe", "language": "en"}
        assert updates[0]["audio"]["output"]["voice"] == "cedar"
        assert updates[0]["output_modalities"] == ["audio"]
        texts = [(item["role"], item["content"][0]["text"]) for item in openai.last.items]
        assert texts == [("user", "Hello."), ("assistant", "What did you do today?")]


async def test_openai_hears_and_writes_down(openai: ScriptedRealtime) -> None:
    openai.texts = ["I baked", "some bread."]
    async with duplexed(at_openai(openai)) as ends:
        ends.say(1.0, ends=False)
        first = await ends.duplex.transcribe(b"", language=("en",))
        assert (first.text, first.language, first.model) == ("I baked", "en", "scribe")
        # They go on after all: what they said before is not sent again.
        ends.duplex.on_activity(_event(vad.VADEventType.INFERENCE_DONE, _frames(0.6)))
        whole = await ends.duplex.transcribe(b"", language=("en",))
        assert whole.text == "I baked some bread."
        assert (round(first.duration_s, 1), round(whole.duration_s, 1)) == (1.0, 0.6), "each is paid for once"
        assert openai.last.heard_s == pytest.approx(1.6, abs=0.11)
        assert len(openai.last.of("input_audio_buffer.commit")) == 2
        with pytest.raises(SpeechDropped):
            await ends.duplex.transcribe(b"", priority="partial")


async def test_openai_speaks_calls_and_is_answered(openai: ScriptedRealtime) -> None:
    openai.play(
        Reply("So it was bread.", (Call("probe", {"trigger": "vague"}),)), Reply("What kind of bread?")
    )
    async with duplexed(at_openai(openai)) as ends:
        said = await ends.reply()
        assert said.words == "So it was bread." and said.seconds == pytest.approx(0.48)
        [call] = said.calls
        assert (call.name, call.arguments) == ("probe", '{"trigger": "vague"}')
        await ends.duplex.answer([(call, "Ask one short question.", True)])
        [answer] = [item for item in openai.last.items if item["type"] == "function_call_output"]
        assert (answer["call_id"], answer["output"]) == (call.call_id, "Ask one short question.")
        assert (await ends.reply(answered=True, instructions="Close.")).words == "What kind of bread?"
        assert openai.last.session["instructions"] == "Close.", "instructions are swapped"
        [first, second] = [event["response"]["instructions"] for event in openai.last.of("response.create")]
        assert (first, second) == ("Be brief.\n[now]", "Close.\n[now]")
        assert "So it was bread." in str(openai.last.items), "and the history is kept"
        await until(lambda: len(ends.uses) == 2)
        assert ends.uses[0] == Use(
            "realtime",
            "p0",
            input_tokens=300,
            cached_tokens=120,
            output_tokens=100,
            input_audio_tokens=100,
            output_audio_tokens=80,
            cached_audio_tokens=40,
        )


@pytest.mark.parametrize("heard_share", [0.5, 1.0])
async def test_openai_is_cut_and_told_how_much_was_heard(
    openai: ScriptedRealtime, heard_share: float
) -> None:
    openai.play(Reply("It goes on and on. " * 100, token_s=0.02))
    async with duplexed(at_openai(openai)) as ends:
        generation = await ends.duplex.reply(instructions="Be brief.", situation="", answered=False)
        message = await anext(generation.messages)
        voiced = Voiced(message.message_id)
        async for words in message.text_stream:
            voiced.read(words)
            if voiced.text.count(".") == 3:
                break
        async for frame in message.audio_stream:
            voiced.hear(frame)
            if voiced.seconds > 1.5:
                break
        ends.duplex.cut()
        voiced.stop()
        # It has said more than came to us.
        heard_s = voiced.seconds * heard_share
        ends.duplex.truncate(voiced, heard_s)
        await until(lambda: openai.cancelled == 1)
        await until(lambda: openai.last.of("conversation.item.truncate"))
        [event] = openai.last.of("conversation.item.truncate")
        assert (event["item_id"], event["audio_end_ms"]) == (message.message_id, int(heard_s * 1000))


@pytest.mark.parametrize("fault", ["refused", "slow", "failed"])
async def test_a_response_that_openai_does_not_give(openai: ScriptedRealtime, fault: Any) -> None:
    openai.play(Reply(fault=fault), Reply("And here it is."))
    async with duplexed(at_openai(openai, first_sound_s=1)) as ends:
        if fault == "failed":
            assert (await ends.reply()).words == ""
        else:
            with pytest.raises(RealtimeAway):
                await ends.reply()
        assert ends.duplex.up, "the connection is well"


async def test_a_broken_socket_is_mended_by_the_plug_in(openai: ScriptedRealtime) -> None:
    openai.texts = ["I baked some bread."]
    async with duplexed(at_openai(openai)) as ends:
        ends.say(1.0)
        await ends.duplex.transcribe(b"")
        ends.duplex.tell("assistant", "What kind?")
        await until(lambda: len(openai.last.items) == 2)
        ends.say(1.0, ends=False)
        openai.last.socket.transport.abort()
        await until(lambda: len(openai.connections) == 2 and len(openai.last.items) == 2)
        assert "I baked some bread." in str(openai.last.items[0]), "the history is told again, as text"
        with pytest.raises(SpeechUnavailable):
            await ends.duplex.transcribe(b"")
        assert ends.duplex.up and not ends.failures


async def test_a_lost_socket_is_opened_again_with_the_logs_history(openai: ScriptedRealtime) -> None:
    history = llm.ChatContext.empty()
    async with duplexed(at_openai(openai), history=lambda: history) as ends:
        openai.refuses = True
        openai.last.socket.transport.abort()
        await until(lambda: ends.failures)
        assert not ends.duplex.up
        with pytest.raises(RealtimeAway):
            await ends.reply()
        with pytest.raises(SpeechUnavailable):
            await ends.duplex.transcribe(b"")
        history.add_message(role="user", content="Said meanwhile.")
        openai.refuses = False
        await until(lambda: ends.duplex.up and openai.last.items)
        assert openai.last.items[0]["content"][0]["text"] == "Said meanwhile."
        assert [(s.before, s.after, s.code) for s in ends.switches] == [
            ("p0", "study", "realtime_lost"),
            ("study", "p0", "recovered"),
        ]


async def test_the_first_that_can_be_reached_holds_the_session(openai: ScriptedRealtime) -> None:
    async with scripted_realtime() as away:
        away.refuses = True
        async with duplexed(at_openai(away, connect_s=3), at_openai(openai)) as ends:
            assert ends.duplex.holder is not None and ends.duplex.holder.name == "p1"
            assert [(s.before, s.after) for s in ends.switches] == [("p0", "p1")]
        async with duplexed(at_openai(away, connect_s=3)) as ends:
            assert ends.duplex.holds is False
            assert [(s.before, s.after) for s in ends.switches] == [("p0", "m")]
            assert len(ends.failures) == 1


# Gemini Live


async def test_what_gemini_is_told_at_first(gemini: ScriptedGemini) -> None:
    async with duplexed(at_gemini(gemini)) as ends:
        assert ends.duplex.up and ends.duplex.holds
        setup = gemini.last.setup
        assert gemini.last.path.endswith("GenerativeService.BidiGenerateContent")
        assert setup["model"] == "models/gemini-3.8-live"
        assert setup["systemInstruction"]["parts"] == [{"text": "Be brief."}]
        declared = [tool["name"] for tool in setup["tools"][0]["functionDeclarations"]]
        assert declared == [tool.tool for tool in TOOLS]
        realtime = setup["realtimeInputConfig"]
        assert realtime["automaticActivityDetection"] == {"disabled": True}
        assert realtime["activityHandling"] == "NO_INTERRUPTION"
        voice = setup["generationConfig"]["speechConfig"]["voiceConfig"]["prebuiltVoiceConfig"]
        assert voice == {"voiceName": "Kore"}


async def test_gemini_hears_speaks_calls_and_is_answered(gemini: ScriptedGemini) -> None:
    gemini.play(
        Reply("So it was bread.", (Call("probe", {"trigger": "vague"}),)), Reply("What kind of bread?")
    )
    async with duplexed(at_gemini(gemini)) as ends:
        ends.duplex.tell("assistant", "What did you do today?")
        ends.say(1.0)
        said = await ends.reply()
        assert said.words == "So it was bread." and said.seconds == pytest.approx(0.48)
        assert gemini.last.heard_s == pytest.approx(1.0, abs=0.06)
        assert gemini.last.activities() == ["activityStart", "activityEnd"]
        told = gemini.last.turns()
        assert told[0] == {"parts": [{"text": "What did you do today?"}], "role": "model"}
        assert "[now]" in told[-1]["parts"][0]["text"]
        [call] = said.calls
        assert call.name == "probe"
        await ends.duplex.answer([(call, "Ask one short question.", True)])
        assert (await ends.reply(answered=True)).words == "What kind of bread?", "it goes on by itself"
        [answer] = [
            m["toolResponse"]["functionResponses"] for m in gemini.last.messages if "toolResponse" in m
        ]
        assert (answer[0]["id"], answer[0]["name"]) == ("call-0", "probe")
        assert "Ask one short question." in str(answer[0]["response"])
        await until(lambda: len(ends.uses) == 2)
        assert ends.uses[0] == Use(
            "realtime",
            "p0",
            input_tokens=300,
            output_tokens=100,
            input_audio_tokens=100,
            output_audio_tokens=80,
        )


async def test_gemini_that_says_nothing_to_an_answer_is_asked_after_all(gemini: ScriptedGemini) -> None:
    gemini.play(Reply(calls=(Call("probe", {"trigger": "vague"}),)), Reply(), Reply("What kind of bread?"))
    async with duplexed(at_gemini(gemini)) as ends:
        [call] = (await ends.reply()).calls
        await ends.duplex.answer([(call, "Ask one short question.", True)])
        assert (await ends.reply(answered=True)).words == "What kind of bread?"


async def test_gemini_that_says_nothing_twice_is_not_waited_for(gemini: ScriptedGemini) -> None:
    gemini.play(Reply(calls=(Call("probe", {"trigger": "vague"}),)), Reply(), Reply())
    async with duplexed(at_gemini(gemini)) as ends:
        [call] = (await ends.reply()).calls
        await ends.duplex.answer([(call, "Ask one short question.", True)])
        # Without being seen, either silence would end in `RealtimeAway`.
        said = await ends.reply(answered=True)
        assert (said.words, said.calls) == ("", [])
        gemini.play(Reply("And then?"))
        assert (await ends.reply()).words == "And then?", "the connection is well"


async def test_gemini_is_told_in_words_how_much_was_heard(gemini: ScriptedGemini) -> None:
    gemini.play(Reply("It was bread, as you say."), Reply("Go on."))
    async with duplexed(at_gemini(gemini)) as ends:
        await ends.reply()
        voiced = Voiced("m")
        voiced.read("It was bread, as you say.")
        for frame in _frames(3.0):
            voiced.hear(frame)
        voiced.end()
        assert [_ async for _ in voiced.sound()]
        ends.duplex.truncate(voiced, 1.5)
        await ends.reply()
        assert "heard only: “It was bread,”" in str(gemini.last.turns()[-1])


async def test_a_lost_gemini_is_opened_again_with_the_logs_history(gemini: ScriptedGemini) -> None:
    history = llm.ChatContext.empty()
    async with duplexed(at_gemini(gemini), history=lambda: history) as ends:
        history.add_message(role="user", content="Said before.")
        first = gemini.last
        first.socket.transport.abort()
        await until(lambda: len(gemini.connections) == 2)
        gemini.play(Reply("Go on."))
        await until(lambda: gemini.last.setup)
        assert (await ends.reply()).words == "Go on."
