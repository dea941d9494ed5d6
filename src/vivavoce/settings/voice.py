"""Who hears and who speaks besides the speech server, and in which order they are asked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_core import PydanticCustomError

from vivavoce.settings.group import Group
from vivavoce.settings.profiles import LANGUAGE, by_language, for_language, is_name

SPEECH = "speech"
"""The speech server of `SpeechSettings` in an order of profiles."""

Option = str | int | float | bool


class VoiceProfile(Group):
    """Somebody else who can do the work: another speech server of ours, or a cloud's plug-in for LiveKit Agents."""

    plugins: ClassVar[tuple[str, ...]] = ("openai", "deepgram", "elevenlabs")
    """Those that are tried, each against a server that speaks its wire format."""

    kind: Literal["server", "plugin"] = Field(
        default="server", description="server (another speech server of Viva Voce) or plugin (a cloud's)"
    )
    url: str | None = Field(default=None, description="with kind server: where it is, http://host:port")
    plugin: str | None = Field(
        default=None,
        description="with kind plugin: openai, deepgram or elevenlabs; to speak, cartesia too",
    )
    model: str | None = Field(default=None, description="the model to ask for; default: its own")
    api_key: SecretStr | None = Field(
        default=None, description="with kind plugin: its key; default: from the plug-in's own variable"
    )
    options: Mapping[str, Option] = Field(
        default={}, description="with kind plugin: what else its constructor takes, in the file only"
    )

    @model_validator(mode="after")
    def _of_its_kind(self) -> VoiceProfile:
        if self.kind == "server" and not (self.url and re.fullmatch(r"https?://[^\s/?#@]+/?", self.url)):
            raise PydanticCustomError("voice_url", "kind server needs a url like http://second.example:8090")
        if self.kind == "plugin" and self.plugin not in self.plugins:
            raise PydanticCustomError(
                "voice_plugin", "plugin should be one of {known}", {"known": ", ".join(self.plugins)}
            )
        if self.kind == "server" and (self.plugin or self.options or self.api_key):
            raise PydanticCustomError(
                "voice_options", "plugin, options and api_key belong to kind plugin, not to server"
            )
        return self


class SpeakingProfile(VoiceProfile):
    """Somebody else who speaks."""

    plugins = (*VoiceProfile.plugins, "cartesia")

    voices: tuple[str, ...] = Field(
        default=(),
        description="its voice for a language, like de=piper/de_DE-thorsten-medium (server) or de=nova (plugin)",
    )

    @field_validator("voices")
    @classmethod
    def _by_language(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            if not re.fullmatch(rf"{LANGUAGE}\s*=\s*\S.*", entry):
                raise PydanticCustomError("voice_entry", "each should be like de=nova")
        return value

    @model_validator(mode="after")
    def _with_engines(self) -> SpeakingProfile:
        for name in self.voice_names():
            if self.kind == "server" and not re.fullmatch(r"[^/]+/.+", name):
                raise PydanticCustomError("voice_engine", "voices of a server are like de=ENGINE/VOICE")
        return self

    def voice_names(self) -> tuple[str, ...]:
        """All its voices, in order, each once."""
        return tuple(dict.fromkeys(name for _, name in by_language(self.voices)))

    def languages(self) -> tuple[str, ...]:
        """Those that it has a voice for, in order."""
        return tuple(language for language, _ in by_language(self.voices))

    def voice(self, language: str) -> str | None:
        """Its voice for a language: as it is written, or for any of its regions."""
        return for_language(self.voices, language)


def _check(order: Sequence[str], profiles: Mapping[str, object]) -> None:
    if not order:
        raise PydanticCustomError("voice_order", "an order needs at least one profile, like speech")
    for name in order:
        if name != SPEECH and name not in profiles:
            raise PydanticCustomError(
                "voice_order",
                "there is no profile {name}; there are {known}",
                {"name": name, "known": ", ".join([SPEECH, *profiles])},
            )


def _check_names(profiles: Mapping[str, object]) -> None:
    for name in profiles:
        if name == SPEECH or not is_name(name):
            raise PydanticCustomError(
                "profile_name",
                "a profile's name is small letters, digits and hyphens, like my-second, and not speech",
            )


class SttSettings(Group):
    """Who hears. Profiles are tables of the file: `[stt.profiles.NAME]`."""

    order: tuple[str, ...] = Field(
        default=(SPEECH,),
        description="profiles asked to hear, one after the other; speech is the speech server",
    )
    per_language: tuple[str, ...] = Field(
        default=(), description="another order for a language, like ja=my-cloud+speech"
    )
    switch_s: float = Field(
        default=1.5,
        gt=0,
        le=60,
        description="seconds without a text after which the next is asked, and 0.2 more a second of sound",
    )
    profiles: Mapping[str, VoiceProfile] = Field(
        default={}, description="others who hear, by a name of yours"
    )

    @model_validator(mode="after")
    def _orders(self) -> SttSettings:
        _check_names(self.profiles)
        _check(self.order, self.profiles)
        for entry in self.per_language:
            if not re.fullmatch(rf"{LANGUAGE}\s*=\s*[^=\s]+", entry):
                raise PydanticCustomError("stt_language", "each should be like ja=my-cloud+speech")
        for _, order in by_language(self.per_language):
            _check(order.split("+"), self.profiles)
        return self

    def order_for(self, language: str | None) -> tuple[str, ...]:
        """Who is asked to hear a language, in that order."""
        own = None if language is None else for_language(self.per_language, language)
        return self.order if own is None else tuple(own.split("+"))


class TtsSettings(Group):
    """Who speaks where the speech server cannot. Profiles are tables of the file: `[tts.profiles.NAME]`.

    A study's voice is one of the speech server's, which may itself stand for others (`speech.upstreams`); what was
    prepared in it is played whoever is away.
    """

    fallbacks: tuple[str, ...] = Field(
        default=(), description="profiles that speak where the speech server does not, in this order"
    )
    switch_s: float = Field(
        default=2.0, gt=0, le=60, description="seconds without sound after which the next one speaks"
    )
    profiles: Mapping[str, SpeakingProfile] = Field(
        default={}, description="others who speak, by a name of yours"
    )

    @model_validator(mode="after")
    def _orders(self) -> TtsSettings:
        _check_names(self.profiles)
        _check((SPEECH, *self.fallbacks), self.profiles)
        return self
