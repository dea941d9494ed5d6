"""What a process measures is counted in another one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from vivavoce.telemetry.forwarding import LONGEST_PATH, ForwardedMetrics, count, received
from vivavoce.telemetry.metrics import Metrics

CALLS: dict[str, tuple[Callable[[Metrics], None], str, dict[str, str]]] = {
    "started": (lambda metrics: metrics.session_started(), "vivavoce_sessions_started_total", {}),
    "ended": (
        lambda metrics: metrics.session_ended(status="COMPLETED", reason="finished"),
        "vivavoce_sessions_ended_total",
        {"status": "COMPLETED", "reason": "finished"},
    ),
    "response": (lambda metrics: metrics.response(0.75), "vivavoce_response_seconds_sum", {}),
    "first voice": (lambda metrics: metrics.first_voice(1.0), "vivavoce_time_to_first_voice_seconds_sum", {}),
    "barge-in": (lambda metrics: metrics.barge_in(0.25), "vivavoce_barge_in_seconds_sum", {}),
    "fault": (
        lambda metrics: metrics.speech_fault("tts"),
        "vivavoce_speech_faults_total",
        {"stage": "tts"},
    ),
    "cost": (
        lambda metrics: metrics.cost(0.5, part="llm", provider="ours"),
        "vivavoce_cost_usd_total",
        {"part": "llm", "provider": "ours"},
    ),
    "alert": (lambda metrics: metrics.study_alert(85), "vivavoce_study_alerts_total", {"percent": "85"}),
}


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("name", CALLS)
async def test_each_is_counted_as_it_is_where_it_happened(name: str, tmp_path: Path) -> None:
    call, series, labels = CALLS[name]
    here, there = Metrics(CollectorRegistry()), Metrics(CollectorRegistry())
    call(here)
    async with received(tmp_path / "m", there):
        forwarded = ForwardedMetrics(tmp_path / "m")
        call(forwarded)
        forwarded.close()
        wanted = here.registry.get_sample_value(series, labels)
        assert wanted
        await until(lambda: there.registry.get_sample_value(series, labels) == wanted)
    assert not (tmp_path / "m").exists()


async def test_a_worker_that_does_not_listen_keeps_no_session_waiting(tmp_path: Path) -> None:
    forwarded = ForwardedMetrics(tmp_path / "m")
    forwarded.session_started()
    metrics = Metrics(CollectorRegistry())
    async with received(tmp_path / "m", metrics):
        forwarded.session_started()
        await until(lambda: metrics.registry.get_sample_value("vivavoce_sessions_started_total") == 1)
    forwarded.close()


async def test_a_socket_that_a_killed_worker_left_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "m").touch()
    metrics = Metrics(CollectorRegistry())
    async with received(tmp_path / "m", metrics):
        forwarded = ForwardedMetrics(tmp_path / "m")
        forwarded.session_started()
        forwarded.close()
        await until(lambda: metrics.registry.get_sample_value("vivavoce_sessions_started_total") == 1)


async def test_a_folder_with_too_long_a_name_costs_the_measurements_and_no_more(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * LONGEST_PATH)
    folder.mkdir()
    async with received(folder / "m", Metrics(CollectorRegistry())):
        forwarded = ForwardedMetrics(folder / "m")
        forwarded.session_started()
        forwarded.close()


@pytest.mark.parametrize("wrong", [b"", b"\xff", b"{}", b'["cost", "a lot"]', b'["speech_fault", "ears"]'])
def test_what_is_no_measurement_is_not_counted(wrong: bytes) -> None:
    metrics = Metrics(CollectorRegistry())
    count(wrong, metrics)
    samples = [sample for metric in metrics.registry.collect() for sample in metric.samples]
    assert not any(sample.value for sample in samples if not sample.name.endswith("_created"))
