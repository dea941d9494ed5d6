"""Utterances become texts: what is asked of the speech server, and when it is asked no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest
import pytest_asyncio
import virtual_time
from livekit import rtc
from livekit.agents import vad

from vivavoce.session.usage import Use
from vivavoce.speech.client import SpeechUnavailable, Transcript
from vivavoce.voice import patience, stt
from vivavoce.voice.activity import SAMPLE_RATE, Listener, SharedVAD
from vivavoce.voice.ears import CountedEar
from vivavoce.voice.stt import ServerSTT, Utterance

FRAME_S = 0.032


class Activity:
    """A detector that says what the test says."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> object:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def listened_to(self) -> None:
        while not self._listeners:
            await asyncio.sleep(0)

    def say(self, type: vad.VADEventType, *, silence_s: float = 0.0) -> None:
        samples = int(FRAME_S * SAMPLE_RATE)
        frame = rtc.AudioFrame(bytes(samples * 2), SAMPLE_RATE, 1, samples)
        event = vad.VADEvent(
            type=type,
            samples_index=0,
            timestamp=0.0,
            speech_duration=FRAME_S,
            silence_duration=silence_s,
            frames=[frame],
            raw_accumulated_silence=silence_s,
        )
        for listener in self._listeners:
            listener(event)


@dataclass
class Server:
    """Answers when it is told to; remembers who gave up."""

    asked: list[str] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    answer: asyncio.Event = field(default_factory=asyncio.Event)

    async def transcribe(
        self,
        pcm: bytes,
        *,
        sample_rate: int,
        language: Sequence[str],
        priority: str,
        model: str,
        sent: Callable[[str, float], None],
    ) -> Transcript:
        self.asked.append(priority)
        sent(f"{model}-{priority}", 1.0)
        try:
            await self.answer.wait()
        except asyncio.CancelledError:
            self.given_up.append(priority)
            raise
        return Transcript(text=f"heard {priority}", language="en", confidence=0.9, duration_s=1.0)


@dataclass
class Scene:
    activity: Activity
    server: Server
    heard: list[str]
    partials: list[str]
    uses: list[Use] = field(default_factory=list[Use])


@pytest_asyncio.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Scene]:
    monkeypatch.setattr(stt, "PARTIAL_EVERY_S", 0.0)
    scene = Scene(Activity(), Server(), [], [])

    def hear(utterance: Utterance) -> bool:
        scene.heard.append(utterance.text)
        return True

    stream = ServerSTT(
        cast("CountedEar", scene.server),
        cast("SharedVAD", scene.activity),
        languages=lambda: ("en",),
        hearing=lambda _: "whisper",
        heard=hear,
        partial=lambda _, text, __: scene.partials.append(text),
        failed=lambda failure: pytest.fail(str(failure)),
        used=scene.uses.append,
    ).stream()
    await scene.activity.listened_to()
    yield scene
    await stream.aclose()


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_caption_in_hand_is_given_up_once_the_utterance_itself_is_asked_for(scene: Scene) -> None:
    scene.activity.say(vad.VADEventType.START_OF_SPEECH)
    scene.activity.say(vad.VADEventType.INFERENCE_DONE)
    await settle()
    assert scene.server.asked == ["partial"]
    scene.activity.say(vad.VADEventType.INFERENCE_DONE, silence_s=stt.EARLY_SILENCE_S)
    await settle()
    assert scene.server.asked == ["partial", "live"]
    assert scene.server.given_up == ["partial"]
    scene.server.answer.set()
    scene.activity.say(vad.VADEventType.END_OF_SPEECH)
    await settle()
    assert (scene.heard, scene.partials) == (["heard live"], [])
    assert scene.uses == [
        Use("stt", "whisper-partial", subject="u1", seconds=1.0),
        Use("stt", "whisper-live", subject="u1", seconds=1.0),
    ], "what was sent is paid for by whom it was sent to"


async def test_speech_that_goes_on_has_captions_again_and_is_asked_for_anew(scene: Scene) -> None:
    scene.activity.say(vad.VADEventType.START_OF_SPEECH)
    scene.activity.say(vad.VADEventType.INFERENCE_DONE, silence_s=stt.EARLY_SILENCE_S)
    await settle()
    scene.activity.say(vad.VADEventType.INFERENCE_DONE)
    scene.activity.say(vad.VADEventType.END_OF_SPEECH)
    await settle()
    assert scene.server.asked == ["live", "live"]
    assert scene.server.given_up == ["live"]


async def _refused(pcm: bytes, **_: object) -> Transcript:
    raise SpeechUnavailable("No answer.", next_step="Wait.")


def test_words_are_pending_until_they_have_a_text_or_every_try_has_failed() -> None:
    """The server is gone: the tries are spread over the time in which one is back that has to start anew."""

    async def scene() -> tuple[float, bool]:
        activity, failed = Activity(), asyncio.Event()
        server = Server()
        server.transcribe = _refused  # type: ignore[method-assign]
        ears = ServerSTT(
            cast("CountedEar", server),
            cast("SharedVAD", activity),
            languages=lambda: ("en",),
            hearing=lambda _: "whisper",
            heard=lambda _: pytest.fail("nothing can be heard"),
            partial=lambda *_: None,
            failed=lambda _: failed.set(),
        )
        stream = ears.stream()
        await activity.listened_to()
        loop = asyncio.get_running_loop()
        activity.say(vad.VADEventType.START_OF_SPEECH)
        activity.say(vad.VADEventType.END_OF_SPEECH)
        began, pending = loop.time(), ears.pending
        while not failed.is_set():
            pending = pending and ears.pending
            await asyncio.sleep(0.5)
        await settle()
        assert not ears.pending
        await stream.aclose()
        return loop.time() - began, pending

    took_s, pending = virtual_time.run(scene())
    assert pending
    assert 10 <= took_s <= patience.LONGEST_S
