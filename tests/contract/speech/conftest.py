"""The three kinds of upstream, each against its small server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import numpy as np
import pytest
from pydantic import SecretStr

from vivavoce.breaker import BreakerRules
from vivavoce.speech.upstream.base import Reference, Upstream
from vivavoce.speech.upstream.endpoint import Endpoint, Patience
from vivavoce.speech.upstream.fish import FishUpstream
from vivavoce.speech.upstream.openai import OpenAIUpstream
from vivavoce.speech.upstream.retry import RetryRules
from vivavoce.speech.upstream.voxtral import VoxtralUpstream
from vivavoce.speech.upstream.wav import wav

from .fish_server import FISH_RATE, FishServer
from .openai_server import OPENAI_RATE, OpenAIServer
from .upstream_servers import Server, running, tone
from .voxtral_server import VOXTRAL_RATE, VoxtralServer

PATIENCE = Patience(connect_s=1.0, first_byte_s=1.0, between_s=0.5, whole_s=8.0)
RETRY = RetryRules(attempts=3, first_wait_s=0.02, longest_wait_s=0.3)
BREAKER = BreakerRules(failures=6, open_s=0.5, longest_open_s=2.0)

CLIP = Reference("clip-0123456789abcdef", wav(tone(16_000, 3.0), 16_000), "What is said in it.", "consent-7")


@dataclass(frozen=True)
class Kind:
    """A client and the server it is made for."""

    name: str
    server: Callable[[], Server]
    upstream: Callable[[Endpoint], Upstream]
    voice: str
    rate: int


def _openai(endpoint: Endpoint) -> Upstream:
    return OpenAIUpstream(endpoint, model="tts-1")


def _voxtral(endpoint: Endpoint) -> Upstream:
    return VoxtralUpstream(endpoint)


def _voxtral_socket(endpoint: Endpoint) -> Upstream:
    return VoxtralUpstream(endpoint, socket=True)


def _fish(endpoint: Endpoint) -> Upstream:
    return FishUpstream(endpoint)


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("openai", OpenAIServer, _openai, "alloy", OPENAI_RATE),
        Kind("voxtral", VoxtralServer, _voxtral, "de_female", VOXTRAL_RATE),
        Kind("voxtral-socket", VoxtralServer, _voxtral_socket, "de_female", VOXTRAL_RATE),
        Kind("fish", FishServer, _fish, "default", FISH_RATE),
    )
}


@dataclass
class Pair:
    """An upstream and its server."""

    kind: Kind
    upstream: Upstream
    server: Server

    async def speak(self, text: str = "Hello.", **options: object) -> bytes:
        return b"".join([piece async for piece in self.start(text, **options)])

    def start(self, text: str = "Hello.", **options: object) -> AsyncGenerator[bytes]:
        asked = {"voice": self.kind.voice, "language": None, "speed": 1.0, "reference": None, **options}
        return self.upstream.speak(text, **asked)  # pyright: ignore[reportArgumentType]


@asynccontextmanager
async def pair(kind: Kind, *, server: Server | None = None, key: str | None = None) -> AsyncGenerator[Pair]:
    """An upstream with little patience, and its server."""
    async with running(server or kind.server()) as up:
        endpoint = at(up.url, key=key)
        upstream = kind.upstream(endpoint)
        try:
            yield Pair(kind, upstream, up)
        finally:
            await upstream.aclose()


def at(url: str, *, key: str | None = None, headers: Mapping[str, str] | None = None) -> Endpoint:
    return Endpoint(
        "far",
        url,
        key=None if key is None else SecretStr(key),
        patience=PATIENCE,
        retry=RETRY,
        breaker=BREAKER,
        headers=headers,
    )


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
def kind(request: pytest.FixtureRequest) -> Kind:
    found: Kind = request.param
    return found


def frequency(pcm: bytes, rate: int) -> float:
    """The loudest frequency, Hz."""
    samples = np.frombuffer(pcm, "<i2").astype(float)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * rate / len(samples))


async def until(condition: Callable[[], bool], *, within_s: float = 20.0) -> float:
    """Wait until the condition holds; how long it took, seconds."""
    start = time.monotonic()
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.002)
    return time.monotonic() - start
