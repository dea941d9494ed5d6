from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.ops.simulate.report import Failure, Measured, Outcome, Report, Spread

SECONDS = st.floats(min_value=0, max_value=1e4, allow_nan=False)


@given(st.lists(SECONDS, min_size=1, max_size=60))
def test_percentiles_are_numpys(values: list[float]) -> None:
    spread = Spread.of(values)
    assert spread.n == len(values)
    assert spread.p50 == pytest.approx(np.percentile(values, 50))
    assert spread.p95 == pytest.approx(np.percentile(values, 95))
    assert spread.max == max(values)


def test_nothing_measured_is_null_not_zero() -> None:
    assert Spread.of([]).as_json() == {"n": 0, "p50": None, "p95": None, "max": None}


def _outcome(number: int, failure: Failure | None = None, **measured: object) -> Outcome:
    return Outcome(number, f"s{number}", Measured(**measured), 60.0, failure)  # pyright: ignore[reportArgumentType]


def _report(*outcomes: Outcome) -> Report:
    return Report("demo", "webrtc", outcomes, Spread.of([0.001]))


def test_the_report_joins_the_sessions() -> None:
    report = _report(
        _outcome(0, response_s=[0.5, 0.7], barge_in_s=[0.3], ttfv_s=1.0, turns=3, cut_ins=1),
        _outcome(1, Failure(1, "no_voice", "nothing"), ttfv_s=None),
        _outcome(2, Failure(2, "no_voice", "nothing"), response_s=[0.9], ttfv_s=2.0, turns=2, unanswered=2),
    )
    written = json.loads(json.dumps(report.as_json()))
    assert (written["sessions"], written["completed"]) == (3, 1)
    assert [failure["reason"] for failure in written["failures"]] == ["no_voice", "no_voice"]
    assert written["response_s"] == {"n": 3, "p50": 0.7, "p95": 0.88, "max": 0.9}
    assert written["barge_in_s"] == {"n": 1, "p50": 0.3, "p95": 0.3, "max": 0.3}
    assert written["ttfv_s"]["n"] == 2
    assert (written["turns"], written["cut_ins"], written["unanswered"]) == (5, 1, 2)
    assert report.reasons() == [("no_voice", 2)]
    assert not report.reached_the_end


def test_the_end_was_reached_only_if_everyone_did_and_there_was_someone() -> None:
    assert _report(_outcome(0), _outcome(1)).reached_the_end
    assert not _report(_outcome(0), _outcome(1, Failure(1, "hung", ""))).reached_the_end
    assert not _report().reached_the_end
