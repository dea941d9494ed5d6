"""What callers send: the bodies, fields and headers of the speech server's calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, cast

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema
from starlette.datastructures import UploadFile
from starlette.requests import Request

from vivavoce.speech.errors import SpeechRejected
from vivavoce.speech.messages import Priority
from vivavoce.speech.sound import SoundFormat

PROMPT_LIMIT = 2000
"""Characters. Whisper reads 223 tokens, about 1000 characters; more is cut off at the front."""

PRIORITY_HEADER = "x-vivavoce-priority"

Language = Annotated[
    str | None,
    # `en-US` is English to Whisper and to a voice's choice of language alike.
    BeforeValidator(lambda value: value.split("-")[0].lower() or None if isinstance(value, str) else value),
]


def _voice_name(value: Any) -> Any:
    """A voice's name, which OpenAI's clients may put into an object."""
    return cast("dict[str, Any]", value).get("id", value) if isinstance(value, dict) else value


VoiceName = Annotated[
    str | None,
    BeforeValidator(_voice_name),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "examples": ["af_heart", "nova", "default"]},
                {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]},
                {"type": "null"},
            ]
        }
    ),
]


class SpeechRequest(BaseModel):
    """The body of `POST /v1/audio/speech`. Unknown fields are ignored, as is `instructions`.

    Attributes:
        model: an engine; empty, "default" or "auto": the usual one of the language.
        voice: see `casting`.
        language: ours; BCP 47, what the text is in.
        fallback: ours; see `Casting.voice`.
    """

    model_config = ConfigDict(frozen=True)

    model: str = ""
    input: str
    voice: VoiceName = None
    response_format: SoundFormat = "mp3"
    speed: float = Field(default=1.0, ge=0.25, le=4.0)
    stream_format: Literal["audio", "sse"] = "audio"
    language: str | None = Field(default=None, pattern=r"^([A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*)?$")
    fallback: bool = False


class TranscriptionRequest(BaseModel):
    """The fields of `POST /v1/audio/transcriptions` beside the sound. Unknown fields are ignored."""

    model_config = ConfigDict(frozen=True)

    model: str = ""
    language: Language = None
    prompt: str | None = Field(default=None, max_length=PROMPT_LIMIT)
    response_format: Literal["json", "text", "verbose_json", "srt", "vtt"] = "json"
    timestamp_granularities: tuple[Literal["word", "segment"], ...] = ()


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
            query = request.query_params
            fields = _fields({**query, "timestamp_granularities": query.getlist("timestamp_granularities[]")})
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
            fields = _fields({**form, "timestamp_granularities": form.getlist("timestamp_granularities[]")})
            return Sound(await file.read(), None), fields
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from error


def _fields(values: Mapping[str, Any]) -> TranscriptionRequest:
    # A field left empty in a form is a field left out.
    return TranscriptionRequest.model_validate({name: value for name, value in values.items() if value != ""})


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
