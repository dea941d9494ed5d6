"""Who hears and speaks for the sessions of a process: the speech server, and whoever the settings name besides it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import aiohttp
from livekit.agents import stt, tts

from vivavoce.breaker import Breaker
from vivavoce.session.usage import Used, unmetered
from vivavoce.settings import Settings
from vivavoce.settings.voice import SPEECH, SpeakingProfile, VoiceProfile
from vivavoce.speech.client import SpeechClient
from vivavoce.voice.ears import Ear, Ears, PluginEar, ServerEar
from vivavoce.voice.failover import RULES, Link, Switched
from vivavoce.voice.plugins import CLOUDS, make
from vivavoce.voice.speakers import PluginSpeaker, ServerSpeaker, Speaker, Speakers


class Providers:
    """Ears and speakers, each made once and shared.

    Build it on the main thread, where livekit imports its plug-ins, in the event loop that will use it.

    Args:
        settings: of the deployment.
        client: the speech server; whoever made it closes it.

    Raises:
        PluginMissing: a plug-in that the settings name is not installed.
        PluginRefused: a plug-in does not take the settings of its profile.
    """

    def __init__(self, settings: Settings, client: SpeechClient) -> None:
        self._settings = settings
        self._clients: list[SpeechClient] = []
        self._plugins: list[stt.STT[Any] | tts.TTS[Any]] = []
        self._http: aiohttp.ClientSession | None = None
        self._ears: dict[str, Link[Ear]] = {SPEECH: Link(SPEECH, client, Breaker(RULES))}
        self._speakers: dict[str, Link[Speaker]] = {SPEECH: Link(SPEECH, client, Breaker(RULES))}
        for name, profile in settings.stt.profiles.items():
            self._ears[name] = Link(name, self._ear(name, profile), Breaker(RULES))
        for name, profile in settings.tts.profiles.items():
            self._speakers[name] = Link(name, self._speaker(profile), Breaker(RULES))

    def ears(self, *, switched: Switched, first: Callable[[], Link[Ear] | None] = lambda: None) -> Ears:
        """A session's ears.

        Args:
            switched: told when another one hears.
            first: gives the ear that is this session's alone, and asked before all others, while there is one.
        """
        stt = self._settings.stt

        def order(language: str | None) -> list[Link[Ear]]:
            own = first()
            others = [self._ears[name] for name in stt.order_for(language)]
            return others if own is None else [own, *others]

        return Ears(
            order,
            now=asyncio.get_running_loop().time,
            switch_s=stt.switch_s,
            switched=switched,
        )

    def speakers(self, *, switched: Switched, used: Used = unmetered) -> Speakers:
        """A session's speakers."""
        tts = self._settings.tts
        return Speakers(
            [self._speakers[name] for name in (SPEECH, *tts.fallbacks)],
            now=asyncio.get_running_loop().time,
            switch_s=tts.switch_s,
            switched=switched,
            used=used,
        )

    async def aclose(self) -> None:
        """Close every connection but the speech server's."""
        for made in self._plugins:
            await made.aclose()
        for client in self._clients:
            await client.aclose()
        if self._http is not None:
            await self._http.close()

    def _ear(self, name: str, profile: VoiceProfile) -> Ear:
        if profile.plugin is None:
            return ServerEar(self._client(profile), profile.model, name=name)
        return PluginEar(self._make(profile.plugin, "STT", profile))

    def _speaker(self, profile: SpeakingProfile) -> Speaker:
        if profile.plugin is None:
            return ServerSpeaker(self._client(profile), profile)
        name, cloud = profile.plugin, CLOUDS[profile.plugin]

        def speaking(voice: str | None, language: str | None) -> tts.TTS[Any]:
            named = {cloud.voice: voice, cloud.language: language}
            return self._make(
                name, "TTS", profile, **{option: value for option, value in named.items() if option and value}
            )

        return PluginSpeaker(speaking, profile, told=cloud.language is not None)

    def _make(self, name: str, work: str, profile: VoiceProfile, **more: Any) -> Any:
        options: dict[str, Any] = dict(profile.options)
        if profile.model is not None:
            options["model"] = profile.model
        options |= more
        if profile.api_key is not None:
            options["api_key"] = profile.api_key.get_secret_value()
        if self._http is None:
            self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60, connect=5))
        made = make(name, work, options, http=self._http)
        self._plugins.append(made)
        return made

    def _client(self, profile: VoiceProfile) -> SpeechClient:
        assert profile.url is not None, "the settings see to it"
        client = SpeechClient(profile.url)
        self._clients.append(client)
        return client
