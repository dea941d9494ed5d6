"""Sessions whose host is gone, cut off or overruled: who goes on with them, and what the participant is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from vivavoce.ops.close import close_session
from vivavoce.session.clock import ManualClock, SystemClock
from vivavoce.session.errors import LeaseLost
from vivavoce.session.events import LeaseClaimed, ParticipantLeft, Reason, SessionStatus
from vivavoce.session.memory import MemorySessionStore
from vivavoce.session.state import fold
from vivavoce.session.timers import Timers


async def _dies(stage: Any) -> None:
    """The process dies: nothing more is written, and its lease is still there."""
    runner = await stage.host.admit("s1", "webrtc", take_over=True)
    runner.lose(LeaseLost("s1", holder="first"))
    async with asyncio.timeout(10):
        while stage.host.capacity().used:
            await asyncio.sleep(0.01)
    await stage.store.seize("s1", holder="first", ttl_s=15)


async def test_a_session_of_a_dead_host_is_ready_before_its_participant_is_back(
    open_stage: Callable[..., Any],
) -> None:
    clock = ManualClock(SystemClock().now())
    store = MemorySessionStore(clock)
    async with open_stage(store=store) as first:
        await first.schedule()
        await first.join()
        await first.asked("q1")
        await _dies(first)
    async with open_stage(store=store) as second:
        await second.host.sweeper.sweep()
        assert second.host.capacity().used == 0, "its host may be alive"
        clock.advance(20)
        await second.host.sweeper.sweep()
        state = await second.until(lambda state: state.status is SessionStatus.DISCONNECTED)
        assert second.host.capacity().used == 1
        line = await second.join()
        state = await second.until(lambda state: state.progress.moves == 2)
        assert state.progress.last_move.move == "welcome_back"
        assert line.of("hello")[0]["resumed"] is True
        events = [event.payload for event in await second.events()]
        assert len([event for event in events if isinstance(event, LeaseClaimed)]) == 1
        assert [event.reason for event in events if isinstance(event, ParticipantLeft)] == ["lost"]
        assert state == fold((await second.events())[: state.seq])


async def test_who_does_not_come_back_after_a_crash_was_interrupted(open_stage: Callable[..., Any]) -> None:
    clock = ManualClock(SystemClock().now())
    store = MemorySessionStore(clock)
    async with open_stage(store=store) as first:
        await first.schedule(timers=Timers.resolve(rejoin_s=20))
        await first.join()
        await first.asked("q1")
        await _dies(first)
    clock.advance(16)
    async with open_stage(store=store) as second:
        await second.host.take_up("s1")
        await second.until(lambda state: state.status is SessionStatus.DISCONNECTED)
        runner = await second.host.admit("s1", "webrtc", take_over=False)
        runner._clock._zero -= 30  # half a minute passes
        state = await second.ended(within_s=5)
        assert (state.status, state.reason) == (SessionStatus.INTERRUPTED, Reason.CRASH)


async def test_an_interview_that_had_only_its_last_words_to_say_is_finished(
    open_stage: Callable[..., Any],
) -> None:
    clock = ManualClock(SystemClock().now())
    store = MemorySessionStore(clock)
    async with open_stage(store=store) as first:
        first.recogniser.texts = ["I walked to the market and bought some bread for my family."]
        await first.schedule()
        line = await first.join()
        for question in ("q1", "q2", "q3"):
            await first.asked(question)
            line.say("kokoro_s04")
        await first.until(lambda state: state.progress.final and bool(state.open_speeches))
        await _dies(first)
    clock.advance(16)
    async with open_stage(store=store) as second:
        await second.host.take_up("s1")
        state = await second.ended(within_s=5)
        assert (state.status, state.reason) == (SessionStatus.COMPLETED, Reason.FINISHED)


async def test_a_participant_who_comes_to_another_host_takes_the_session_along(
    open_stage: Callable[..., Any],
) -> None:
    store = MemorySessionStore(SystemClock())
    async with open_stage(store=store) as first, open_stage(store=store) as second:
        await first.schedule()
        old = await first.join()
        await first.asked("q1")
        new = await second.join(take_over=True)
        state = await second.until(lambda state: state.progress.moves == 2)
        assert state.connection is not None and state.connection.connection_id == new.connection_id
        before = await second.events()
        old.mute(True)  # anything that writes
        async with asyncio.timeout(10):
            while first.host.capacity().used:
                await asyncio.sleep(0.05)
        assert old.ending and old.of("ended") == [], "its page comes back, and meets the other host"
        after = await second.events()
        assert after[: len(before)] == before
        assert len([e for e in after if isinstance(e.payload, LeaseClaimed)]) == 1
        assert second.host.capacity().used == 1


async def test_a_session_that_is_ended_by_hand_tells_its_page(stage: Any) -> None:
    await stage.schedule()
    line = await stage.join()
    await stage.asked("q1")
    await close_session(stage.store, "s1", clock=SystemClock())
    line.mute(True)  # its host learns of it with the next thing it writes
    state = await stage.ended()
    assert (state.status, state.reason) == (SessionStatus.INTERRUPTED, Reason.FORCED)
    assert [(m["status"], m["reason"]) for m in line.of("ended")] == [("INTERRUPTED", "forced")]


async def test_a_moderator_that_is_stuck_starts_over(stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vivavoce.agent.runner.STUCK_S", 1.5)
    stage.recogniser.texts = ["I walked to the market and bought some bread for my family."]
    await stage.schedule()
    line = await stage.join()
    await stage.asked("q1")
    voice = (await stage.host.admit("s1", "webrtc", take_over=True))._conversation._agent._voice
    stream, hung = voice.stream, asyncio.Event()

    def hang(*arguments: Any, **options: Any) -> Any:
        monkeypatch.setattr(voice, "stream", stream)
        hung.set()
        return _Hanging()

    monkeypatch.setattr(voice, "stream", hang)
    line.say("kokoro_s04")
    await hung.wait()
    state = await stage.until(lambda state: state.fault_count > 0)
    assert state.faults[-1].fault.code == "moderator_stuck"
    state = await stage.until(lambda state: len(state.turns) >= 3 and not state.open_speeches)
    assert state.turns[-1].text.endswith("What was the best part?")
    assert state.status is SessionStatus.ACTIVE


class _Hanging:
    """A voice of which nothing comes."""

    async def __aenter__(self) -> _Hanging:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    def push_text(self, text: str) -> None:
        pass

    def end_input(self) -> None:
        pass

    def __aiter__(self) -> _Hanging:
        return self

    async def __anext__(self) -> Any:
        await asyncio.Event().wait()


async def test_another_sitting_begins_where_the_last_one_stopped(stage: Any) -> None:
    stage.recogniser.texts = ["I walked to the market and bought some bread for my family."]
    await stage.schedule(timers=Timers.resolve(idle_prompt_s=1.0, idle_s=3.0))
    line = await stage.join()
    await stage.asked("q1")
    line.say("kokoro_s04")
    first = await stage.ended()
    assert first.reason is Reason.IDLE and first.progress.final
    await stage.schedule("s2", after=first)
    line = await stage.join("s2")
    await stage.asked("q2", "s2")
    state = await stage.state("s2")
    assert state.turns[0].text == "Welcome back. This is where we were. What was the best part?"
    assert line.of("hello")[0]["resumed"] is False and state == fold(await stage.events("s2"))


async def test_a_closing_host_leaves_who_is_away_to_the_next(open_stage: Callable[..., Any]) -> None:
    store = MemorySessionStore(SystemClock())
    async with open_stage(store=store) as first:
        await first.schedule()
        line = await first.join()
        await first.asked("q1")
        line.lose()
        await first.until(lambda state: state.status is SessionStatus.DISCONNECTED)
    state = await store.state("s1")
    assert state.status is SessionStatus.DISCONNECTED and state.unclosed == ()
    async with open_stage(store=store) as second:
        await second.join()
        state = await second.until(lambda state: state.progress.moves == 2)
        assert state.progress.last_move.move == "welcome_back"
