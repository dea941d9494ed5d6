"""The upstream seam: what a speech server elsewhere is to the relay that stands for it here."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from vivavoce.breaker import BreakerState
from vivavoce.speech.messages import Voice
from vivavoce.speech.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Reference:
    """A clip whose voice is to be imitated.

    Attributes:
        id: names the clip and its transcript; another clip or another transcript has another id.
        wav: s16 mono.
        transcript: what is said in it.
        consent: how the speaker's consent is known.
    """

    id: str
    wav: bytes
    transcript: str
    consent: str


class Upstream(Protocol):
    """A speech server elsewhere. Any number of its calls may run at once."""

    @property
    def sample_rate(self) -> int:
        """Hz, of all sound that `speak` gives, whatever the server sends."""
        ...

    @property
    def imitates(self) -> bool:
        """Whether it can speak with the voice of a clip."""
        ...

    @property
    def breaker(self) -> BreakerState:
        """Whether requests go through."""
        ...

    async def voices(self) -> Sequence[Voice]:
        """Its voices, as the server lists them or as the settings name them.

        Raises:
            SpeechUnavailable, SpeechRejected.
        """
        ...

    def speak(
        self, text: str, *, voice: str, language: str | None, speed: float, reference: Reference | None
    ) -> AsyncGenerator[bytes]:
        """Speak a text: s16le mono at `sample_rate`, in whole samples, as the server makes it.

        Closing the iterator closes the request upstream at once.

        Args:
            text: not empty.
            voice: id of one of `voices()`; ignored with a reference.
            language: ISO 639-1, what the text is in; None: the server finds out.
            speed: 0.25 to 4.0.
            reference: whose voice to imitate.

        Raises:
            SpeechRejected, SpeechBusy: before the first sound.
            SpeechUnavailable: at any time; what was given until then is not the whole text.
        """
        ...

    async def probe(self) -> None:
        """Ask the server a cheap question.

        Raises:
            SpeechUnavailable, SpeechRejected: what is wrong.
        """
        ...

    async def forget(self, reference_id: str) -> None:
        """Have the server delete a clip, if it was given it. One that is not there is no error.

        Raises:
            SpeechUnavailable, SpeechRejected.
        """
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...


@runtime_checkable
class Hearing(Protocol):
    """An upstream that also writes down."""

    async def transcribe(
        self, pcm: bytes, *, language: str | None, prompt: str | None, words: bool
    ) -> Transcript:
        """Write down a sound.

        Args:
            pcm: s16le mono at 16 kHz.
            language: ISO 639-1; None: the server finds out.
            prompt: names and terms that may come up.
            words: whether to time the words.

        Raises:
            SpeechRejected, SpeechBusy, SpeechUnavailable.
        """
        ...
