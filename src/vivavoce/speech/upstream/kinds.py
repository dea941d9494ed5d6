"""The upstream that a relay's options describe."""

from __future__ import annotations

from vivavoce.speech.messages import RelayOptions
from vivavoce.speech.upstream import fish, openai, voxtral
from vivavoce.speech.upstream.base import Upstream
from vivavoce.speech.upstream.endpoint import Endpoint, Patience
from vivavoce.speech.upstream.listing import settings_voices

CONCURRENCY = {"openai": 8, "voxtral": 8, "fish": 1}
"""Requests at once. vLLM batches what comes together; Fish Speech works on one at a time."""

IMITATORS = ("voxtral", "fish")
"""Kinds that can speak with the voice of a clip."""


def concurrency(options: RelayOptions) -> int:
    """Requests that the upstream is given at once."""
    return options.concurrency or CONCURRENCY[options.kind]


def open_upstream(options: RelayOptions) -> Upstream:
    """A client of the upstream; nothing is sent yet."""
    patience = Patience(options.connect_s, options.first_byte_s, options.between_s, options.whole_s)
    hosted = options.kind == "fish" and options.model is not None
    endpoint = Endpoint(
        options.name,
        options.url,
        key=options.api_key,
        patience=patience,
        headers={"model": options.model} if hosted and options.model else None,
    )
    voices = settings_voices(options.voices)
    if options.kind == "openai":
        return openai.OpenAIUpstream(
            endpoint,
            model=options.model or "",
            voices=voices,
            sample_rate=options.sample_rate or openai.RATE,
            response_format=options.response_format,
        )
    if options.kind == "voxtral":
        return voxtral.VoxtralUpstream(
            endpoint,
            model=options.model,
            voices=voices,
            sample_rate=options.sample_rate or voxtral.RATE,
            socket=options.socket,
        )
    return fish.FishUpstream(
        endpoint, hosted=hosted, voices=voices, sample_rate=options.sample_rate or fish.RATE
    )
