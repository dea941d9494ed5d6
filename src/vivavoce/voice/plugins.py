"""Official plug-ins of LiveKit Agents, by name: `openai` is `livekit.plugins.openai` of `livekit-plugins-openai`."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

from vivavoce.errors import VivavoceError
from vivavoce.speech.client import READ_S

LONGEST_S = READ_S
"""The longest a plug-in is waited for where nobody else is left: what the speech client waits."""

EXTRAS = ("aws", "google")
"""Plug-ins that are extras of this distribution; others are installed by their own name."""


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
        wanted = f"vivavoce[{name}]" if name in EXTRAS else f"livekit-plugins-{name.replace('_', '-')}"
        raise PluginMissing(
            f"The settings name the plug-in {name!r}, and {error.name} is not installed.",
            next_step=f"Install it: pip install '{wanted}'",
        ) from error


def make(name: str, work: str, options: dict[str, Any], *, http: Any = None) -> Any:
    """An object of a plug-in's class.

    Args:
        name: of the plug-in.
        work: the class: `STT` or `TTS`.
        options: for its constructor.
        http: an `aiohttp.ClientSession` for plug-ins that want one; LiveKit's own is there in its workers only.

    Raises:
        PluginMissing, PluginRefused.
    """
    made = getattr(plugin(name), work, None)
    if made is None:
        raise PluginRefused(
            f"The plug-in {name!r} has no {work}.",
            next_step="Take another, or see what it offers at LiveKit.",
        )
    if http is not None and "http_session" in inspect.signature(made).parameters:
        options = {**options, "http_session": http}
    try:
        return made(**options)
    except (TypeError, ValueError) as error:
        raise PluginRefused(
            f"The {work} of the plug-in {name!r} does not take its settings: {error}",
            next_step="Look at `model`, `api_key` and `options` of its profile.",
        ) from error
