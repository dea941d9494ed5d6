"""What the server and an engine's process say to each other: the heads of the frames.

The server sends one `Load`, then `Synthesise`, `Transcribe` (body: s16le mono at 16 kHz), `Cancel` and `Taken`. The
worker sends one `Loaded` or `LoadFailed`, then for each request any number of `Chunk` (body: s16le mono at the engine's
rate), `Part` and `Working`, and exactly one of `Spoken`, `Heard`, `Refused`, `Dropped`, `Failed`, `Cancelled`.

A relay, the worker of an engine that is elsewhere, is sent `Forget` too. It sends `Loaded` when it first reached its
upstream and when the voices there have changed, `Condition` whenever the upstream comes or goes, and may end a request
with `Unavailable` or `Busy`.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, field_serializer

from vivavoce.speech.frames import Frame
from vivavoce.speech.transcript import Segment, Transcript, Word


class Priority(StrEnum):
    """Whose turn it is first, in the order of the members."""

    LIVE = "live"
    """Somebody waits in a conversation."""
    PARTIAL = "partial"
    """Captions while somebody still speaks; of no use when late."""
    BATCH = "batch"
    """Nobody waits."""


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class EngineOptions(_Message):
    """How an engine is loaded: from the folders of its models, the first one its default."""

    folders: tuple[Path, ...] = Field(min_length=1)
    threads: int = Field(default=2, ge=1, le=64)


class RelayOptions(_Message):
    """How a relay reaches its upstream; see `UpstreamSettings` for what they mean. `clips` is the folder of clips."""

    name: str
    kind: Literal["openai", "voxtral", "fish"]
    url: str
    api_key: SecretStr | None = None
    model: str | None = None
    role: Literal["tts", "stt"] = "tts"
    voices: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    sample_rate: int | None = None
    response_format: Literal["wav", "pcm"] = "wav"
    socket: bool = False
    concurrency: int | None = None
    connect_s: float = 3.0
    first_byte_s: float = 15.0
    between_s: float = 10.0
    whole_s: float = 180.0
    clips: Path

    @field_serializer("api_key", when_used="json")
    def _the_key_itself(self, key: SecretStr | None) -> str | None:
        # The socket to the relay is the one place that it has to go to.
        return None if key is None else key.get_secret_value()


class Voice(_Message):
    """A voice of an engine. `language` is a BCP 47 tag such as `en-US`."""

    id: str
    language: str
    gender: Literal["female", "male", "unknown"] = "unknown"


class WordTime(_Message):
    """When a word is said.

    Attributes:
        text: the word as it is written, with its punctuation.
        start, end: its characters in the text that is spoken, `text[start:end]`.
        start_s, end_s: seconds from the start of the stretch of sound that it is in.
    """

    text: str
    start: int
    end: int
    start_s: float
    end_s: float


class Load(_Message):
    """Load the engine. Sent over the socket, since what is in a command line everybody can read."""

    kind: Literal["load"] = "load"
    options: EngineOptions | RelayOptions


class Synthesise(_Message):
    """Speak a text.

    Attributes:
        speed: 1.0 is the voice's own; 2.0 is twice as fast.
        lead_s: seconds of sound that the listener has left to play, of texts spoken before this one.
    """

    kind: Literal["synthesise"] = "synthesise"
    id: int
    priority: Priority = Priority.LIVE
    text: str
    voice: str
    language: str | None = None
    speed: float = 1.0
    lead_s: float = Field(default=0.0, ge=0.0)


class Transcribe(_Message):
    """Write down the sound in the body, s16le mono at 16 kHz; with `parts`, also say what is written before the end."""

    kind: Literal["transcribe"] = "transcribe"
    id: int
    priority: Priority = Priority.LIVE
    language: str | None = None
    prompt: str | None = None
    words: bool = False
    parts: bool = False


class Cancel(_Message):
    """Stop working on a request, at the engine's next pause."""

    kind: Literal["cancel"] = "cancel"
    id: int


class Taken(_Message):
    """The caller took one chunk: room for another one."""

    kind: Literal["taken"] = "taken"
    id: int


class Forget(_Message):
    """Have the upstream delete a clip."""

    kind: Literal["forget"] = "forget"
    clip: str


