"""Official plug-ins of LiveKit Agents, by name: `openai` is `livekit.plugins.openai` of `livekit-plugins-openai`."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from vivavoce.errors import VivavoceError
from vivavoce.speech.client import READ_S

LONGEST_S = READ_S
"""The longest a plug-in is waited for where nobody else is left: what the speech client waits."""


@dataclass(frozen=True)
class Cloud:
    """How a plug-in's `TTS` names what a profile's voices say.

    Attributes:
        voice: its option for the voice.
        language: its option for the language of what is said; None where the voice or the text tells it.
    """

    voice: str
    language: str | None = None


CLOUDS: Mapping[str, Cloud] = {
    "openai": Cloud("voice"),
    # A voice of Deepgram's is a model (https://developers.deepgram.com/docs/tts-models).
    "deepgram": Cloud("model"),
    "elevenlabs": Cloud("voice_id", "language"),
    "cartesia": Cloud("voice", "language"),
}
"""The plug-ins that a profile may name (`settings.voice`)."""


class PluginMissing(VivavoceError):
    """A plug-in that the settings name is not installed."""

    code = "plugin_missing"


class PluginRefused(VivavoceError):
    """A plug-in does not do that work, or not with those options."""

    code = "plugin_refused"


def plugin(name: str) -> Any:
    """The module of a plug-in. Import it on the main thread: livekit refuses any other.

    Raises:
        PluginMissing: it is not installed.
    """
    module = f"livekit.plugins.{name}"
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise PluginMissing(
            f"The settings name the plug-in {name!r}, and {error.name} is not installed.",
            next_step=f"Install it: pip install 'vivavoce[{name}]'",
        ) from error


def make(name: str, work: str, options: Mapping[str, Any], *, http: aiohttp.ClientSession) -> Any:
    """An object of a plug-in's class.

    Args:
        name: of the plug-in.
        work: the class: `STT` or `TTS`.
        options: for its constructor.
        http: for plug-ins that want one; LiveKit's own is there in its workers only.

    Raises:
        PluginMissing, PluginRefused.
    """
    made = getattr(plugin(name), work)
    own = {"http_session": http} if "http_session" in inspect.signature(made).parameters else {}
    try:
        return made(**options, **own)
    except (TypeError, ValueError) as error:
        raise PluginRefused(
            f"The {work} of the plug-in {name!r} does not take its settings: {error}",
            next_step="Look at `model`, `api_key` and `options` of its profile.",
        ) from error
