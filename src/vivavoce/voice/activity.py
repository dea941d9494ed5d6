"""Voice activity: one detector a session, and whoever needs to know what it hears.

livekit-agents runs the session's VAD itself and keeps its events to itself. Our speech-to-text and our end-of-turn
detector need the same events, so the session is given a `SharedVAD`: it runs the real detector and shows every event
to its listeners as it passes on. A second VAD stream per session (livekit's `StreamAdapter`) would cost as much again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from livekit import rtc
from livekit.agents import vad
from livekit.agents.utils import aio

Listener = Callable[[vad.VADEvent], None]

SAMPLE_RATE = 16_000
"""Hz, of every frame the detector sees: `transport.Desk.input` delivers it and Silero works at it."""


class SharedVAD(vad.VAD):
    """A VAD whose events can be listened to.

    Args:
        detector: the real one, e.g. `livekit.agents.inference.VAD`; may be shared by many sessions.
    """

    def __init__(self, detector: vad.VAD) -> None:
        super().__init__(capabilities=detector.capabilities)
        self._detector = detector
        self._listeners: list[Listener] = []

    @property
    def model(self) -> str:
        """The real detector's model."""
        return self._detector.model

    @property
    def provider(self) -> str:
        """The real detector's provider."""
        return self._detector.provider

    @property
    def min_silence_duration(self) -> float | None:
        """Seconds of silence after which the real detector ends an utterance; livekit-agents asks for it."""
        return getattr(self._detector, "min_silence_duration", None)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every event, on the event loop, before the session sees it.

        Returns:
            a function that ends the listening.
        """
        self._listeners.append(listener)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return stop

    def stream(self) -> vad.VADStream:
        """A stream of the real detector with listeners on it."""
        return _SharedStream(self, self._detector, tuple_of=self._listeners)


class _SharedStream(vad.VADStream):
    def __init__(self, parent: SharedVAD, detector: vad.VAD, *, tuple_of: list[Listener]) -> None:
        self._inner = detector.stream()
        self._listeners = tuple_of
        super().__init__(parent)

    async def _main_task(self) -> None:
        forward = asyncio.create_task(self._forward_input(), name="vad.input")
        try:
            async for event in self._inner:
                for listener in list(self._listeners):
                    listener(event)
                self._event_ch.send_nowait(event)
        finally:
            await aio.cancel_and_wait(forward)
            await self._inner.aclose()

    async def _forward_input(self) -> None:
        async for item in self._input_ch:
            if isinstance(item, rtc.AudioFrame):
                self._inner.push_frame(item)
            else:
                self._inner.flush()
        self._inner.end_input()