class Loaded(_Message):
    """The engine is loaded and has done a real piece of work; a relay's upstream has answered.

    Attributes:
        model: the weights' id in the model store.
        sample_rate: Hz, of the chunks; None for an engine that transcribes.
        voices: of an engine that speaks.
        languages: ISO 639-1 codes it works in.
        load_s: seconds to load.
        warm_up_s: seconds of the first piece of work.
        address: of a relay's upstream; "" for weights of this machine.
    """

    kind: Literal["loaded"] = "loaded"
    model: str
    sample_rate: int | None = None
    voices: tuple[Voice, ...] = ()
    languages: tuple[str, ...] = ()
    load_s: float
    warm_up_s: float
    address: str = ""


class LoadFailed(_Message):
    """The engine cannot be loaded; trying again changes nothing until somebody does."""

    kind: Literal["load_failed"] = "load_failed"
    code: str
    what: str
    next_step: str


class Condition(_Message):
    """How a relay's upstream is.

    Attributes:
        ready: whether requests can succeed.
        detail: what is wrong, or "ready".
        breaker: see `vivavoce.breaker`.
    """

    kind: Literal["condition"] = "condition"
    ready: bool
    detail: str
    breaker: Literal["closed", "open", "half_open"]


class Chunk(_Message):
    """Sound; the body is s16le mono at the engine's rate. `words` as in `WordTime`, where the engine knows them."""

    kind: Literal["chunk"] = "chunk"
    id: int
    words: tuple[WordTime, ...] = ()


class Part(_Message):
    """A part of a transcript that will not change any more; it comes after those before it."""

    kind: Literal["part"] = "part"
    id: int
    segment: Segment
    words: tuple[Word, ...] = ()


class Working(_Message):
    """The engine has been at work for a while and has nothing to show yet: a sign of life."""

    kind: Literal["working"] = "working"
    id: int


class Spoken(_Message):
    """The text has been spoken. `audio_s` of sound took `work_s` of engine time."""

    kind: Literal["spoken"] = "spoken"
    id: int
    audio_s: float
    work_s: float


class Heard(_Message):
    """The sound has been written down, in `work_s` of engine time."""

    kind: Literal["heard"] = "heard"
    id: int
    transcript: Transcript
    work_s: float


class Refused(_Message):
    """The request cannot succeed as it is."""

    kind: Literal["refused"] = "refused"
    id: int
    reason: str
    param: str | None
    what: str
    next_step: str


class Dropped(_Message):
    """A partial transcription that waited too long."""

    kind: Literal["dropped"] = "dropped"
    id: int
    waited_s: float


class Failed(_Message):
    """The engine failed on this request."""

    kind: Literal["failed"] = "failed"
    id: int
    what: str
    next_step: str


class Unavailable(_Message):
    """The upstream could not be reached, or broke off: the same request may succeed later."""

    kind: Literal["unavailable"] = "unavailable"
    id: int
    what: str
    next_step: str


class Busy(_Message):
    """The upstream has too much work."""

    kind: Literal["busy"] = "busy"
    id: int
    what: str
    next_step: str
    retry_after_s: float


class Cancelled(_Message):
    """Work on the request has stopped, as was asked."""

    kind: Literal["cancelled"] = "cancelled"
    id: int


Request = Load | Synthesise | Transcribe | Cancel | Taken | Forget
Ending = Spoken | Heard | Refused | Dropped | Failed | Unavailable | Busy | Cancelled
Reply = Loaded | LoadFailed | Condition | Chunk | Part | Working | Ending

_REQUEST: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="kind")])
_REPLY: TypeAdapter[Reply] = TypeAdapter(Annotated[Reply, Field(discriminator="kind")])


def frame(message: Request | Reply, body: bytes = b"") -> Frame:
    """A message as a frame."""
    return Frame(message.model_dump_json().encode(), body)


def read_request(head: bytes) -> Request:
    """A frame's head as the worker reads it.

    Raises:
        pydantic.ValidationError: it is no request.
    """
    return _REQUEST.validate_json(head)


def read_reply(head: bytes) -> Reply:
    """A frame's head as the server reads it.

    Raises:
        pydantic.ValidationError: it is no reply.
    """
    return _REPLY.validate_json(head)
