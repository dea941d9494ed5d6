"""The JSON frames of `/v1/audio/stream`. See `docs/reference/speech-stream.md`."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StrictBool, StrictStr, TypeAdapter

from vivavoce.speech.messages import Priority, WordTime
from vivavoce.speech.sockets.frames import (
    VERSION,
    Close,
    ErrorFrame,
    Frame,
    LanguageTag,
    Ping,
    Pong,
    VoiceName,
)

ContextId = Annotated[StrictStr, Field(min_length=1, max_length=64)]

MAIN = "main"
"""The context of a client that needs only one at a time."""


class Start(Frame):
    """Opens a context: one text, spoken by one voice.

    Attributes:
        v: version of the frames.
        context: its name among the socket's open contexts.
        model: an engine that speaks; None: the usual one of the language.
        voice: one of the engine's voices, or one of OpenAI's; None: the usual one of the language.
        language: BCP 47, what the text is in; None: the voice's language.
        fallback: whether to take the language's usual voice where `voice` is unknown or of another language.
        speed: 1.0 is the voice's own.
        sample_rate: Hz wanted; None: the engine's own.
        priority: live, or batch where nobody waits.
        cache: whether to use and keep what is made; None: only for batch.
        word_times: whether to say when words are said.
    """

    type: Literal["start"] = "start"
    v: Literal[1] = VERSION
    context: ContextId = MAIN
    model: str | None = None
    voice: VoiceName | None = None
    language: LanguageTag = None
    fallback: bool = False
    speed: float = Field(default=1.0, ge=0.25, le=4.0)
    sample_rate: int | None = Field(default=None, ge=8000, le=48_000)
    priority: Priority = Priority.LIVE
    cache: bool | None = None
    word_times: bool = False


class Text(Frame):
    """More of a context's text, whole or in any bits; with `end` it was the last."""

    type: Literal["text"] = "text"
    context: ContextId = MAIN
    text: StrictStr
    end: StrictBool = False


class Flush(Frame):
    """Speak what there is of a context's text, though its sentence has no end."""

    type: Literal["flush"] = "flush"
    context: ContextId = MAIN


class Cancel(Frame):
    """Stop a context at once; None: all of them."""

    type: Literal["cancel"] = "cancel"
    context: ContextId | None = None


class BareText(Frame):
    """A text and a voice, without a type: binary PCM comes back, then `{"done": true}`."""

    text: StrictStr
    voice: VoiceName | None = None
    model: str | None = None
    language: LanguageTag = None
    speed: float = Field(default=1.0, ge=0.25, le=4.0)
    cache: bool | None = None


class Started(Frame):
    """A context is open.

    Attributes:
        voice: the id of the one that speaks.
        language: BCP 47, what it speaks; None: any, it finds out which.
        sample_rate: Hz, of all its sound.
        format: of its sound: s16le.
        channels: one.
    """

    type: Literal["started"] = "started"
    v: Literal[1] = VERSION
    context: str
    model: str
    voice: str
    language: str | None = None
    sample_rate: int
    format: Literal["pcm_s16le"] = "pcm_s16le"
    channels: Literal[1] = 1


class Audio(Frame):
    """The next frame is binary, and is this stretch of a context's sound.

    Attributes:
        start_s: seconds, on the context's clock, which starts with its first sound.
        samples: how many follow.
    """

    type: Literal["audio"] = "audio"
    context: str
    start_s: float
    samples: int


class Words(Frame):
    """When words of a context are said; comes before their sound.

    Attributes:
        words: `start` and `end` are characters of the context's text, times are on the context's clock.
    """

    type: Literal["words"] = "words"
    context: str
    words: tuple[WordTime, ...]


class Done(Frame):
    """A context is over: nothing more comes of it.

    Attributes:
        cancelled: whether by a `cancel`.
        audio_s: seconds of sound that it gave.
    """

    type: Literal["done"] = "done"
    context: str
    cancelled: bool = False
    audio_s: float


class BareDone(Frame):
    """A bare text has been spoken."""

    done: Literal[True] = True


ClientFrame: TypeAlias = Start | Text | Flush | Cancel | Ping | Close
ServerFrame: TypeAlias = Started | Audio | Words | Done | ErrorFrame | Pong

CLIENT: TypeAdapter[ClientFrame] = TypeAdapter(Annotated[ClientFrame, Field(discriminator="type")])
SERVER: TypeAdapter[ServerFrame] = TypeAdapter(Annotated[ServerFrame, Field(discriminator="type")])
