"""Language models that may moderate."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError

from vivavoce.settings.errors import ProfileUnknown
from vivavoce.settings.group import Group
from vivavoce.settings.profiles import (
    LANGUAGE,
    api_url,
    check_fallbacks,
    check_names,
    for_language,
    nearest_profile,
)


class LlmProfile(Group):
    """A language model, where it is, how long it is waited for, and what stands in for it."""

    provider: Literal["openai", "aws", "google"] = Field(
        default="openai",
        description="whose API: openai (any OpenAI-compatible server), aws (Bedrock) or google (Gemini, Vertex AI)",
    )
    base_url: str | None = Field(
        default=None,
        description="the server's API, http://host:port/v1; openai needs it, the others have their usual one",
    )
    model: str = Field(min_length=1, description="the model's name at that server")
    api_key: SecretStr | None = Field(
        default=None, description="if the server wants one; aws has its credentials from AWS's own chain"
    )
    region: str | None = Field(default=None, description="of aws, or of a google project; default: its own")
    project: str | None = Field(
        default=None, description="with google: a project of Vertex AI instead of an API key"
    )
    temperature: float | None = Field(
        default=None, ge=0, le=2, description="default: the server's own; lower is steadier"
    )
    fallbacks: tuple[str, ...] = Field(
        default=(), description="profiles that go on where this one fails, in this order"
    )
    switch_s: float = Field(
        default=1.5,
        gt=0,
        le=60,
        description="seconds without a word after which a fallback goes on, where one is well",
    )
    first_word_s: float = Field(
        default=4.0, gt=0, le=60, description="seconds to the first word; then the study's words are said"
    )
    stall_s: float = Field(default=3.0, gt=0, le=60, description="seconds between two pieces of an answer")
    reply_s: float = Field(
        default=15.0, gt=0, le=120, description="seconds for a whole reply, tools included"
    )

    @field_validator("base_url")
    @classmethod
    def _http(cls, value: str | None) -> str | None:
        return None if value is None else api_url(value)

    @model_validator(mode="after")
    def _of_its_provider(self) -> LlmProfile:
        if self.provider == "openai" and self.base_url is None:
            raise PydanticCustomError("llm_url", "provider openai needs a base_url")
        if self.provider == "aws" and self.api_key is not None:
            raise PydanticCustomError("llm_key", "provider aws takes no api_key: see AWS's own variables")
        if self.region is not None and self.provider == "openai":
            raise PydanticCustomError("llm_region", "region belongs to providers aws and google")
        if self.project is not None and self.provider != "google":
            raise PydanticCustomError("llm_project", "project belongs to provider google")
        return self


class LlmSettings(Group):
    """Language models that may moderate. Profiles are tables of the file: `[llm.profiles.NAME]`."""

    default: str | None = Field(default=None, description="profile of studies that name none")
    per_language: tuple[str, ...] = Field(
        default=(),
        description="another profile for a language of studies that name none, like ja=my-model",
    )
    unreviewed_prompts: bool = Field(
        default=False,
        description="publish and hold studies with prompt packs that no native speaker has reviewed; "
        "for rehearsals",
    )
    profiles: Mapping[str, LlmProfile] = Field(
        default={}, description="language models that studies may name, by a name of yours"
    )

    @field_validator("profiles")
    @classmethod
    def _profile_names(cls, value: Mapping[str, LlmProfile]) -> Mapping[str, LlmProfile]:
        check_names(value, like="my-model")
        check_fallbacks(value, error="llm_fallback")
        return value

    @field_validator("per_language")
    @classmethod
    def _by_language(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            if not re.fullmatch(rf"{LANGUAGE}\s*=\s*[^=\s]+", entry):
                raise PydanticCustomError("llm_language", "each should be like ja=my-model")
        return value

    def profile(self, name: str | None, language: str | None = None) -> tuple[str, LlmProfile]:
        """A profile by its name, with that name; for None a language's own, or the default one.

        Raises:
            ProfileUnknown: there is none.
        """
        own = None if language is None else for_language(self.per_language, language)
        wanted = name or own or self.default
        if wanted is None:
            raise ProfileUnknown(
                "No model profile is named, and there is no default one.",
                next_step="Set VIVAVOCE_LLM__DEFAULT, or name a `profile` in the study's `moderator`.",
            )
        found = self.profiles.get(wanted)
        if found is None:
            raise ProfileUnknown(
                f"There is no model profile {wanted!r}.",
                next_step=nearest_profile("llm", wanted, self.profiles),
            )
        return wanted, found

    def order(self, name: str | None, language: str | None = None) -> dict[str, LlmProfile]:
        """A `profile` and those that stand in for it, by name, in the order in which they are asked.

        Raises:
            ProfileUnknown: there is no such profile.
        """
        first, profile = self.profile(name, language)
        return {first: profile} | {other: self.profiles[other] for other in profile.fallbacks}
