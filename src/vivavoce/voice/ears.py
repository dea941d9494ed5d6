"""Ears: whoever writes down what was said. One goes on where another fails, with the same sound."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from livekit import rtc
from livekit.agents import NOT_GIVEN, APIConnectOptions, APIError, stt

from vivavoce.settings.voice import SPEECH
from vivavoce.speech.client import (
    Priority,
    SpeechBusy,
    SpeechClient,
    SpeechDropped,
    SpeechError,
    SpeechRejected,
    SpeechUnavailable,
    Transcript,
)
from vivavoce.voice.failover import Link, Route, Switched
from vivavoce.voice.plugins import LONGEST_S

A_SECOND_S = 0.2
"""Patience a second of sound, besides the settings': Whisper takes 0.02-0.05 s a second on two idle cores."""


Sent = Callable[[str, float], None]
"""Told that a profile, or a model of the speech server's, was sent so many more seconds of sound; fewer than none where
it did not take them."""


class Ear(Protocol):
    """Writes down a sound; `SpeechClient` is one."""

    async def transcribe(
        self,
        pcm: bytes,
        *,
        sample_rate: int = 16000,
        language: str | Sequence[str] | None = None,
        priority: Priority = "live",
        model: str | None = None,
    ) -> Transcript:
        """The text of s16le mono sound, in one of the languages; `model` is the speech server's that is wanted for it.

        Raises:
            SpeechUnavailable, SpeechBusy, SpeechRejected.
        """
        ...


class CountedEar(Protocol):
    """An `Ear` that says who was sent how much; `Ears` is one."""

    async def transcribe(
        self,
        pcm: bytes,
        *,
        sample_rate: int = 16000,
        language: str | Sequence[str] | None = None,
        priority: Priority = "live",
        model: str,
        sent: Sent,
    ) -> Transcript:
        """See `Ear`; `sent` is told of everybody who is asked."""
        ...


class ServerEar:
    """Another speech server of ours, asked for one of its models.

    Args:
        client: of that server.
        model: one of its models; None: its first.
        name: of the profile, where the model is not known.
    """

    def __init__(self, client: SpeechClient, model: str | None, *, name: str) -> None:
        self._client = client
        self._model = model
        self._name = name

    async def transcribe(
        self,
        pcm: bytes,
        *,
        sample_rate: int = 16000,
        language: str | Sequence[str] | None = None,
        priority: Priority = "live",
        model: str | None = None,
    ) -> Transcript:
        """See `Ear`."""
        transcript = await self._client.transcribe(
            pcm, sample_rate=sample_rate, language=language, priority=priority, model=self._model
        )
        return replace(transcript, model=self._model or self._name)


class PluginEar:
    """A plug-in of LiveKit Agents. It makes no captions: what a cloud hears twice is paid for twice.

    Args:
        model: the plug-in's.
    """

    def __init__(self, model: stt.STT[Any]) -> None:
        self._model = model

    async def transcribe(
        self,
        pcm: bytes,
        *,
        sample_rate: int = 16000,
        language: str | Sequence[str] | None = None,
        priority: Priority = "live",
        model: str | None = None,
    ) -> Transcript:
        """See `Ear`."""
        if priority == "partial":
            raise SpeechDropped("A plug-in makes no captions.", next_step="")
        expected = _first(language)
        duration_s = len(pcm) / 2 / sample_rate
        patience_s = LONGEST_S + duration_s
        sound = rtc.AudioFrame(pcm, sample_rate, 1, len(pcm) // 2)
        options = APIConnectOptions(max_retry=0, timeout=patience_s)
        try:
            async with asyncio.timeout(patience_s):
                event = await self._model.recognize(
                    [sound], language=NOT_GIVEN if expected is None else expected, conn_options=options
                )
        except TimeoutError:
            raise SpeechUnavailable(
                f"{self._model.label} gave no text within {patience_s:.0f} s.", next_step=""
            ) from None
        except APIError as error:
            raise SpeechUnavailable(f"{self._model.label} failed: {error.message}.", next_step="") from error
        found = event.alternatives[0] if event.alternatives else None
        return Transcript(
            text=found.text.strip() if found is not None else "",
            language=(str(found.language) if found is not None else "") or expected,
            confidence=(found.confidence if found is not None else 0.0) or 1.0,
            duration_s=duration_s,
            model=self._model.model,
        )


def _nobody(name: str, seconds: float) -> None:
    """For whoever keeps no account."""


class Ears:
    """One session's ears, in the order of the settings.

    Args:
        order: gives the ears for a language, in order.
        now: see `Route`.
        switch_s: seconds without a text after which the next one is asked.
        switched: told when another one hears.
    """

    def __init__(
        self,
        order: Callable[[str | None], Sequence[Link[Ear]]],
        *,
        now: Callable[[], float],
        switch_s: float,
        switched: Switched,
    ) -> None:
        self._order = order
        self._now = now
        self._switch_s = switch_s
        self._switched = switched
        self._routes: dict[tuple[str, ...], Route[Ear]] = {}

    async def transcribe(
        self,
        pcm: bytes,
        *,
        sample_rate: int = 16000,
        language: str | Sequence[str] | None = None,
        priority: Priority = "live",
        model: str,
        sent: Sent = _nobody,
    ) -> Transcript:
        """See `CountedEar`. A partial is asked of whoever hears now, and of nobody else."""
        ours_s = len(pcm) / 2 / sample_rate

        async def ask(name: str, ear: Ear) -> Transcript:
            # As the server counts; as we do if it was overtaken, or too slow; not if it refused.
            who = model if name == SPEECH else name
            sent(who, ours_s)
            try:
                transcript = await ear.transcribe(
                    pcm, sample_rate=sample_rate, language=language, priority=priority, model=model
                )
            except SpeechError:
                sent(who, -ours_s)
                raise
            sent(who, transcript.duration_s - ours_s)
            return transcript

        route = self._route(_first(language))
        if priority == "partial":
            return await ask(route.current.name, route.current.part)
        patience_s = self._switch_s + A_SECOND_S * ours_s
        failure: SpeechError | None = None
        for attempt in route.attempts(anyway=True):
            with attempt:
                try:
                    async with asyncio.timeout(None if attempt.alone else patience_s):
                        transcript = await ask(attempt.name, attempt.part)
                except SpeechRejected as error:
                    failure = error  # an answer, but no text: another may know the language
                    continue
                except (SpeechBusy, SpeechUnavailable) as error:
                    failure = error
                except TimeoutError:
                    failure = SpeechUnavailable(
                        f"{attempt.name!r} gave no text within {patience_s:.1f} s.",
                        next_step="Look at its load, or raise stt.switch_s.",
                    )
                else:
                    attempt.answers()
                    return transcript
                attempt.failed(failure)
        assert failure is not None, "a route has at least one link"
        raise failure

    def _route(self, language: str | None) -> Route[Ear]:
        links = self._order(language)
        names = tuple(link.name for link in links)
        if names not in self._routes:
            self._routes[names] = Route(links, now=self._now, switched=self._switched)
        return self._routes[names]


def _first(language: str | Sequence[str] | None) -> str | None:
    """The likeliest language: who is asked, and what a cloud is told."""
    return language if language is None or isinstance(language, str) else language[0]
