"""The JSON frames of `/v1/audio/transcribe`. See `docs/reference/speech-transcribe.md`."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from vivavoce.speech.messages import Priority
from vivavoce.speech.sockets.frames import VERSION, Close, ErrorFrame, Frame, Language, Ping, Pong
from vivavoce.speech.transcript import Word

PROMPT_LIMIT = 2000
"""Characters. Whisper reads 223 tokens, about 1000 characters; more is cut off at the front."""

Endpointing = Literal["server", "client"]


class Listen(Frame):
    """Begins a sound.

    Attributes:
        v: version of the frames.
        model: an engine that transcribes; None: the first one.
        language: what is spoken; None: it is detected, for each utterance.
        prompt: names and terms that may come up.
        sample_rate: Hz, of the s16le mono samples that the binary frames hold.
        endpointing: who says when an utterance ends.
        silence_s: seconds of silence that end one, when the server says so.
        partials: whether to transcribe an utterance while it lasts.
        words: whether to time the words of the finals.
        priority: of the finals: live, or batch where nobody waits.
    """

    type: Literal["start"] = "start"
    v: Literal[1] = VERSION
    model: str | None = None
    language: Language = None
    prompt: str | None = Field(default=None, max_length=PROMPT_LIMIT)
    sample_rate: int = Field(default=16_000, ge=4000, le=192_000)
    endpointing: Endpointing = "server"
    silence_s: float = Field(default=0.6, ge=0.1, le=5.0)
    partials: bool = True
    words: bool = False
    priority: Literal[Priority.LIVE, Priority.BATCH] = Priority.LIVE


class EndUtterance(Frame):
    """The utterance ends here."""

    type: Literal["end_utterance"] = "end_utterance"


class Cancel(Frame):
    """Forget the utterance that lasts, and those that are not transcribed yet."""

    type: Literal["cancel"] = "cancel"


class End(Frame):
    """The sound ends here: what is left is transcribed, then comes `done`, and another `start` may follow."""

    type: Literal["end"] = "end"


class Listening(Frame):
    """A sound has begun: its samples may come."""

    type: Literal["started"] = "started"
    v: Literal[1] = VERSION
    model: str
    language: str | None = None
    sample_rate: int
    endpointing: Endpointing


class SpeechStarted(Frame):
    """Somebody speaks; the server's endpointing only. Seconds count from the sound's first sample."""

    type: Literal["speech_started"] = "speech_started"
    utterance: int
    start_s: float


class SpeechStopped(Frame):
    """An utterance has ended; its `final` is being made."""

    type: Literal["speech_stopped"] = "speech_stopped"
    utterance: int
    end_s: float


class Partial(Frame):
    """What is heard of an utterance so far, the whole of it; it may still change."""

    type: Literal["partial"] = "partial"
    utterance: int
    text: str
    start_s: float
    end_s: float


class Final(Frame):
    """What was said in an utterance; empty where there were no words.

    Attributes:
        reason: why it ended: silence, the client, or the limit of length.
        confidence: 0 to 1.
        words: in order, seconds from the sound's first sample; None unless asked for.
    """

    type: Literal["final"] = "final"
    utterance: int
    text: str
    start_s: float
    end_s: float
    reason: Literal["silence", "client", "limit"]
    language: str | None = None
    confidence: float
    words: tuple[Word, ...] | None = None


class HearingError(ErrorFrame):
    """An error; with `utterance`, one that will have no final."""

    utterance: int | None = None


class HearingDone(Frame):
    """The sound has ended and all its finals have come; it had `audio_s` seconds."""

    type: Literal["done"] = "done"
    audio_s: float


ClientFrame: TypeAlias = Listen | EndUtterance | Cancel | End | Ping | Close
ServerFrame: TypeAlias = (
    Listening | SpeechStarted | SpeechStopped | Partial | Final | HearingError | HearingDone | Pong
)

CLIENT: TypeAdapter[ClientFrame] = TypeAdapter(Annotated[ClientFrame, Field(discriminator="type")])
SERVER: TypeAdapter[ServerFrame] = TypeAdapter(Annotated[ServerFrame, Field(discriminator="type")])
