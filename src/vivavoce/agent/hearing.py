"""What a host's sessions hear with: voice activity detection, and the sound of a turn's end. Loaded once, shared."""

from __future__ import annotations

import asyncio
import logging
from typing import Literal

from livekit import rtc
from livekit.agents import inference, vad

from vivavoce.errors import VivavoceError
from vivavoce.moderator.turns import SoundJudge
from vivavoce.voice.activity import SAMPLE_RATE

SILENCE_S = 0.4
"""Silence that ends an utterance. Every turn profile waits longer before it answers, and the text is sought before
(`voice.stt.EARLY_SILENCE_S`), so a longer one costs no response time and cuts fewer sentences in two."""

WARM_FRAMES = 25
"""Half a second of silence: enough for both models' first judgement."""

WARM_TIMEOUT_S = 60.0


class HearingNotReady(VivavoceError):
    """The models that hear whether somebody speaks do not answer."""

    code = "hearing_not_ready"


class Hearing:
    """The models that hear a session's participant, whatever is said.

    Args:
        end_of_turn: which model judges by its sound whether a turn is complete; `none` does without.
    """

    def __init__(self, end_of_turn: Literal["v1-mini", "none"]) -> None:
        self.detector: vad.VAD = inference.VAD(model="silero", min_silence_duration=SILENCE_S)
        self._turns = inference.TurnDetector(version="v1-mini") if end_of_turn == "v1-mini" else None

    def sound_judge(self) -> SoundJudge | None:
        """A session's own judge of whether a turn sounds complete, if there is one."""
        return self._turns.stream() if self._turns is not None else None

    async def warm(self) -> None:
        """Load what the first session would otherwise wait for. No model is loaded inside a session.

        Raises:
            HearingNotReady: a model did not answer.
        """
        stream = self.detector.stream()
        judge = self.sound_judge()
        # livekit warns of a slow judgement; the first one loads the model and always is.
        livekit = logging.getLogger("livekit.agents")
        livekit.addFilter(_grave)
        try:
            frame = rtc.AudioFrame(bytes(2 * SAMPLE_RATE // 50), SAMPLE_RATE, 1, SAMPLE_RATE // 50)
            for _ in range(WARM_FRAMES):
                stream.push_frame(frame)
                if judge is not None:
                    judge.push_audio(frame)
            async with asyncio.timeout(WARM_TIMEOUT_S):
                await anext(aiter(stream))
                if judge is not None:
                    await judge.predict()
        except TimeoutError:
            raise HearingNotReady(
                f"The voice activity and end-of-turn models did not answer within {WARM_TIMEOUT_S:.0f} s.",
                next_step="The machine may be overloaded: try again, or set VIVAVOCE_TURN__DETECTOR=none.",
            ) from None
        finally:
            livekit.removeFilter(_grave)
            await stream.aclose()
            if judge is not None:
                await judge.aclose()


def _grave(record: logging.LogRecord) -> bool:
    return record.levelno > logging.WARNING
