"""The mind: a language model that may moderate, with its patience, and the ways it can fail."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from livekit.agents import llm

from vivavoce.breaker import Breaker
from vivavoce.errors import VivavoceError
from vivavoce.protocol.prompts.pack import require_reviewed
from vivavoce.protocol.requests import Request, schema
from vivavoce.settings import LlmProfile, LlmSettings
from vivavoce.voice.failover import RULES, Link, Route, Switched
from vivavoce.voice.llm import open_model, require

MOST_CALLS = 6
"""Calls of one answer that are judged; the others are not looked at."""


class ModelFailed(VivavoceError):
    """The model was no help in this reply; the study's words stand in."""

    code = "llm_failed"


class ModelAway(ModelFailed):
    """The server is at fault and not what the model said: another model may go on with the reply."""

    code = "llm_away"


class ModelUnavailable(ModelAway):
    """The server could not be reached, refused, or broke off."""

    code = "llm_unavailable"


class ModelSlow(ModelAway):
    """The first word, or the whole reply, took too long."""

    code = "llm_slow"


class ModelStalled(ModelAway):
    """The answer stopped in the middle."""

    code = "llm_stalled"


class ModelLost(ModelFailed):
    """The model calls tools in vain, or without end."""

    code = "llm_lost"


class ModelEndless(ModelFailed):
    """The model writes without ending a sentence."""

    code = "llm_endless"


class ModelEmpty(ModelFailed):
    """The model had nothing to say."""

    code = "llm_empty"


@dataclass(frozen=True)
class Mind:
    """A model, and how long it is waited for.

    Attributes:
        name: of its profile.
        model: any of livekit-agents'.
        profile: its patience.
    """

    name: str
    model: llm.LLM[Any]
    profile: LlmProfile


class Minds:
    """The models of the settings, each opened when it is first wanted and shared by the sessions of a process.

    Args:
        settings: the profiles.

    Raises:
        PluginMissing: a profile's provider is an extra that is not installed.
    """

    def __init__(self, settings: LlmSettings) -> None:
        self._settings = settings
        for profile in settings.profiles.values():
            require(profile)
        self._open: dict[str, Link[Mind]] = {}

    def may_hold(self, languages: Sequence[str]) -> None:
        """See that what a model is told in these languages may meet participants.

        Raises:
            PackUnreviewed: no native speaker has reviewed it, and the settings do not allow that.
        """
        if not self._settings.unreviewed_prompts:
            require_reviewed(languages)

    @property
    def longest_reply_s(self) -> float:
        """Seconds that the most patient profile gives a reply."""
        return max((profile.reply_s for profile in self._settings.profiles.values()), default=0.0)

    def route(
        self, name: str | None, language: str | None = None, *, switched: Switched = lambda switch: None
    ) -> Route[Mind]:
        """One session's way along a profile and its fallbacks; see `LlmSettings.profile`. Nothing is connected yet.

        Raises:
            ProfileUnknown: there is no such profile.
        """
        order = self._settings.order(name, language)
        links = [self._link(called, profile) for called, profile in order.items()]
        return Route(links, now=asyncio.get_running_loop().time, switched=switched)

    def routes(
        self, name: str | None, languages: Sequence[str], *, switched: Switched = lambda switch: None
    ) -> Mapping[str, Route[Mind]]:
        """One session's way in each of its languages; those with the same profile go the same way.

        Raises:
            ProfileUnknown: there is no such profile.
        """
        ways: dict[str, Route[Mind]] = {}
        for language in languages:
            way = self.route(name, language, switched=switched)
            ways[language] = next((same for same in ways.values() if same.links == way.links), way)
        return ways

    def _link(self, name: str, profile: LlmProfile) -> Link[Mind]:
        if name not in self._open:
            self._open[name] = Link(name, Mind(name, open_model(profile), profile), Breaker(RULES))
        return self._open[name]

    async def aclose(self) -> None:
        """Close every connection."""
        for link in self._open.values():
            await link.part.model.aclose()
        self._open.clear()


def tools(requests: tuple[type[Request], ...]) -> list[llm.Tool]:
    """The protocol's requests as livekit-agents' tools."""
    return [_tool(request) for request in requests]


@cache
def _tool(request: type[Request]) -> llm.Tool:
    async def judged_elsewhere(raw_arguments: dict[str, object]) -> None:
        raise AssertionError("tools are judged by the protocol's rails, never run by the framework")

    return llm.function_tool(judged_elsewhere, raw_schema=schema(request))
