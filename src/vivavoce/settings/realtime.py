"""Speech-to-speech models that may moderate: they hear the participant and speak by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError

from vivavoce.settings.errors import RealtimeUnknown
from vivavoce.settings.group import Group
from vivavoce.settings.profiles import api_url, check_fallbacks, check_names, nearest_profile


class RealtimeProfile(Group):
    """A speech-to-speech model, where it is, how long it is waited for, and what new sessions take instead."""

    provider: Literal["openai", "google"] = Field(
        default="openai", description="whose API: openai (Realtime) or google (Gemini Live, Vertex AI)"
    )
    base_url: str | None = Field(
        default=None, description="the server's API, http://host:port/v1; default: the provider's own"
    )
    model: str = Field(min_length=1, description="the model's name at that server")
    api_key: SecretStr | None = Field(default=None, description="if the server wants one")
    region: str | None = Field(default=None, description="of a google project; default: its own")
    project: str | None = Field(
        default=None, description="with google: a project of Vertex AI instead of an API key"
    )
    voice: str | None = Field(default=None, description="the voice's name there; default: the plug-in's own")
    transcriber: str | None = Field(
        default=None,
        description="with openai: its model that writes down what the participant says, gpt-4o-mini-transcribe; "
        "default: whoever hears in other interviews",
    )
    fallbacks: tuple[str, ...] = Field(
        default=(),
        description="profiles that new sessions try where this one cannot be reached, in this order",
    )
    connect_s: float = Field(default=5.0, gt=0, le=60, description="seconds to connect")
    first_sound_s: float = Field(
        default=4.0, gt=0, le=60, description="seconds to the first sound; then the study's words are said"
    )
    stall_s: float = Field(default=4.0, gt=0, le=60, description="seconds between two pieces of an answer")
    reply_s: float = Field(
        default=30.0, gt=0, le=120, description="seconds for a whole reply, tools included"
    )

    @field_validator("base_url")
    @classmethod
    def _http(cls, value: str | None) -> str | None:
        return None if value is None else api_url(value)

    @model_validator(mode="after")
    def _of_its_provider(self) -> RealtimeProfile:
        if self.provider != "google" and (self.project is not None or self.region is not None):
            raise PydanticCustomError("realtime_project", "project and region belong to provider google")
        if self.provider != "openai" and self.transcriber is not None:
            raise PydanticCustomError("realtime_transcriber", "transcriber belongs to provider openai")
        return self


class RealtimeSettings(Group):
    """Speech-to-speech models. Profiles are tables of the file: `[realtime.profiles.NAME]`."""

    profiles: Mapping[str, RealtimeProfile] = Field(
        default={}, description="speech-to-speech models that studies may name, by a name of yours"
    )

    @field_validator("profiles")
    @classmethod
    def _profile_names(cls, value: Mapping[str, RealtimeProfile]) -> Mapping[str, RealtimeProfile]:
        check_names(value, like="my-voice-model")
        check_fallbacks(value, error="realtime_fallback")
        return value

    def order(self, name: str) -> dict[str, RealtimeProfile]:
        """A profile and those that new sessions try after it, by name, in that order.

        Raises:
            RealtimeUnknown: there is no such profile.
        """
        found = self.profiles.get(name)
        if found is None:
            raise RealtimeUnknown(
                f"There is no speech-to-speech profile {name!r}.",
                next_step=nearest_profile("realtime", name, self.profiles),
            )
        return {name: found} | {other: self.profiles[other] for other in found.fallbacks}
