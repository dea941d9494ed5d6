"""Whose turn it is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vivavoce.speech.messages import Priority
from vivavoce.speech.schedule import PARTIAL_WAIT_S, SILENT_STEP_S, UNTAKEN_LIMIT, Schedule


def whose(schedule: Schedule[str]) -> str | None:
    turn = schedule.next()
    return None if turn is None else turn.job


def test_live_goes_before_partial_before_batch_whoever_came_first() -> None:
    schedule: Schedule[str] = Schedule()
    schedule.add(1, "batch", Priority.BATCH, now=0.0)
    schedule.add(2, "partial", Priority.PARTIAL, now=1.0)
    schedule.add(3, "live", Priority.LIVE, now=2.0)
    order: list[str | None] = []
    for id in (3, 2, 1):
        order.append(whose(schedule))
        schedule.remove(id)
    assert order == ["live", "partial", "batch"]
    assert whose(schedule) is None


def test_a_newcomer_goes_before_one_who_has_sound_left_to_play() -> None:
    schedule: Schedule[str] = Schedule()
    schedule.add(1, "speaking", Priority.LIVE, now=0.0)
    schedule.gave(1, 3.0, now=1.0)
    schedule.add(2, "new", Priority.LIVE, now=2.0)
    assert whose(schedule) == "new"
    schedule.gave(2, 5.0, now=2.5)
    assert whose(schedule) == "speaking"  # its sound ends at 4.0, the other's at 7.5


def test_one_whose_sound_ran_dry_is_due_from_now_not_from_then() -> None:
    schedule: Schedule[str] = Schedule()
    schedule.add(1, "dry", Priority.LIVE, now=0.0)
    schedule.gave(1, 1.0, now=0.0)
    schedule.gave(1, 2.0, now=10.0)
    schedule.add(2, "other", Priority.LIVE, now=11.0)
    schedule.gave(2, 0.5, now=11.0)
    assert whose(schedule) == "other"


def test_those_who_came_together_all_have_their_first_step_before_one_has_its_second() -> None:
    schedule: Schedule[str] = Schedule()
    for id, job in enumerate("abc"):
        schedule.add(id, job, Priority.LIVE, now=id * 0.01)
    order: list[int] = []
    for _ in range(6):
        turn = schedule.next()
        assert turn is not None
        order.append(turn.id)
        schedule.worked(turn.id)
    assert order == [0, 1, 2, 0, 1, 2]


def test_newcomers_do_not_keep_one_waiting_who_was_put_back() -> None:
    schedule: Schedule[str] = Schedule()
    schedule.add(1, "old", Priority.LIVE, now=0.0)
    schedule.worked(1)
    schedule.add(2, "new", Priority.LIVE, now=SILENT_STEP_S * 1.1)
    assert whose(schedule) == "old"


def test_a_step_without_sound_does_not_put_back_one_that_is_heard() -> None:
    schedule: Schedule[str] = Schedule()
    schedule.add(1, "first", Priority.LIVE, now=0.0)
    schedule.gave(1, 1.0, now=0.0)
    schedule.worked(1)
    schedule.add(2, "second", Priority.LIVE, now=1.0 + SILENT_STEP_S / 2)
    assert whose(schedule) == "first"


def test_one_too_far_ahead_of_its_caller_waits_until_something_is_taken() -> None:
    schedule: Schedule[str] = Schedule()
    schedule.add(1, "ahead", Priority.LIVE, now=0.0)
    schedule.add(2, "batch", Priority.BATCH, now=0.0)
    for _ in range(UNTAKEN_LIMIT):
        assert whose(schedule) == "ahead"
        schedule.gave(1, 0.1, now=0.0)
    assert whose(schedule) == "batch"
    schedule.taken(1)
    assert whose(schedule) == "ahead"


def test_only_a_partial_that_has_not_begun_is_late() -> None:
    schedule: Schedule[str] = Schedule()
    for id, priority in enumerate(Priority):
        schedule.add(id, priority.value, priority, now=0.0)
    schedule.add(9, "begun", Priority.PARTIAL, now=0.0)
    for turn in [schedule.next()]:
        assert turn is not None
    begun = next(turn for turn in schedule.late(now=99.0) if turn.id == 9)
    begun.began = True
    assert [turn.job for turn in schedule.late(now=PARTIAL_WAIT_S)] == []
    assert [turn.job for turn in schedule.late(now=PARTIAL_WAIT_S + 0.01)] == ["partial"]


def test_a_job_that_is_being_worked_is_not_chosen_again() -> None:
    schedule: Schedule[str] = Schedule()
    schedule.add(1, "first", Priority.LIVE, now=0.0)
    schedule.add(2, "second", Priority.LIVE, now=1.0)
    first = schedule.next()
    assert first is not None
    first.running = True
    assert whose(schedule) == "second"


def test_live_ones_are_worked_together_the_most_urgent_first() -> None:
    schedule: Schedule[str] = Schedule()
    schedule.add(1, "batch", Priority.BATCH, now=0.0)
    for id in (4, 3, 2):
        schedule.add(id, f"live {id}", Priority.LIVE, now=float(id))
    assert [turn.job for turn in schedule.group(8)] == ["live 2", "live 3", "live 4"]
    assert [turn.job for turn in schedule.group(2)] == ["live 2", "live 3"]
    assert Schedule[str]().group(8) == []


def test_what_may_wait_is_worked_alone_so_that_a_live_one_waits_for_one_step_of_one() -> None:
    schedule: Schedule[str] = Schedule()
    for id in (1, 2):
        schedule.add(id, f"batch {id}", Priority.BATCH, now=0.0)
    assert [turn.job for turn in schedule.group(8)] == ["batch 1"]
    for id in (3, 4):
        schedule.add(id, f"partial {id}", Priority.PARTIAL, now=1.0)
    assert [turn.job for turn in schedule.group(8)] == ["partial 3"]


@given(st.lists(st.tuples(st.sampled_from(list(Priority)), st.floats(0.1, 5.0)), min_size=1, max_size=6))
def test_nobody_of_the_first_rank_is_left_out(jobs: list[tuple[Priority, float]]) -> None:
    """Everybody of the highest priority has had a step by the time anybody has had 2 + (longest / shortest)."""
    schedule: Schedule[int] = Schedule()
    for id, (priority, _) in enumerate(jobs):
        schedule.add(id, id, priority, now=0.0)
    first = min(jobs, key=lambda job: list(Priority).index(job[0]))[0]
    rank = {id for id, (priority, _) in enumerate(jobs) if priority is first}
    served: list[int] = []
    for _ in range(len(rank)):
        turn = schedule.next()
        assert turn is not None
        served.append(turn.id)
        schedule.gave(turn.id, jobs[turn.id][1], now=0.0)
        schedule.taken(turn.id)
    assert set(served) == rank
