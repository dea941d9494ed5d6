"""Where the pages and the API listen."""

from __future__ import annotations

import re

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from vivavoce.settings.group import Group


class WebSettings(Group):
    """Where the pages and the API listen."""

    host: str = Field(default="127.0.0.1", description="address to listen on; 0.0.0.0 is every interface")
    port: int = Field(default=8080, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    public_url: str | None = Field(
        default=None,
        description="what participants' links start with, https://host; default http://host:port",
    )
    ice_servers: tuple[str, ...] = Field(default=(), description="STUN and TURN URLs given to browsers")

    @field_validator("public_url")
    @classmethod
    def _origin_only(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"https?://[^/\s?#@]+/?", value):
            raise PydanticCustomError(
                "origin", "it should be like https://interviews.example, without a path"
            )
        return None if value is None else value.rstrip("/")

    @field_validator("ice_servers")
    @classmethod
    def _ice_urls(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for url in value:
            if not re.match(r"(stun|turn)s?:\S+$", url):
                raise PydanticCustomError("ice_url", "each should be like stun:host:port or turn:host:port")
        return value
