"""What LiveKit Agents expects of the plug-ins it is given, asked of ours.

The assertions are those of the framework's own tests of plug-ins
(https://github.com/livekit/agents/blob/main/tests/test_tts.py and test_stt.py), against servers of ours instead of
clouds behind a toxic proxy. `make newest` runs them against the framework's newest release instead of the pinned one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, cast

import pytest
from interview_table import Table
from livekit import rtc
from livekit.agents import (
    APIConnectionError,
    APIConnectOptions,
    APIError,
    APITimeoutError,
    llm,
    stt,
    tts,
    vad,
)
from scripted_model import Reply, ScriptedModel, scripted_model
from scripted_speech import Fault, ScriptedSpeech, scripted_speech

from vivavoce.moderator.mind import Minds
from vivavoce.protocol.observations import Answered, Began
from vivavoce.settings import LlmProfile, LlmSettings, Settings, SttSettings, TtsSettings
from vivavoce.speech.client import SpeechClient
from vivavoce.voice.activity import SAMPLE_RATE as HEARD_RATE
from vivavoce.voice.activity import Listener, SharedVAD
from vivavoce.voice.providers import Providers
from vivavoce.voice.stt import ServerSTT
from vivavoce.voice.tts import ServerTTS
from vivavoce.voice.wording import Voice, WordingStore

pytestmark = pytest.mark.livekit

ONCE = APIConnectOptions(max_retry=0, timeout=5)


@pytest.fixture
async def server() -> AsyncIterator[ScriptedSpeech]:
    async with scripted_speech() as speech:
        speech.text = "I walked to the market."
        yield speech


@pytest.fixture
async def providers(server: ScriptedSpeech) -> AsyncIterator[Providers]:
    async with SpeechClient(server.url) as client:
        providers = Providers(Settings(stt=SttSettings(), tts=TtsSettings()), client)
        yield providers
        await providers.aclose()


# -- speaking


@pytest.fixture
async def voice(providers: Providers, tmp_path: Path) -> ServerTTS:
    speakers = providers.speakers(switched=lambda switch: None)
    return ServerTTS(speakers, WordingStore(tmp_path), Voice("kokoro", "af_heart", "en"))


async def say(voice: ServerTTS, text: str, options: APIConnectOptions = ONCE) -> list[tts.SynthesizedAudio]:
    async with voice.stream(conn_options=options) as stream:
        for word in text.split(" "):
            stream.push_text(word + " ")
        stream.end_input()
        return [event async for event in stream]


def listening(plugin: Any, kind: str) -> list[Any]:
    seen: list[Any] = []
    plugin.on(kind, seen.append)
    return seen


async def test_speech_is_one_request_with_one_end(voice: ServerTTS) -> None:
    metrics = listening(voice, "metrics_collected")
    events = await say(voice, "One two three. Four five.")
    assert len({event.request_id for event in events}) == 1 and events[0].request_id
    assert all(event.segment_id for event in events)
    assert events[-1].is_final and not any(event.is_final for event in events[:-1])
    assert all(event.frame.sample_rate == voice.sample_rate for event in events)
    assert all(event.frame.num_channels == voice.num_channels for event in events)
    seconds = sum(event.frame.duration for event in events)
    await asyncio.sleep(0)
    [measured] = metrics
    assert measured.audio_duration == pytest.approx(seconds, abs=0.02)
    assert measured.characters_count == len("One two three. Four five. ") and measured.ttfb >= 0


async def test_the_words_carry_their_times_in_order(voice: ServerTTS) -> None:
    assert voice.capabilities.streaming and voice.capabilities.aligned_transcript
    events = await say(voice, "One two three. Four five.")
    words = [word for event in events for word in event.frame.userdata.get("lk.timed_transcripts", [])]
    assert "".join(words).split() == ["One", "two", "three.", "Four", "five."]
    starts = [word.start_time for word in words]
    assert starts == sorted(starts)


async def test_one_text_at_once(voice: ServerTTS) -> None:
    frame = await voice.synthesize("Hello there.", conn_options=ONCE).collect()
    assert frame.duration > 0.2 and frame.sample_rate == voice.sample_rate


async def test_a_voice_that_hangs_is_left_after_the_frameworks_patience(
    voice: ServerTTS, server: ScriptedSpeech
) -> None:
    server.speaking = "slow"
    errors, metrics = listening(voice, "error"), listening(voice, "metrics_collected")
    began = time.monotonic()
    with pytest.raises(APITimeoutError):
        await say(voice, "One two.", APIConnectOptions(max_retry=3, timeout=0.3, retry_interval=0))
    assert 1.1 < time.monotonic() - began < 4
    assert [error.recoverable for error in errors] == [True, True, True, False]
    assert metrics == []


@pytest.mark.parametrize(
    ("fault", "kind"), [("refused", APIConnectionError), ("silent", APIError), ("broken", APIConnectionError)]
)
async def test_a_voice_that_fails_is_an_error_of_the_frameworks(
    voice: ServerTTS,
    server: ScriptedSpeech,
    fault: Fault,
    kind: type[APIError],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vivavoce.voice.tts.RETRY_AFTER_S", (0.01,))
    server.speaking = fault
    with pytest.raises(kind):
        await say(voice, "One two.")


async def test_speech_that_is_left_is_left_at_the_server(voice: ServerTTS, server: ScriptedSpeech) -> None:
    server.speaking = "stalled"
    stream = voice.stream(conn_options=ONCE)
    stream.push_text("One two three four.")
    stream.end_input()
    await anext(stream)
    await stream.aclose()
    async with asyncio.timeout(2):
        while not server.left:
            await asyncio.sleep(0.01)


# -- hearing


class Activity:
    """A detector that says what the test says."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def say(self, *kinds: vad.VADEventType) -> None:
        samples = HEARD_RATE // 10
        for kind in kinds:
            event = vad.VADEvent(
                type=kind, samples_index=0, timestamp=0.0, speech_duration=0.1, silence_duration=0.0,
                frames=[rtc.AudioFrame(bytes(samples * 2), HEARD_RATE, 1, samples)],
            )  # fmt: skip
            for listener in list(self._listeners):
                listener(event)


