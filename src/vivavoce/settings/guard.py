"""Models that judge what a language model says before it is heard."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, SecretStr, field_validator

from vivavoce.settings.errors import GuardUnknown
from vivavoce.settings.group import Group
from vivavoce.settings.profiles import api_url, check_names, nearest_profile


class GuardProfile(Group):
    """A Llama Guard 3 behind an OpenAI-compatible server."""

    base_url: str = Field(description="the server's OpenAI-compatible API: http://host:port/v1")
    model: str = Field(
        default="meta-llama/Llama-Guard-3-1B", min_length=1, description="the model's name at that server"
    )
    api_key: SecretStr | None = Field(default=None, description="if the server wants one")

    @field_validator("base_url")
    @classmethod
    def _http(cls, value: str) -> str:
        return api_url(value)


class GuardSettings(Group):
    """Guard models. Profiles are tables of the file: `[guard.profiles.NAME]`."""

    default: tuple[str, ...] = Field(
        default=(),
        description="profiles that judge in studies that name none; all must agree. They hold what a language "
        "model writes until it is judged; a speech-to-speech model they can only interrupt",
    )
    profiles: Mapping[str, GuardProfile] = Field(
        default={}, description="guard models that studies may name, by a name of yours"
    )

    @field_validator("profiles")
    @classmethod
    def _profile_names(cls, value: Mapping[str, GuardProfile]) -> Mapping[str, GuardProfile]:
        check_names(value, like="my-guard")
        return value

    def chosen(self, names: tuple[str, ...] | None) -> tuple[str, ...]:
        """The profiles of a study that names these; the default ones for None.

        Raises:
            GuardUnknown: there is no profile of that name.
        """
        wanted = self.default if names is None else names
        for name in wanted:
            if name not in self.profiles:
                raise GuardUnknown(
                    f"There is no guard profile {name!r}.",
                    next_step=nearest_profile("guard", name, self.profiles),
                )
        return wanted
