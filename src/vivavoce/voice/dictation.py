"""The dictation: sound that a speech-to-speech model was given as something said, and the text of it that comes back.

Only OpenAI's model writes down what it hears in time for the rails. Each stretch of sound is committed by itself; which
item it became, and whether its text failed, the plug-in keeps to itself, so that the server's events are followed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from livekit.agents import llm

from vivavoce.settings import RealtimeProfile
from vivavoce.speech.client import SpeechUnavailable, Transcript

LEAST_COMMIT_S = 0.1
"""OpenAI refuses to take less sound as something said
(https://platform.openai.com/docs/api-reference/realtime-client-events/input_audio_buffer/commit)."""

TEXT_S = 20.0
"""The longest a transcription is waited for; whoever asks has less patience if another ear is there."""

MOST_UNTOLD = 64


@dataclass
class _Part:
    """Sound that was given to the model as one thing said, and the text of it that is to come."""

    seconds: float
    text: asyncio.Future[tuple[str, float | None]]
    counted: bool = False


class Dictation:
    """One interview's, on whichever connection."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._pushed_s = 0.0
        self._parts: list[_Part] = []
        self._committed: deque[_Part] = deque(maxlen=MOST_UNTOLD)
        self._by_item: dict[str, _Part] = {}

    @property
    def pending(self) -> bool:
        """Whether sound was given that is not committed."""
        return bool(self._pushed_s)

    def begin(self) -> None:
        """Somebody begins to speak."""
        self._parts, self._pushed_s = [], 0.0

    def pushed(self, seconds: float) -> None:
        """So much more sound was given."""
        self._pushed_s += seconds

    def commit(self, session: llm.RealtimeSession[Any], *, written: bool) -> None:
        """Have the sound so far taken as something said, if it is enough.

        Args:
            session: the connection that it was given to.
            written: whether the model writes it down.
        """
        if self._pushed_s <= LEAST_COMMIT_S:
            return
        part = _Part(self._pushed_s, self._loop.create_future())
        self._pushed_s = 0.0
        session.commit_audio()
        if written:
            self._parts.append(part)
            self._committed.append(part)

    async def text(self, profile: RealtimeProfile, language: str | Sequence[str] | None) -> Transcript:
        """The text of what was committed since somebody began to speak; each second is counted once.

        Raises:
            SpeechUnavailable: the model did not hear it, or gives no text.
        """
        parts = self._parts
        if not parts:
            raise SpeechUnavailable("The speech-to-speech model did not hear that.", next_step="")
        _, late = await asyncio.wait([part.text for part in parts], timeout=TEXT_S)
        if late or any(part.text.cancelled() or part.text.exception() for part in parts):
            raise SpeechUnavailable("The speech-to-speech model gave no text.", next_step="")
        texts = [part.text.result() for part in parts]
        new_s = sum(part.seconds for part in parts if not part.counted)
        for part in parts:
            part.counted = True
        return Transcript(
            text=" ".join(text.strip() for text, _ in texts if text.strip()),
            language=language if language is None or isinstance(language, str) else language[0],
            confidence=min((sure for _, sure in texts if sure is not None), default=1.0),
            duration_s=new_s,
            model=profile.transcriber or profile.model,
        )

    def forget(self) -> None:
        """The connection that all this was given to is gone."""
        for part in (*self._committed, *self._by_item.values()):
            part.text.cancel()
        self._committed.clear()
        self._by_item.clear()
        self._pushed_s = 0.0

    def on_text(self, text: llm.InputTranscriptionCompleted) -> None:
        """The plug-in reports a text."""
        part = self._by_item.get(text.item_id)
        if text.is_final and part is not None:
            del self._by_item[text.item_id]
            if not part.text.done():
                part.text.set_result((text.transcript, text.confidence))

    def on_openai_event(self, event: dict[str, Any]) -> None:
        """Follow what the plug-in keeps to itself: which item a commit became, and whether its text failed.

        https://platform.openai.com/docs/api-reference/realtime-server-events
        """
        match event:
            case {"type": "input_audio_buffer.committed", "item_id": str(item_id)} if self._committed:
                self._by_item[item_id] = self._committed.popleft()
            case {"type": "error", "error": {"code": "input_audio_buffer_commit_empty"}} if self._committed:
                self._committed.popleft().text.cancel()
            case {"type": "conversation.item.input_audio_transcription.failed", "item_id": str(item_id)}:
                if (part := self._by_item.pop(item_id, None)) is not None:
                    part.text.cancel()
            case _:
                pass