UTTERANCE = (
    vad.VADEventType.START_OF_SPEECH,
    vad.VADEventType.INFERENCE_DONE,
    vad.VADEventType.END_OF_SPEECH,
)


@pytest.fixture
def activity() -> Activity:
    return Activity()


@pytest.fixture
def unheard() -> list[Any]:
    return []


@pytest.fixture
async def ears(providers: Providers, activity: Activity, unheard: list[Any]) -> ServerSTT:
    return ServerSTT(
        providers.ears(switched=lambda switch: None),
        cast("SharedVAD", activity),
        languages=lambda: ("en",),
        hearing=lambda language: "whisper",
        heard=lambda utterance: True,
        partial=lambda utterance_id, text, language: None,
        failed=unheard.append,
    )


async def test_each_utterance_is_one_final_transcript_in_order(ears: ServerSTT, activity: Activity) -> None:
    assert ears.capabilities.streaming and not ears.capabilities.interim_results
    async with ears.stream(conn_options=ONCE) as stream:
        await asyncio.sleep(0)
        finals: list[stt.SpeechEvent] = []
        for _ in range(3):
            activity.say(*UTTERANCE)
        async with asyncio.timeout(5):
            while len(finals) < 3:
                finals.append(await anext(stream))
    assert {event.type for event in finals} == {stt.SpeechEventType.FINAL_TRANSCRIPT}
    assert [event.request_id for event in finals] == ["u1", "u2", "u3"]
    assert [event.alternatives[0].text for event in finals] == ["I walked to the market."] * 3
    assert {event.alternatives[0].language for event in finals} == {"en"}


async def test_the_end_of_the_input_ends_the_stream(ears: ServerSTT) -> None:
    async with ears.stream(conn_options=ONCE) as stream:
        samples = HEARD_RATE // 50
        stream.push_frame(rtc.AudioFrame(bytes(samples * 2), HEARD_RATE, 1, samples))
        stream.end_input()
        async with asyncio.timeout(2):
            assert [event async for event in stream] == []


async def test_sound_at_another_rate_is_taken(ears: ServerSTT) -> None:
    async with ears.stream(conn_options=ONCE) as stream:
        stream.push_frame(rtc.AudioFrame(bytes(1920), 48_000, 1, 960))
        stream.end_input()
        async with asyncio.timeout(2):
            assert [event async for event in stream] == []


async def test_an_utterance_that_cannot_be_had_ends_no_stream(
    ears: ServerSTT,
    activity: Activity,
    server: ScriptedSpeech,
    unheard: list[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vivavoce.voice.stt.RETRY_AFTER_S", (0.01,))
    errors = listening(ears, "error")
    server.hearing = "refused"
    async with ears.stream(conn_options=ONCE) as stream:
        await asyncio.sleep(0)
        activity.say(*UTTERANCE)
        async with asyncio.timeout(5):
            while not unheard:
                await asyncio.sleep(0.01)
        server.hearing = ""
        activity.say(*UTTERANCE)
        async with asyncio.timeout(5):
            assert (await anext(stream)).alternatives[0].text == "I walked to the market."
    assert errors == [], "for the framework the ears are well: an error would end the session"


# -- moderating


@pytest.fixture
async def model() -> AsyncIterator[ScriptedModel]:
    async with scripted_model() as server:
        yield server


@pytest.fixture
async def table(model: ScriptedModel) -> AsyncIterator[Table]:
    profile = LlmProfile(base_url=model.url, model="scripted", first_word_s=10, stall_s=10)
    minds = Minds(LlmSettings(profiles={"m": profile}))
    table = Table(lambda switched: minds.route("m", switched=switched))
    await table.observe(Began(0))
    yield table
    await minds.aclose()


async def test_a_reply_is_one_request_of_the_frameworks(table: Table, model: ScriptedModel) -> None:
    model.play(Reply("So it was bread. And what is for lunch?"))
    metrics = listening(table.moderator, "metrics_collected")
    async with table.stream(Answered(5, "Bread.", ("u1",))) as stream:
        chunks = [chunk async for chunk in stream]
    assert len({chunk.id for chunk in chunks}) == 1 and chunks[0].id
    assert {chunk.delta.role for chunk in chunks if chunk.delta is not None} == {"assistant"}
    assert not any(chunk.delta.tool_calls for chunk in chunks if chunk.delta is not None), (
        "the framework must run no tool: the protocol's rails judge them"
    )
    await asyncio.sleep(0)
    assert len(metrics) == 1 and metrics[0].ttft >= 0


async def test_a_model_that_fails_is_no_error_of_the_frameworks(table: Table, model: ScriptedModel) -> None:
    model.play(Reply(fault="refused"))
    errors = listening(table.moderator, "error")
    assert await table.answer("Bread.") == "What will you have for lunch?"
    assert errors == [], "an error would end the session"


async def test_a_reply_can_be_collected(table: Table, model: ScriptedModel) -> None:
    model.play(Reply("And what is for lunch?"))
    collected = await table.stream(Answered(5, "Bread.", ("u1",))).collect()
    assert isinstance(collected, llm.CollectedResponse) and collected.text.strip() == "And what is for lunch?"
