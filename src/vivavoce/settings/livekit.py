"""The LiveKit SFU, where sound goes through one."""

from __future__ import annotations

import re
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError

from vivavoce.settings.group import Group


class LiveKitSettings(Group):
    """The SFU that carries the sound, and the agent workers that sessions are dispatched to. Without a URL the server
    carries it itself and holds the interviews."""

    url: str | None = Field(
        default=None,
        description="where servers and agent workers reach the SFU, ws://host:7880 or wss://host",
    )
    public_url: str | None = Field(
        default=None, description="where participants' browsers reach the SFU; default livekit.url"
    )
    api_key: str | None = Field(default=None, description="name of the key that signs tokens and webhooks")
    api_secret: SecretStr | None = Field(default=None, description="the key's secret")
    agent_name: str = Field(
        default="vivavoce", min_length=1, description="name under which agent workers take sessions"
    )
    prewarmed: int = Field(
        default=1, ge=0, le=64, description="processes an agent worker keeps warm for sessions to come"
    )
    health_host: str = Field(default="0.0.0.0", description="address of an agent worker's health and metrics")  # noqa: S104
    health_port: int = Field(
        default=8081, ge=0, le=65535, description="port of an agent worker's /healthz and /readyz"
    )
    metrics_port: int = Field(default=8082, ge=0, le=65535, description="port of an agent worker's /metrics")

    @field_validator("url", "public_url")
    @classmethod
    def _web_socket(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"wss?://[^/\s?#@]+/?", value):
            raise PydanticCustomError("sfu", "it should be like wss://sfu.example, without a path")
        return None if value is None else value.rstrip("/")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.url is not None and (self.api_key is None or self.api_secret is None):
            raise PydanticCustomError("sfu_key", "an SFU needs livekit.api_key and livekit.api_secret")
        return self
