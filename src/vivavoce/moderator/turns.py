"""The end-of-turn detector as livekit-agents calls it: our judgement, fed by what this session heard.

livekit-agents asks `predict_end_of_turn` when the voice activity detector has ended an utterance and its text is there.
We answer when the turn is over, not before: the wait is ours, so that it can be any length the judgement asks for and
not only livekit's two. Speech that resumes cancels the question.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog
from livekit import rtc
from livekit.agents import LanguageCode, llm, vad
from livekit.agents.voice.turn import TurnDetectionEvent

from vivavoce.moderator.endpointing import Judgement, judge
from vivavoce.protocol.study import TurnProfile

log = structlog.get_logger(__name__)

LISTEN_AFTER_S = 0.20
"""Silence after which the sound of the turn is judged: what livekit's v1-mini was trained for."""

PATIENCE_S = 0.35
"""How long a judgement of the sound may take (40-60 ms on an idle core) before we go on without it."""


class SoundJudge(Protocol):
    """A local model that hears whether a turn is complete: `livekit.agents.inference.TurnDetector(...).stream()`."""

    def push_audio(self, frame: rtc.AudioFrame) -> None:
        """Take the participant's next sound."""
        ...

    def predict(self) -> asyncio.Future[TurnDetectionEvent]:
        """Judge the sound so far."""
        ...

    def flush(self, reason: str | None = None) -> None:
        """Forget the turn that is over."""
        ...

    def cancel_inference(self, *, timed_out: bool = False) -> None:
        """Drop the judgement under way."""
        ...

    async def aclose(self) -> None:
        """Let go of the model."""
        ...


Settled = Callable[[], Awaitable[None]]
"""Waits until everything the participant said has its text."""

SETTLE_TIMEOUT_S = 45.0
"""Longer than all tries of a transcription together; then the turn is judged by the text there is."""

Judged = Callable[[Judgement, float | None], None]


class EndOfTurn:
    """livekit-agents' turn detector (`turn_handling={"turn_detection": …}`) for one session.

    Args:
        sound: hears whether a turn is complete; None judges by text and silence alone.
        language: of the session; asked at every turn.
        profile: the turn profile that holds now; asked at every turn.
        settled: see `Settled`. Without it a turn could be judged by its first half while the second is transcribed.
        judged: told of every judgement that was waited out, with the sound's probability.
    """

    def __init__(
        self,
        *,
        sound: SoundJudge | None,
        language: Callable[[], str],
        profile: Callable[[], TurnProfile],
        settled: Settled,
        judged: Judged,
    ) -> None:
        self._sound = sound
        self._language = language
        self._profile = profile
        self._settled = settled
        self._judged = judged
        self._last_voiced_at: float | None = None
        self._prediction: asyncio.Future[TurnDetectionEvent] | None = None

    @property
    def model(self) -> str:
        """For livekit's metrics."""
        return "silence+text" if self._sound is None else "silence+text+v1-mini"

    @property
    def provider(self) -> str:
        """For livekit's metrics."""
        return "vivavoce"

    async def unlikely_threshold(self, language: LanguageCode | None) -> float | None:
        """We answer when the turn is over, so the answer is always above this."""
        return 0.5

    async def supports_language(self, language: LanguageCode | None) -> bool:
        """Silence is known to every language."""
        return True

    def on_activity(self, event: vad.VADEvent) -> None:
        """Take the voice activity detector's next event (`SharedVAD.listen`)."""
        if event.type == vad.VADEventType.START_OF_SPEECH:
            self._drop_prediction()
        if event.type != vad.VADEventType.INFERENCE_DONE:
            return
        if self._sound is not None:
            for frame in event.frames:
                self._sound.push_audio(frame)
        if event.raw_accumulated_speech > 0:
            self._last_voiced_at = asyncio.get_running_loop().time()
            if event.speaking:
                self._drop_prediction()
        elif (
            event.speaking
            and event.raw_accumulated_silence >= LISTEN_AFTER_S
            and self._sound is not None
            and self._prediction is None
        ):
            self._prediction = self._sound.predict()

    async def predict_end_of_turn(self, chat_ctx: llm.ChatContext, *, timeout: float | None = None) -> float:
        """Return 1.0 when the turn is over; cancelled by livekit-agents when the participant goes on."""
        try:
            async with asyncio.timeout(SETTLE_TIMEOUT_S):
                # A text that arrives meanwhile makes livekit ask anew, with all of it.
                await self._settled()
        except TimeoutError:
            log.warning("turn judged without all of its text", waited_s=SETTLE_TIMEOUT_S)
        text = _last_words(chat_ctx)
        probability = await self._probability()
        judgement = judge(text, language=self._language(), probability=probability, profile=self._profile())
        loop = asyncio.get_running_loop()
        since = loop.time() - self._last_voiced_at if self._last_voiced_at is not None else 0.0
        if judgement.wait_s > since:
            await asyncio.sleep(judgement.wait_s - since)
        self._judged(judgement, probability)
        if self._sound is not None:
            self._sound.flush(reason="turn over")
        self._prediction = None
        return 1.0

    async def _probability(self) -> float | None:
        prediction = self._prediction
        if prediction is None:
            return None
        done, _ = await asyncio.wait({prediction}, timeout=PATIENCE_S)
        if not done or prediction.cancelled():
            return None
        return prediction.result().end_of_turn_probability

    def _drop_prediction(self) -> None:
        if self._prediction is not None and self._sound is not None:
            self._sound.cancel_inference()
        self._prediction = None

    async def aclose(self) -> None:
        """Let go of the sound judge."""
        if self._sound is not None:
            await self._sound.aclose()


def _last_words(chat_ctx: llm.ChatContext) -> str:
    for item in reversed(chat_ctx.items):
        if item.type == "message" and item.role == "user":
            return item.text_content or ""
    return ""
