"""Line messages: what the page may say, checked; what we say, as text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from vivavoce.session.errors import BadFrame

Message = Mapping[str, object]
"""A line message to the page: a JSON object with a `type` (see the architecture page)."""

MAX_TEXT_BYTES = 16 * 1024
"""Bytes of a message from the page; the longest legitimate one has about 30."""


class Oversize(BadFrame):
    """A frame from the page is longer than any legitimate one."""

    code = "oversize"


class _PageMessage(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class Mute(_PageMessage):
    """The participant switched the microphone off or on."""

    type: Literal["mute"] = "mute"
    muted: bool


class Leave(_PageMessage):
    """The participant ends the interview."""

    type: Literal["leave"] = "leave"


class Ping(_PageMessage):
    """A sign of life; the line answers it with a `pong` of the same `n`."""

    type: Literal["ping"] = "ping"
    n: int = Field(ge=0, le=2**53)


PageMessage = Mute | Leave | Ping
"""Anything the page may say."""

_ADAPTER: TypeAdapter[PageMessage] = TypeAdapter(Annotated[PageMessage, Field(discriminator="type")])


def parse(text: str | bytes) -> PageMessage:
    """Read a message from the page.

    Raises:
        Oversize: it is too long.
        BadFrame: it is no JSON object, of an unknown type, or its fields are wrong.
    """
    size = len(text) if isinstance(text, bytes) else len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_TEXT_BYTES:
        raise Oversize(f"A message of {size} bytes is longer than {MAX_TEXT_BYTES}.")
    try:
        return _ADAPTER.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise BadFrame(f"A message from the page could not be understood: {first['msg']}.") from error


def dump(message: Message) -> str:
    """A message to the page as JSON text.

    Raises:
        ValueError: it has no `type`.
    """
    if not isinstance(message.get("type"), str):
        raise ValueError("a line message has a type")
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))
