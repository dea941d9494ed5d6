"""The JSON frames that both WebSockets know. Pydantic only: the slim client reads and writes them too."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

VERSION = 1
"""Of the frames. What a reader does not know in a frame it ignores; a change it could not ignore is another version."""


class Frame(BaseModel):
    """A frame."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    def wire(self) -> str:
        """As it is sent."""
        return self.model_dump_json(exclude_none=True)


class ErrorContent(BaseModel):
    """What went wrong, in OpenAI's shape. `code` is stable; `message` says what happened and the next step."""

    message: str
    type: str
    param: str | None
    code: str


class ErrorFrame(Frame):
    """From the server: something failed.

    Attributes:
        context: what it failed for, and what has ended by it; None: a frame that belongs to nothing.
        retry_after_s: seconds after which the same may succeed; None where trying again makes no sense.
    """

    type: Literal["error"] = "error"
    context: str | None = None
    error: ErrorContent
    retry_after_s: float | None = None

    def wire(self) -> str:
        """As it is sent: an error's `param` is there also when it is null, as OpenAI has it."""
        absent = {name for name, value in self if value is None}
        return self.model_dump_json(exclude=absent)


class Ping(Frame):
    """From the client: is anybody there? For those whose library cannot send WebSocket pings."""

    type: Literal["ping"] = "ping"
    n: int | None = None


class Pong(Frame):
    """From the server: yes; `n` is the ping's."""

    type: Literal["pong"] = "pong"
    n: int | None = None


class Close(Frame):
    """From the client: nothing more is wanted. What is under way is dropped, and the socket is closed with 1000."""

    type: Literal["close"] = "close"


def _first_part(value: object) -> object:
    if not isinstance(value, str):
        return value
    # `en-US` is English to Whisper and to a voice's choice of language alike.
    codes = (tag.strip().split("-")[0].lower() for tag in value.split(","))
    return ",".join(dict.fromkeys(code for code in codes if code)) or None


Language = Annotated[str | None, BeforeValidator(_first_part)]
"""ISO 639-1, or BCP 47 of which the first part counts; of several, with commas, the first is the expected one."""


LanguageTag = Annotated[str | None, Field(pattern=r"^([A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*)?$")]
"""BCP 47."""

VOICE_LIMIT = 200
"""Characters of a voice's id."""


class _VoiceObject(BaseModel):
    """A voice of one's own, as OpenAI's clients send it."""

    id: str = Field(max_length=VOICE_LIMIT)


def _voice_id(value: Any) -> Any:
    return value.get("id") if isinstance(value, dict) else value


VoiceName = Annotated[
    str,
    BeforeValidator(
        _voice_id,
        json_schema_input_type=Annotated[str, Field(max_length=VOICE_LIMIT)] | _VoiceObject,
    ),
    Field(max_length=VOICE_LIMIT),
]
"""A voice's id, alone or as `{"id": …}`."""


def said_of(error: ValidationError) -> tuple[str, str | None]:
    """What does not fit in a frame, and in which of its fields."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    # A union's own step names the frame.
    where = ".".join(str(step) for step in first["loc"][1:])
    return f"{where or 'The frame'} does not fit: {first['msg']}.", where or None
