"""Speech servers elsewhere."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError

from vivavoce.settings.group import Group
from vivavoce.settings.profiles import LANGUAGE


class UpstreamSettings(Group):
    """A speech server elsewhere, on a GPU or hosted, that an engine here stands for."""

    kind: Literal["openai", "voxtral", "fish"] = Field(
        description="its API: openai (any OpenAI-compatible server), voxtral (vLLM-Omni) or fish (Fish Speech)"
    )
    url: str = Field(description="where it is, like http://gpu.example:8091")
    api_key: SecretStr | None = Field(default=None, description="its key, if it wants one")
    model: str | None = Field(
        default=None, description="the model to ask for; with kind fish: of Fish Audio's hosted API"
    )
    role: Literal["tts", "stt"] = Field(
        default="tts", description="tts speaks; stt transcribes, which only kind openai can"
    )
    voices: tuple[str, ...] = Field(
        default=(), description="its voices, each a name or name=language; without them it is asked"
    )
    languages: tuple[str, ...] = Field(
        default=(), description="languages it may be asked for, like de; without them any"
    )
    sample_rate: int | None = Field(
        default=None,
        ge=8000,
        le=48_000,
        description="Hz of its sound; without it 24000, and 44100 with kind fish",
    )
    response_format: Literal["wav", "pcm"] = Field(
        default="wav", description="with kind openai: what to ask for; pcm for servers that hold a wav back"
    )
    socket: bool = Field(default=False, description="with kind voxtral: speak over its WebSocket")
    concurrency: int | None = Field(
        default=None, ge=1, le=256, description="requests at once; without it 8, and 1 with kind fish"
    )
    connect_s: float = Field(default=3.0, gt=0, le=60, description="seconds to connect")
    first_byte_s: float = Field(default=15.0, gt=0, le=600, description="seconds to the first sound")
    between_s: float = Field(default=10.0, gt=0, le=600, description="seconds between two pieces of sound")
    whole_s: float = Field(default=180.0, gt=0, le=3600, description="seconds for a whole request")

    @field_validator("url")
    @classmethod
    def _plain_url(cls, value: str) -> str:
        if not _is_server(value):
            raise PydanticCustomError(
                "upstream_url",
                "it should be like http://gpu.example:8091, with the key in api_key and nothing behind the path",
            )
        return value.rstrip("/")

    @field_validator("voices")
    @classmethod
    def _named_voices(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            if not re.fullmatch(rf"[^=]*[^=\s](={LANGUAGE})?", entry):
                raise PydanticCustomError("upstream_voice", "each should be like nova or nova=de-DE")
        return value

    @model_validator(mode="after")
    def _of_its_kind(self) -> UpstreamSettings:
        if self.kind == "openai" and not self.model:
            raise PydanticCustomError("upstream_model", "kind openai needs the name of a model")
        if self.role == "stt" and self.kind != "openai":
            raise PydanticCustomError("upstream_role", "only kind openai can have role stt")
        if self.response_format != "wav" and self.kind != "openai":
            raise PydanticCustomError("upstream_format", "response_format belongs to kind openai")
        if self.socket and self.kind != "voxtral":
            raise PydanticCustomError("upstream_socket", "socket belongs to kind voxtral")
        return self


def _is_server(url: str) -> bool:
    """Whether a URL is that of a server: no user, no query, a port that can be one."""
    try:
        parts = urlsplit(url)
        plain = parts.port != 0 and not (parts.username or parts.password or parts.query or parts.fragment)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and plain and not re.search(r"\s", url)
