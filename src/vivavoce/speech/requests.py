"""What callers send: the bodies, fields and headers of the speech server's calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.datastructures import ImmutableMultiDict, UploadFile
from starlette.requests import Request

from vivavoce.speech.errors import SpeechRejected
from vivavoce.speech.messages import Priority
from vivavoce.speech.sockets.frames import Language, LanguageTag, VoiceName
from vivavoce.speech.sockets.hearing_frames import PROMPT_LIMIT
from vivavoce.speech.sound import SoundFormat

TEXT_LIMIT = 4096
"""Characters of one text: OpenAI's limit."""

PRIORITY_HEADER = "x-vivavoce-priority"


class SpeechRequest(BaseModel):
    """The body of `POST /v1/audio/speech`. Unknown fields are ignored."""

    model_config = ConfigDict(frozen=True, strict=True)

    model: str | None = Field(
        default=None,
        description="An engine that speaks: GET /v1/models; none, default or auto: the usual one of the language.",
    )
    input: str = Field(
        description="The text, at most 4096 characters.",
        json_schema_extra={"minLength": 1, "maxLength": TEXT_LIMIT},
    )
    voice: VoiceName | None = Field(
        default=None,
        description="A voice of the engine: GET /v1/audio/voices; one of OpenAI's; or none, default or auto.",
    )
    instructions: str | None = Field(
        default=None, max_length=TEXT_LIMIT, description="Taken and ignored: no engine here follows any."
    )
    response_format: SoundFormat = "mp3"
    speed: float = Field(default=1.0, ge=0.25, le=4.0)
    stream_format: Literal["audio", "sse"] = "audio"
    language: LanguageTag = Field(
        default=None, description="Ours: what the text is in, BCP 47; default: the voice's language."
    )
    fallback: bool = Field(
        default=False,
        description="Ours: take the language's usual voice where `voice` is unknown or of another language.",
    )
    cache: bool | None = Field(
        default=None,
        description="Ours: whether to use and keep what is made; default: only for the priority batch.",
    )


class TranscriptionRequest(BaseModel):
    """The fields of `POST /v1/audio/transcriptions` beside the sound. Unknown fields are ignored."""

    model_config = ConfigDict(frozen=True)

    model: str = Field(
        default="", description="An engine that transcribes: GET /v1/models; default: the first one."
    )
    language: Language = Field(
        default=None,
        description="ISO 639-1, or BCP 47 of which the first part counts; default: detected. Ours: several, with"
        " commas: the first is taken unless another of them is plainly what is spoken.",
    )
    prompt: str | None = Field(
        default=None, max_length=PROMPT_LIMIT, description="Names and terms that may come up."
    )
    response_format: Literal["json", "text", "verbose_json", "srt", "vtt"] = "json"
    temperature: float = Field(
        default=0.0, ge=0.0, le=1.0, description="Checked and ignored: the likeliest text is given."
    )
    stream: bool = Field(
        default=False, description="Answer with events, whatever the format: the text as it is decoded."
    )
    timestamp_granularities: tuple[Literal["word", "segment"], ...] = Field(
        default=(), alias="timestamp_granularities[]", description="`word`: time the words, in verbose_json."
    )
    include: tuple[Literal["logprobs"], ...] = Field(
        default=(), alias="include[]", description="`logprobs`: how sure each word is, in json and events."
    )

    @property
    def logprobs(self) -> bool:
        """Whether it is to be said how sure each word is."""
        return "logprobs" in self.include

    @property
    def words(self) -> bool:
        """Whether the engine is to time the words."""
        return "word" in self.timestamp_granularities or self.logprobs


@dataclass(frozen=True, slots=True)
class Sound:
    """What came to be transcribed: a file, or raw s16le mono at `rate` Hz."""

    data: bytes
    rate: int | None


def read_priority(request: Request) -> Priority:
    """Of the header; live without one.

    Raises:
        SpeechRejected: it names no priority.
    """
    value = request.headers.get(PRIORITY_HEADER, Priority.LIVE)
    try:
        return Priority(value)
    except ValueError:
        raise SpeechRejected(
            f"{value!r} is no priority.",
            next_step="Use live, partial or batch.",
            reason="priority_unknown",
            param=PRIORITY_HEADER,
        ) from None


async def read_sound(request: Request) -> tuple[Sound, TranscriptionRequest]:
    """The sound and the fields: a form with a file, or raw samples with the fields in the query.

    Raises:
        SpeechRejected: there is no sound, or no rate.
        RequestValidationError: a field does not fit.
    """
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    try:
        if kind.strip().lower() == "audio/pcm":
            fields = _fields(request.query_params)
            return Sound(await request.body(), _rate(parameters)), fields
        async with request.form(max_files=1, max_fields=32) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise SpeechRejected(
                    "There is no sound in the request.",
                    next_step="Send a form with the sound as `file`, or s16le mono as audio/pcm;rate=16000.",
                    reason="sound_missing",
                    param="file",
                )
            fields = _fields(form)
            return Sound(await file.read(), None), fields
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error


def _fields(values: ImmutableMultiDict[str, Any]) -> TranscriptionRequest:
    # A field left empty in a form is a field left out.
    given: dict[str, Any] = {name: value for name, value in values.items() if value != ""}
    lists = {name: values.getlist(name) for name in given if name.endswith("[]")}
    return TranscriptionRequest.model_validate({**given, **lists})


def _rate(parameters: str) -> int:
    """The rate in `rate=16000`, Hz."""
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() == "rate" and value.strip().isdigit() and 4000 <= int(value) <= 192_000:
        return int(value)
    raise SpeechRejected(
        f"audio/pcm needs a rate from 4000 to 192000 Hz; got {parameters.strip()!r}.",
        next_step="Send it as audio/pcm;rate=16000.",
        reason="sound_rate",
        param="content-type",
    )
