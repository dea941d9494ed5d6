"""Speech-to-speech models by the settings' profiles, each through LiveKit's official plug-in for its provider.

Each interview has its own connection. When a turn is over and who speaks next is our affair, so the providers' own turn
detection is off: OpenAI Realtime is told by a commit and a `response.create`
(https://platform.openai.com/docs/guides/realtime-vad), Gemini Live by the start and end of an activity
(https://ai.google.dev/gemini-api/docs/live-guide).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import aiohttp
from livekit.agents import APIConnectOptions, NotGivenOr, llm
from livekit.agents.types import NOT_GIVEN

from vivavoce.breaker import Breaker
from vivavoce.protocol.languages import base_language
from vivavoce.settings import RealtimeProfile, RealtimeSettings
from vivavoce.voice.failover import RULES, Link
from vivavoce.voice.llm import NO_KEY
from vivavoce.voice.plugins import PluginRefused, plugin

RETRIES = 1
"""What the plug-in tries by itself where a connection breaks; after that we open a new one with the log's history."""

RETRY_S = 1.0


class Realtimes:
    """The profiles of the settings, shared by the sessions of a process. Nothing is connected yet.

    Build it on the main thread, where livekit imports its plug-ins, in the event loop that will use it.

    Args:
        settings: the profiles.

    Raises:
        PluginMissing: a profile's provider is an extra that is not installed.
        PluginRefused: a plug-in does not take its profile, for want of a key for example.
    """

    def __init__(self, settings: RealtimeSettings) -> None:
        self._settings = settings
        self._links = {
            name: Link(name, profile, Breaker(RULES)) for name, profile in settings.profiles.items()
        }
        self._http: aiohttp.ClientSession | None = None
        for name, profile in settings.profiles.items():
            plugin(profile.provider)
            try:
                self.open(profile, languages=())
            except ValueError as error:
                raise PluginRefused(
                    f"The plug-in {profile.provider!r} does not take the speech-to-speech profile {name!r}: {error}.",
                    next_step=f"Set VIVAVOCE_REALTIME__PROFILES__{name.upper().replace('-', '_')}__API_KEY, or what "
                    "else it misses.",
                ) from error

    def order(self, name: str) -> list[Link[RealtimeProfile]]:
        """A profile and those that new sessions try after it.

        Raises:
            RealtimeUnknown: there is no such profile.
        """
        return [self._links[each] for each in self._settings.order(name)]

    def open(self, profile: RealtimeProfile, *, languages: Sequence[str]) -> llm.RealtimeModel:
        """The model of a profile, for one connection.

        Args:
            profile: which one.
            languages: that the participant may speak.
        """
        options = APIConnectOptions(max_retry=RETRIES, retry_interval=RETRY_S, timeout=profile.connect_s)
        key = profile.api_key.get_secret_value() if profile.api_key is not None else None
        if profile.provider == "openai":
            return self._openai(profile, key, languages, options)
        return _google(profile, key, options)

    async def aclose(self) -> None:
        """Close the HTTP client; the connections are their sessions'."""
        if self._http is not None:
            await self._http.close()

    def _openai(
        self, profile: RealtimeProfile, key: str | None, languages: Sequence[str], options: APIConnectOptions
    ) -> llm.RealtimeModel:
        from livekit.plugins.openai import realtime
        from openai.types.realtime import AudioTranscription

        if self._http is None:
            # No time-out in all: a connection lasts as long as its interview.
            self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None, connect=60))
        heard: AudioTranscription | None = None
        if profile.transcriber is not None:
            heard = AudioTranscription(model=profile.transcriber)
            if len(languages) == 1:
                heard.language = base_language(languages[0])
        return realtime.RealtimeModel(
            model=profile.model,
            base_url=profile.base_url or NOT_GIVEN,
            api_key=key or (NO_KEY if profile.base_url else None),
            input_audio_transcription=heard,
            turn_detection=None,
            http_session=self._http,
            conn_options=options,
            voice=profile.voice or realtime.realtime_model.DEFAULT_VOICE,
        )


def _google(profile: RealtimeProfile, key: str | None, options: APIConnectOptions) -> llm.RealtimeModel:
    from google.genai import types
    from livekit.plugins.google import realtime

    made = realtime.RealtimeModel(
        model=profile.model,
        api_key=_given(key),
        vertexai=profile.project is not None,
        project=_given(profile.project),
        location=_given(profile.region),
        http_options=types.HttpOptions(base_url=profile.base_url),
        # An activity's start is no interruption: a cough is none either, and who interrupts is for us to see.
        realtime_input_config=types.RealtimeInputConfig(
            automatic_activity_detection=types.AutomaticActivityDetection(disabled=True),
            activity_handling=types.ActivityHandling.NO_INTERRUPTION,
        ),
        conn_options=options,
    )
    if profile.voice is not None:
        made.update_options(voice=profile.voice)
    return made


def _given(value: str | None) -> NotGivenOr[str]:
    return NOT_GIVEN if value is None else value


def is_connected(metrics: Any) -> bool:
    """Whether a measurement of a plug-in's is the one that says that the connection is up.

    `RealtimeSession._report_connection_acquired` of livekit-agents: no tokens, and how long the connecting took.
    """
    return not metrics.request_id and bool(metrics.acquire_time)
