"""Every setting once, typed. Unknown or misspelt ones are refused with the nearest name.

Sources, the first that names a setting wins: `VIVAVOCE_*` environment variables (`__` steps into a group,
`VIVAVOCE_WEB__PORT`; lists are separated by commas), then a TOML file (`VIVAVOCE_CONFIG`, else `vivavoce.toml`
in the working directory), then the defaults of the tree. An empty variable is as good as none, but for a list,
which it empties. Secrets are `SecretStr`: never printed, never logged.

A group may be a mapping of things that the user names, such as `speech.upstreams`. In rows and lists of settings `NAME`
stands for the name; in a variable its hyphens are underscores (`VIVAVOCE_SPEECH__UPSTREAMS__MY_FISH__URL`).
"""

from vivavoce.settings.errors import GuardUnknown, ProfileUnknown, RealtimeUnknown, SettingsError
from vivavoce.settings.export import ExportSettings
from vivavoce.settings.guard import GuardProfile, GuardSettings
from vivavoce.settings.host import HostSettings
from vivavoce.settings.listing import SettingRow, defaults, describe
from vivavoce.settings.llm import LlmProfile, LlmSettings
from vivavoce.settings.money import MoneySettings, PriceSettings
from vivavoce.settings.names import CONFIG_VARIABLE, names
from vivavoce.settings.pipeline import PipelineSettings
from vivavoce.settings.reading import DEFAULT_CONFIG, load
from vivavoce.settings.realtime import RealtimeProfile, RealtimeSettings
from vivavoce.settings.speech import SpeechSettings
from vivavoce.settings.tree import PREFIX, Settings
from vivavoce.settings.upstream import UpstreamSettings
from vivavoce.settings.voice import SpeakingProfile, SttSettings, TtsSettings, VoiceProfile
from vivavoce.settings.web import WebSettings

__all__ = [
    "CONFIG_VARIABLE",
    "DEFAULT_CONFIG",
    "PREFIX",
    "ExportSettings",
    "GuardProfile",
    "GuardSettings",
    "GuardUnknown",
    "HostSettings",
    "LlmProfile",
    "LlmSettings",
    "MoneySettings",
    "PipelineSettings",
    "PriceSettings",
    "ProfileUnknown",
    "RealtimeProfile",
    "RealtimeSettings",
    "RealtimeUnknown",
    "SettingRow",
    "Settings",
    "SettingsError",
    "SpeakingProfile",
    "SpeechSettings",
    "SttSettings",
    "TtsSettings",
    "UpstreamSettings",
    "VoiceProfile",
    "WebSettings",
    "defaults",
    "describe",
    "load",
    "names",
]
