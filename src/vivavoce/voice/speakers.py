"""Speakers: whoever says a text. One goes on where another fails, with the same sentence from its beginning."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from livekit.agents import APIConnectOptions, APIError, tts

from vivavoce.settings.voice import SpeakingProfile
from vivavoce.speech.client import SpeechBusy, SpeechClient, SpeechError, SpeechRejected, SpeechUnavailable
from vivavoce.voice.failover import Attempt, Link, Route, Switched
from vivavoce.voice.plugins import LONGEST_S
from vivavoce.voice.rate import to_playout_rate
from vivavoce.voice.wording import SAMPLE_RATE


class Sound(Protocol):
    """Sound as it is made: s16le mono at `sample_rate` Hz, each piece a whole number of samples."""

    @property
    def sample_rate(self) -> int:
        """Hz."""
        ...

    def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces.

        Raises:
            SpeechUnavailable: it broke off.
        """
        ...


class Speaker(Protocol):
    """Says a text; `SpeechClient` is one."""

    def speak(
        self, text: str, *, model: str, voice: str, language: str | None = None, speed: float = 1.0
    ) -> AbstractAsyncContextManager[Sound]:
        """Say a text in a voice of the study's.

        Raises:
            SpeechUnavailable, SpeechBusy, SpeechRejected.
        """
        ...


class ServerSpeaker:
    """Another speech server of ours, with voices of its own for some languages or the study's for the others."""

    def __init__(self, client: SpeechClient, profile: SpeakingProfile) -> None:
        self._client = client
        self._profile = profile

    def speak(
        self, text: str, *, model: str, voice: str, language: str | None = None, speed: float = 1.0
    ) -> AbstractAsyncContextManager[Sound]:
        """See `Speaker`."""
        own = self._profile.voice(language) if language is not None else None
        if own is not None:
            model, _, voice = own.partition("/")
        return self._client.speak(text, model=model, voice=voice, language=language, speed=speed)


class PluginSpeaker:
    """A plug-in of LiveKit Agents.

    Args:
        make: makes the plug-in's object for one of its voices; None is its usual one.
        profile: which voice speaks which language; a language without one is spoken by the first.
    """

    def __init__(self, make: Callable[[str | None], tts.TTS[Any]], profile: SpeakingProfile) -> None:
        self._profile = profile
        # Made here, so that a plug-in that does not take its settings says so at the start.
        self._made = {voice: make(voice) for voice in profile.voice_names() or (None,)}

    @asynccontextmanager
    async def speak(
        self, text: str, *, model: str, voice: str, language: str | None = None, speed: float = 1.0
    ) -> AsyncGenerator[Sound]:
        """See `Speaker`. The speed is the plug-in's own."""
        own = self._profile.voice(language) if language is not None else None
        made = self._made.get(own) or next(iter(self._made.values()))
        options = APIConnectOptions(max_retry=0, timeout=LONGEST_S)
        async with made.synthesize(text, conn_options=options) as stream:
            yield _PluginSound(stream, made.sample_rate, made.label)


@dataclass(frozen=True)
class _PluginSound:
    stream: tts.ChunkedStream
    sample_rate: int
    label: str

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self.stream:
                yield bytes(piece.frame.data.cast("B"))
        except APIError as error:
            raise SpeechUnavailable(f"{self.label} failed: {error.message}.", next_step="") from error


class Speakers:
    """One session's speakers, in the order of the settings.

    Args:
        links: the speakers, the study's own first.
        now: see `Route`.
        switch_s: seconds without sound after which the next one speaks.
        switched: told when another one speaks.
    """

    def __init__(
        self,
        links: Sequence[Link[Speaker]],
        *,
        now: Callable[[], float],
        switch_s: float,
        switched: Switched,
    ) -> None:
        self._route: Route[Speaker] = Route(links, now=now, switched=switched)
        self._switch_s = switch_s

    @asynccontextmanager
    async def speak(
        self, text: str, *, model: str, voice: str, language: str | None = None, speed: float = 1.0
    ) -> AsyncGenerator[Sound]:
        """See `Speaker`; the sound is at `wording.SAMPLE_RATE`.

        Who takes over in the middle says the whole text again: a sentence in two voices with a gap would be understood
        by nobody.
        """
        async with aclosing(self._pieces(text, model, voice, language, speed)) as pieces:
            yield _Pieces(pieces)

    async def _pieces(
        self, text: str, model: str, voice: str, language: str | None, speed: float
    ) -> AsyncGenerator[bytes]:
        failure: SpeechError | None = None
        for attempt in self._route.attempts(anyway=True):
            with attempt:
                said = attempt.part.speak(text, model=model, voice=voice, language=language, speed=speed)
                try:
                    async with aclosing(self._sound(attempt, said)) as sound:
                        async for piece in sound:
                            attempt.answers()
                            yield piece
                    return
                except SpeechRejected as error:
                    failure = error  # an answer, but no sound: another may have the voice
                    continue
                except (SpeechBusy, SpeechUnavailable) as error:
                    failure = error
                attempt.failed(failure)
        assert failure is not None, "a route has at least one link"
        raise failure

    async def _sound(
        self, attempt: Attempt[Speaker], said: AbstractAsyncContextManager[Sound]
    ) -> AsyncGenerator[bytes]:
        limit_s = None if attempt.alone else self._switch_s
        any_sound = False
        try:
            # Entered and left in one task, and each wait for sound is timed by itself.
            async with asyncio.timeout(limit_s):
                sound = await said.__aenter__()
            try:
                convert = to_playout_rate(sound.sample_rate)
                pieces = aiter(sound)
                while True:
                    async with asyncio.timeout(limit_s):
                        piece = await anext(pieces, None)
                    if piece is None:
                        break
                    any_sound = any_sound or bool(piece)
                    yield convert(piece, False)
                yield convert(b"", True)
            finally:
                await said.__aexit__(None, None, None)
        except TimeoutError:
            raise SpeechUnavailable(
                f"{attempt.name!r} made no sound for {limit_s:g} s.",
                next_step="Look at its load, or raise tts.switch_s.",
            ) from None
        if not any_sound:
            raise SpeechUnavailable(f"{attempt.name!r} gave no sound at all.", next_step="Look at its log.")


@dataclass(frozen=True)
class _Pieces:
    pieces: AsyncGenerator[bytes]
    sample_rate: int = SAMPLE_RATE

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self.pieces
