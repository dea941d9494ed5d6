"""Speakers: whoever says a text. One goes on where another fails, with the same sentence from its beginning."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from livekit.agents import APIConnectOptions, APIError, tts

from vivavoce.session.usage import Use, Used, unmetered
from vivavoce.settings.voice import SPEECH, SpeakingProfile
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


class Saying(Sound, Protocol):
    """Sound in which the text may begin again, where another voice took over in its middle."""

    @property
    def begins_s(self) -> float:
        """Seconds of it that came before the text began for the last time."""
        ...


class Sayer(Protocol):
    """A `Speaker` that goes on where one fails; `Speakers` is one."""

    def speak(
        self, text: str, *, model: str, voice: str, language: str | None = None, speed: float = 1.0
    ) -> AbstractAsyncContextManager[Saying]:
        """See `Speaker`."""
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
        make: makes the plug-in's object for one of its voices and a language; None are its usual ones.
        profile: which voice speaks which language; a language without one is spoken by the first.
        told: whether it must be told which language a text is in.
    """

    def __init__(
        self, make: Callable[[str | None, str | None], tts.TTS[Any]], profile: SpeakingProfile, *, told: bool
    ) -> None:
        self._make = make
        self._profile = profile
        self._told = told
        self._made: dict[tuple[str | None, str | None], tts.TTS[Any]] = {}
        # Made here, so that a plug-in that does not take its settings says so at the start.
        for language in profile.languages() or (None,):
            self._of(language)

    @asynccontextmanager
    async def speak(
        self, text: str, *, model: str, voice: str, language: str | None = None, speed: float = 1.0
    ) -> AsyncGenerator[Sound]:
        """See `Speaker`. The speed is the plug-in's own."""
        made = self._of(language)
        options = APIConnectOptions(max_retry=0, timeout=LONGEST_S)
        async with made.synthesize(text, conn_options=options) as stream:
            yield _PluginSound(stream, made.sample_rate, made.label)

    def _of(self, language: str | None) -> tts.TTS[Any]:
        own = self._profile.voice(language) if language is not None else None
        voice = own or next(iter(self._profile.voice_names()), None)
        key = voice, language if self._told else None
        if key not in self._made:
            self._made[key] = self._make(*key)
        return self._made[key]


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


@dataclass
class _Said:
    """A `Saying`: `seconds` are those of whoever says it now."""

    begins_s: float = 0.0
    seconds: float = 0.0
    sample_rate: int = SAMPLE_RATE
    pieces: AsyncGenerator[bytes] | None = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        assert self.pieces is not None, "it is set before it is given out"
        return self.pieces


class Speakers:
    """One session's speakers, in the order of the settings.

    Args:
        links: the speakers, the study's own first.
        now: see `Route`.
        switch_s: seconds without sound after which the next one speaks.
        switched: told when another one speaks.
        used: told of what each of them said.
    """

    def __init__(
        self,
        links: Sequence[Link[Speaker]],
        *,
        now: Callable[[], float],
        switch_s: float,
        switched: Switched,
        used: Used = unmetered,
    ) -> None:
        self._route: Route[Speaker] = Route(links, now=now, switched=switched)
        self._switch_s = switch_s
        self._used = used

    @asynccontextmanager
    async def speak(
        self, text: str, *, model: str, voice: str, language: str | None = None, speed: float = 1.0
    ) -> AsyncGenerator[Saying]:
        """See `Speaker`; the sound is at `wording.SAMPLE_RATE`.

        Who takes over in the middle says the whole text again: a sentence in two voices with a gap would be understood
        by nobody.
        """
        said = _Said()
        async with aclosing(self._pieces(said, text, model, voice, language, speed)) as pieces:
            said.pieces = pieces
            yield said

    async def _pieces(
        self, said: _Said, text: str, model: str, voice: str, language: str | None, speed: float
    ) -> AsyncGenerator[bytes]:
        failure: SpeechError | None = None
        for attempt in self._route.attempts(anyway=True):
            with attempt:
                saying = attempt.part.speak(text, model=model, voice=voice, language=language, speed=speed)
                said.begins_s += said.seconds
                said.seconds, refused = 0.0, False
                try:
                    async with aclosing(self._sound(attempt, saying)) as sound:
                        async for piece in sound:
                            attempt.answers()
                            said.seconds += len(piece) / 2 / SAMPLE_RATE
                            yield piece
                    return
                except SpeechRejected as error:
                    refused = True
                    failure = error  # an answer, but no sound: another may have the voice
                    continue
                except (SpeechBusy, SpeechUnavailable) as error:
                    refused = True
                    failure = error
                finally:
                    if said.seconds or not refused:
                        who = model if attempt.name == SPEECH else attempt.name
                        self._used(
                            Use("tts", who, characters=len(text), seconds=said.seconds, counted_by="us")
                        )
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
