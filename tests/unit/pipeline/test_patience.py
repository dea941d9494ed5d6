"""What is worth another try, and when."""

from __future__ import annotations

import asyncio

import pytest

from vivavoce.errors import VivavoceError
from vivavoce.pipeline.patience import FIRST_S, LONGEST_S, MOST_PASSING, MOST_UNKNOWN, NotYet, wait_s
from vivavoce.session.errors import StorageUnavailable
from vivavoce.speech.client import SpeechRejected, SpeechUnavailable


@pytest.mark.parametrize(
    "error",
    [
        StorageUnavailable("It is away."),
        SpeechUnavailable("It is away.", next_step=""),
        NotYet("It is open.", next_step=""),
        TimeoutError(),
    ],
)
def test_what_passes_is_waited_for_longer_and_longer(error: Exception) -> None:
    waits = [wait_s(error, attempts) for attempts in range(MOST_PASSING)]
    assert waits[:3] == [FIRST_S, 2 * FIRST_S, 4 * FIRST_S]
    assert waits[-2:] == [LONGEST_S, None]


def test_what_somebody_has_to_see_to_is_not_tried_again() -> None:
    assert wait_s(SpeechRejected("No such model.", next_step=""), 0) is None
    assert wait_s(VivavoceError("Broken.", next_step=""), 0) is None


def test_a_mistake_of_ours_has_a_few_tries() -> None:
    assert [wait_s(ZeroDivisionError(), n) is None for n in range(MOST_UNKNOWN)] == [False, False, True]


def test_a_job_whose_worker_was_stopped_goes_on_at_once() -> None:
    assert wait_s(asyncio.CancelledError(), 99) == 0
