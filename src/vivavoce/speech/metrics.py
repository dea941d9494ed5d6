"""What the speech server measures, for Prometheus. The registry is passed in; labels never carry text."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from vivavoce.speech.cache import Tally

FIRST_SOUND_BUCKETS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 5.0, 15.0)
REAL_TIME_BUCKETS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 5.0)
TRANSCRIPTION_BUCKETS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0, 2.0, 5.0, 15.0)


@dataclass(frozen=True, slots=True)
class EngineState:
    """How an engine is now.

    Attributes:
        name: its name.
        ready: whether it works.
        in_hand: requests that it has not finished with.
        restarts: how often its process was started again.
        breaker: of an upstream's circuit breaker: closed, open or half_open; None for an engine that is here.
    """

    name: str
    ready: bool
    in_hand: int
    restarts: int
    breaker: str | None = None


class SpeechMetrics:
    """Every metric of one speech server, on the registry given."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._requests = Counter(
            "vivavoce_speech_requests",
            "Requests by engine and how they ended: ok, or the code of the error, or gone (the caller left).",
            ["engine", "outcome"],
            registry=registry,
        )
        self._first_sound = Histogram(
            "vivavoce_speech_first_sound_seconds",
            "From a text's arrival to its first chunk of sound from an engine, waiting included.",
            ["engine"],
            buckets=FIRST_SOUND_BUCKETS,
            registry=registry,
        )
        self._real_time = Histogram(
            "vivavoce_speech_synthesis_real_time_factor",
            "Seconds of engine time for a second of speech.",
            ["engine"],
            buckets=REAL_TIME_BUCKETS,
            registry=registry,
        )
        self._transcription = Histogram(
            "vivavoce_speech_transcription_seconds",
            "From a sound's arrival to its transcript, waiting included.",
            ["engine"],
            buckets=TRANSCRIPTION_BUCKETS,
            registry=registry,
        )
        self._lookups = Counter(
            "vivavoce_speech_cache_lookups",
            "Passages looked for in the cache: hit or miss.",
            ["engine", "outcome"],
            registry=registry,
        )
        self._cached_bytes = Counter(
            "vivavoce_speech_cache_served_bytes",
            "Bytes of speech that came from the cache.",
            ["engine"],
            registry=registry,
        )
        self._sockets = Gauge(
            "vivavoce_speech_sockets",
            "WebSockets that are open: stream (text in, speech out) or transcribe.",
            ["surface"],
            registry=registry,
        )

    def ended(self, engine: str, outcome: str) -> None:
        """A request ended."""
        self._requests.labels(engine, outcome).inc()

    def first_sound(self, engine: str, seconds: float) -> None:
        """A text's first chunk left."""
        self._first_sound.labels(engine).observe(seconds)

    def spoken(self, engine: str, *, audio_s: float, work_s: float) -> None:
        """A text was spoken to its end."""
        if audio_s > 0:
            self._real_time.labels(engine).observe(work_s / audio_s)

    def transcribed(self, engine: str, seconds: float) -> None:
        """A transcript left."""
        self._transcription.labels(engine).observe(seconds)

    def looked_up(self, engine: str, *, hit: bool, bytes: int) -> None:
        """A passage was looked for in the cache."""
        self._lookups.labels(engine, "hit" if hit else "miss").inc()
        self._cached_bytes.labels(engine).inc(bytes)

    @contextmanager
    def socket(self, surface: Literal["stream", "transcribe"]) -> Generator[None]:
        """A WebSocket while it is open."""
        with self._sockets.labels(surface).track_inprogress():
            yield

    def watch_cache(self, tally: Callable[[], Tally]) -> None:
        """Report the cache's state when asked."""
        self.registry.register(_CacheState(tally))

    def watch(self, engines: Callable[[], Iterable[EngineState]]) -> None:
        """Report the engines' state when asked."""
        self.registry.register(_EngineStates(engines))


class _CacheState(Collector):
    def __init__(self, tally: Callable[[], Tally]) -> None:
        self._tally = tally

    def collect(self) -> Iterable[Metric]:
        tally = self._tally()
        size = GaugeMetricFamily("vivavoce_speech_cache_bytes", "What the cache's folder holds.")
        size.add_metric([], tally.bytes)
        dropped = CounterMetricFamily(
            "vivavoce_speech_cache_dropped", "Files dropped: damaged, or evicted for room.", labels=["reason"]
        )
        dropped.add_metric(["damaged"], tally.damaged)
        dropped.add_metric(["evicted"], tally.evicted)
        return [size, dropped]


class _EngineStates(Collector):
    def __init__(self, engines: Callable[[], Iterable[EngineState]]) -> None:
        self._engines = engines

    def collect(self) -> Iterable[Metric]:
        ready = GaugeMetricFamily(
            "vivavoce_speech_engine_ready", "1 when the engine works.", labels=["engine"]
        )
        in_hand = GaugeMetricFamily(
            "vivavoce_speech_requests_in_hand",
            "Requests the engine has not finished with, abandoned ones included.",
            labels=["engine"],
        )
        restarts = GaugeMetricFamily(
            "vivavoce_speech_engine_restarts", "How often its process was started again.", labels=["engine"]
        )
        breaker = GaugeMetricFamily(
            "vivavoce_speech_upstream_breaker",
            "1 for the state that the circuit breaker of an upstream is in.",
            labels=["engine", "state"],
        )
        for engine in self._engines():
            ready.add_metric([engine.name], float(engine.ready))
            in_hand.add_metric([engine.name], engine.in_hand)
            restarts.add_metric([engine.name], engine.restarts)
            if engine.breaker is not None:
                for state in ("closed", "open", "half_open"):
                    breaker.add_metric([engine.name, state], float(engine.breaker == state))
        return [ready, in_hand, restarts, breaker]
