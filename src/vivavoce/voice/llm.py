"""Language models by the settings' profiles, each through LiveKit's official plug-in for its provider.

Each is asked once a request and is not tried again by its own library: who goes on where it fails is our affair.
"""

from __future__ import annotations

from typing import Any

from livekit.agents import NOT_GIVEN, llm
from livekit.plugins import openai

from vivavoce.settings import LlmProfile
from vivavoce.voice.plugins import plugin

NO_KEY = "none"
"""What servers without keys are sent: the client library wants one."""


def require(profile: LlmProfile) -> None:
    """See that a profile's provider is installed; on the main thread, where livekit imports its plug-ins.

    Raises:
        PluginMissing: it is an extra that is not.
    """
    plugin(profile.provider)


def open_model(profile: LlmProfile) -> llm.LLM[Any]:
    """The model of a profile. Nothing is connected yet.

    Raises:
        PluginMissing: its provider is an extra that is not installed.
    """
    require(profile)
    key = profile.api_key.get_secret_value() if profile.api_key is not None else None
    temperature = NOT_GIVEN if profile.temperature is None else profile.temperature
    if profile.provider == "openai":
        assert profile.base_url is not None, "the settings see to it"
        return openai.LLM(
            model=profile.model,
            base_url=profile.base_url,
            api_key=key or NO_KEY,
            temperature=temperature,
            max_retries=0,
        )
    if profile.provider == "aws":
        # Imported here: an extra.
        from vivavoce.voice.bedrock import BedrockLLM

        return BedrockLLM(
            profile.model,
            region=profile.region,
            endpoint=profile.base_url,
            temperature=temperature,
            read_timeout_s=profile.reply_s,
        )
    from vivavoce.voice.gemini import GeminiLLM

    return GeminiLLM(
        profile.model,
        api_key=key,
        project=profile.project,
        location=profile.region,
        base_url=profile.base_url,
        temperature=temperature,
    )
