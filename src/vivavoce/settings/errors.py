"""What can be wrong with settings."""

from __future__ import annotations

from vivavoce.errors import VivavoceError


class SettingsError(VivavoceError):
    """One or more settings are unknown or have a value that does not fit."""

    code = "settings_invalid"


class ProfileUnknown(SettingsError):
    """A model profile was named that the settings do not have."""

    code = "llm_profile_unknown"


class RealtimeUnknown(SettingsError):
    """A speech-to-speech profile was named that the settings do not have."""

    code = "realtime_profile_unknown"


class GuardUnknown(SettingsError):
    """A guard profile was named that the settings do not have."""

    code = "guard_profile_unknown"
