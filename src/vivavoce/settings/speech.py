"""The speech server."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from vivavoce.settings.group import Group
from vivavoce.settings.profiles import LANGUAGE, is_name
from vivavoce.settings.upstream import UpstreamSettings

LOCAL_ENGINES = ("whisper", "kokoro", "piper")


class SpeechSettings(Group):
    """The speech server. Without a `url` one is started here as a child process."""

    url: str | None = Field(
        default=None, description="a speech server that runs already; without it one is started here"
    )
    upstreams: Mapping[str, UpstreamSettings] = Field(
        default={}, description="speech servers elsewhere that engines here stand for, by the engine's name"
    )
    engines: tuple[str, ...] = Field(
        default=("whisper", "kokoro"),
        description="engines the speech server started here runs: whisper, kokoro, piper, and names of upstreams",
    )
    stt_model: str = Field(default="whisper", description="model that hears, as the speech server names it")
    stt_models: tuple[str, ...] = Field(
        default=(), description="a language's own model that hears, like ja=my-ears; without it stt_model"
    )
    stt_threads: int = Field(default=2, ge=1, le=64, description="CPU threads for hearing")
    tts_threads: int = Field(default=2, ge=1, le=64, description="CPU threads for speaking")
    voices: tuple[str, ...] = Field(
        default=(),
        description="a language's usual voice, like de=piper/de_DE-thorsten-medium; without it a built-in one",
    )
    cache_dir: Path = Field(
        default=Path("~/.cache/vivavoce/speech"),
        description="where speech is kept that was made with the cache on; shared between servers",
    )
    cache_mb: int = Field(
        default=512, ge=0, le=1_000_000, description="MiB that kept speech may take; 0 turns the cache off"
    )

    @field_validator("voices")
    @classmethod
    def _usual_voices(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        known = ["kokoro", "piper", *info.data.get("upstreams", {})]
        for entry in value:
            found = re.fullmatch(rf"{LANGUAGE}\s*=\s*([^=/\s]+)/[^=]*[^=\s]", entry)
            if found is None:
                raise PydanticCustomError("usual_voice", "each should be like de=piper/de_DE-thorsten-medium")
            # Where the upstreams do not fit, theirs is the error to show.
            if found[1] not in known and "upstreams" in info.data:
                raise PydanticCustomError(
                    "usual_engine",
                    "no engine {name} speaks; there are {known}",
                    {"name": found[1], "known": ", ".join(known)},
                )
        return value

    @field_validator("stt_models")
    @classmethod
    def _hearing_by_language(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            if not re.fullmatch(rf"{LANGUAGE}\s*=\s*[^=\s]+", entry):
                raise PydanticCustomError("language_model", "each should be like ja=my-ears")
        return value

    @field_validator("upstreams")
    @classmethod
    def _upstream_names(cls, value: Mapping[str, UpstreamSettings]) -> Mapping[str, UpstreamSettings]:
        for name in value:
            if name in LOCAL_ENGINES or not is_name(name):
                raise PydanticCustomError(
                    "upstream_name",
                    "the name of an upstream should be like my-fish: small letters, digits and single hyphens,"
                    " and not that of an engine of ours",
                )
        return value

    @field_validator("engines")
    @classmethod
    def _known_engines(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        known = [*LOCAL_ENGINES, *info.data.get("upstreams", {})]
        for name in value:
            # Where the upstreams do not fit, theirs is the error to show.
            if name not in known and "upstreams" in info.data:
                near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
                raise PydanticCustomError(
                    "engine", "there is no engine {name}; {hint}", {"name": name, "hint": hint}
                )
        return value
