"""What Prometheus is given: names and labels that dashboards and alerts rely on."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest

from vivavoce.telemetry.metrics import Metrics


def _text(metrics: Metrics) -> list[str]:
    return generate_latest(metrics.registry).decode().splitlines()


def test_names_and_labels_are_as_promised() -> None:
    metrics = Metrics(CollectorRegistry())
    metrics.hold_sessions({"active": 2, "waiting": 1})
    metrics.session_started()
    metrics.session_ended(status="completed", reason="finished")
    metrics.response(0.75)
    metrics.first_voice(1.2)
    metrics.barge_in(0.35)
    metrics.speech_fault("stt")
    metrics.event_loop_lag(0.004)
    lines = _text(metrics)
    for expected in (
        'vivavoce_sessions{status="active"} 2.0',
        'vivavoce_sessions{status="waiting"} 1.0',
        "vivavoce_sessions_started_total 1.0",
        'vivavoce_sessions_ended_total{reason="finished",status="completed"} 1.0',
        'vivavoce_response_seconds_bucket{le="0.7"} 0.0',
        'vivavoce_response_seconds_bucket{le="0.8"} 1.0',
        'vivavoce_time_to_first_voice_seconds_bucket{le="1.5"} 1.0',
        'vivavoce_barge_in_seconds_bucket{le="0.4"} 1.0',
        'vivavoce_speech_faults_total{stage="stt"} 1.0',
        'vivavoce_speech_faults_total{stage="llm"} 0.0',
        "vivavoce_event_loop_lag_seconds 0.004",
    ):
        assert expected in lines


def test_a_status_no_session_is_in_any_more_disappears() -> None:
    metrics = Metrics(CollectorRegistry())
    metrics.hold_sessions({"active": 2})
    metrics.hold_sessions({"waiting": 1})
    lines = _text(metrics)
    assert 'vivavoce_sessions{status="waiting"} 1.0' in lines
    assert not [line for line in lines if 'status="active"' in line]


def test_two_registries_do_not_meet() -> None:
    one, other = Metrics(CollectorRegistry()), Metrics(CollectorRegistry())
    one.session_started()
    assert "vivavoce_sessions_started_total 0.0" in _text(other)
