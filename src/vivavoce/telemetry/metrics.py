"""The measurements Viva Voce gives to Prometheus. The registry is passed in; there are no global metrics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

SpeechStage = Literal["stt", "tts", "llm", "realtime"]

# Finest around the targets: response 0.8 s median and 1.5 s at p95, first voice 2 s, barge-in 0.8 s.
RESPONSE_BUCKETS = (0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
FIRST_VOICE_BUCKETS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
BARGE_IN_BUCKETS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.5, 2.0, 4.0)


class Metrics:
    """Every metric of one process, on the registry given.

    Labels take few values, so that series stay few: never a session id, a study or text.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._sessions = Gauge(
            "vivavoce_sessions", "Sessions this process holds, by status.", ["status"], registry=registry
        )
        self._started = Counter(
            "vivavoce_sessions_started", "Sessions whose participant joined.", registry=registry
        )
        self._ended = Counter(
            "vivavoce_sessions_ended",
            "Sessions that ended, by terminal status and reason.",
            ["status", "reason"],
            registry=registry,
        )
        self._response = Histogram(
            "vivavoce_response_seconds",
            "From the participant's last speech sample to the moderator's first.",
            buckets=RESPONSE_BUCKETS,
            registry=registry,
        )
        self._first_voice = Histogram(
            "vivavoce_time_to_first_voice_seconds",
            "From a participant joining to the moderator's first sample.",
            buckets=FIRST_VOICE_BUCKETS,
            registry=registry,
        )
        self._barge_in = Histogram(
            "vivavoce_barge_in_seconds",
            "From the participant's first sample over the moderator's voice to silence.",
            buckets=BARGE_IN_BUCKETS,
            registry=registry,
        )
        self._faults = Counter(
            "vivavoce_speech_faults", "Speech work that failed, by stage.", ["stage"], registry=registry
        )
        self._cost = Counter(
            "vivavoce_cost_usd",
            "What sessions cost, by part and provider.",
            ["part", "provider"],
            registry=registry,
        )
        self._study_alerts = Counter(
            "vivavoce_study_alerts",
            "Studies seen to have spent so many percent of their money.",
            ["percent"],
            registry=registry,
        )
        self._depth = Gauge(
            "voice_pipeline_queue_depth",
            "Jobs that wait or run, by stage of the pipeline.",
            ["stage"],
            registry=registry,
        )
        self._dead = Gauge(
            "voice_pipeline_dead_jobs",
            "Jobs that were given up, by stage of the pipeline.",
            ["stage"],
            registry=registry,
        )
        self._lag = Gauge(
            "vivavoce_event_loop_lag_seconds",
            "How late the event loop ran its latest timer.",
            registry=registry,
        )
        for stage in ("stt", "tts", "llm", "realtime"):
            # A rate() over a counter that starts at its first fault misses that fault.
            self._faults.labels(stage)
        for percent in ("85", "100"):
            self._study_alerts.labels(percent)

    def hold_sessions(self, by_status: Mapping[str, int]) -> None:
        """Say how many sessions this process holds in each status; statuses left out are zero."""
        self._sessions.clear()
        for status, count in by_status.items():
            self._sessions.labels(status).set(count)

    def session_started(self) -> None:
        """A participant joined a session for the first time."""
        self._started.inc()

    def session_ended(self, *, status: str, reason: str) -> None:
        """A session reached a terminal status."""
        self._ended.labels(status, reason).inc()

    def response(self, seconds: float) -> None:
        """One answer of the moderator, from the participant's last speech sample to its first."""
        self._response.observe(seconds)

    def first_voice(self, seconds: float) -> None:
        """One join, to the moderator's first sample."""
        self._first_voice.observe(seconds)

    def barge_in(self, seconds: float) -> None:
        """One interruption, from the participant's first sample to the moderator's silence."""
        self._barge_in.observe(seconds)

    def speech_fault(self, stage: SpeechStage) -> None:
        """Hearing, speaking or wording failed once."""
        self._faults.labels(stage).inc()

    def cost(self, usd: float, *, part: str, provider: str) -> None:
        """Something a session used, in dollars. For graphs: the ledger has the exact sums."""
        self._cost.labels(part, provider).inc(usd)

    def study_alert(self, percent: int) -> None:
        """A study was seen to have spent so much of its money."""
        self._study_alerts.labels(str(percent)).inc()

    def pipeline_depth(self, stage: str, jobs: int) -> None:
        """So many jobs of a stage wait or run."""
        self._depth.labels(stage).set(jobs)

    def pipeline_dead(self, stage: str, jobs: int) -> None:
        """So many jobs of a stage were given up."""
        self._dead.labels(stage).set(jobs)

    def event_loop_lag(self, seconds: float) -> None:
        """How late the event loop was."""
        self._lag.set(seconds)
