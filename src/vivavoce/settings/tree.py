"""The whole tree of settings."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field, SecretStr

from vivavoce.settings.export import ExportSettings
from vivavoce.settings.group import Group
from vivavoce.settings.guard import GuardSettings
from vivavoce.settings.host import HostSettings
from vivavoce.settings.livekit import LiveKitSettings
from vivavoce.settings.llm import LlmSettings
from vivavoce.settings.money import MoneySettings
from vivavoce.settings.pipeline import PipelineSettings
from vivavoce.settings.realtime import RealtimeSettings
from vivavoce.settings.speech import SpeechSettings
from vivavoce.settings.voice import SttSettings, TtsSettings
from vivavoce.settings.web import WebSettings

PREFIX = "VIVAVOCE_"


class TurnSettings(Group):
    """End-of-turn detection that holds for every study; profiles in the study refine it."""

    detector: Literal["v1-mini", "none"] = Field(
        default="v1-mini", description="end-of-turn model; none leaves it to silence and wording"
    )


class LogSettings(Group):
    """What is logged, and in which shape."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="the least severe message that is logged"
    )
    format: Literal["text", "json"] = Field(default="text", description="text for people, json for machines")


class Settings(Group):
    """The whole tree. Build it with `load`."""

    data_dir: Path = Field(
        default=Path(".vivavoce"), description="database, recordings and keys of the one-machine shape"
    )
    models_dir: Path = Field(
        default=Path("~/.cache/vivavoce/models"),
        description="where pulled speech models are kept; shared between data folders",
    )
    wording_dir: Path = Field(
        default=Path("~/.cache/vivavoce/wording"),
        description="where the sound of published wording is kept; shared between data folders",
    )
    database_url: SecretStr | None = Field(
        default=None, description="postgresql://…; without it a PostgreSQL of our own runs in data_dir"
    )
    recordings_url: str | None = Field(
        default=None,
        description="object store, s3://bucket/prefix or file:///path; default data_dir/recordings",
    )
    recordings_cold_url: str | None = Field(
        default=None,
        description="where a study's retention moves recordings that are seldom wanted; default: `cold` in the other",
    )
    web: WebSettings = WebSettings()
    speech: SpeechSettings = SpeechSettings()
    stt: SttSettings = SttSettings()
    tts: TtsSettings = TtsSettings()
    host: HostSettings = HostSettings()
    livekit: LiveKitSettings = LiveKitSettings()
    turn: TurnSettings = TurnSettings()
    llm: LlmSettings = LlmSettings()
    realtime: RealtimeSettings = RealtimeSettings()
    guard: GuardSettings = GuardSettings()
    money: MoneySettings = MoneySettings()
    pipeline: PipelineSettings = PipelineSettings()
    export: ExportSettings = ExportSettings()
    log: LogSettings = LogSettings()

    PREFIX: ClassVar[str] = PREFIX
