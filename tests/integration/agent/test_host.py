"""Whole sessions on a host: the conversation, its timers, its lines, and what is written down."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from vivavoce.session.clock import ManualClock, SystemClock
from vivavoce.session.errors import AlreadyConnected, HostFull, LeaseLost, StorageUnavailable
from vivavoce.session.events import Reason, SessionStatus, SessionWaiting
from vivavoce.session.memory import MemorySessionStore
from vivavoce.session.state import fold
from vivavoce.session.timers import Timers
from vivavoce.voice import stt


async def test_an_interview_runs_from_hello_to_goodbye(stage: Any) -> None:
    stage.recogniser.texts = ["I walked to the market and bought some bread for my family."]
    await stage.schedule()
    line = await stage.join()
    for question in ("q1", "q2", "q3"):
        await stage.asked(question)
        line.say("kokoro_s04")
    state = await stage.ended()
    assert (state.status, state.reason) == (SessionStatus.COMPLETED, Reason.FINISHED)
    assert [turn.speaker for turn in state.turns] == ["moderator", "participant"] * 3 + ["moderator"]
    assert state == fold(await stage.events())
    assert state.fault_count == 0
    assert list(stage.kept) == ["s1/part1.ogg"]
    assert line.of("hello")[0]["phases"] == 2
    assert line.of("ended")[-1] == {"type": "ended", "status": "COMPLETED", "reason": "finished", "text": ""}
    assert {message["agent"] for message in line.of("state")} >= {"speaking", "listening"}
    told = [message["agent"] for message in line.of("state")]
    assert told[-1] == "ending" and told.count("ending") == 1, "nobody is listened to after the farewell"
    assert line.of("progress")[-1]["phase"]["id"] == "last"
    captions = [m["text"] for m in line.of("caption") if m["speaker"] == "moderator" and m["final"]]
    assert captions[0] == "Hello. I am an automated interviewer. What did you do today?"


async def test_an_interruption_leaves_exactly_what_was_heard(stage: Any) -> None:
    stage.recogniser.texts = ["Sorry, could you say that again please?"]
    await stage.schedule()
    line = await stage.join()
    await stage.until(lambda state: bool(state.open_speeches))
    line.say("kokoro_s04")
    state = await stage.until(lambda state: any(turn.cut_off for turn in state.turns))
    cut = next(turn for turn in state.turns if turn.cut_off)
    assert "Hello. I am an automated interviewer. What did you do today?".startswith(cut.text)
    assert cut.text != "Hello. I am an automated interviewer. What did you do today?"
    state = await stage.until(lambda state: state.progress.moves >= 2)
    assert state.progress.last_move.move == "repeat"
    assert state.progress.last_move.parts[-1] == "What did you do today?"
    assert [turn.barge_in for turn in state.turns if turn.speaker == "participant"] == [True]


async def test_a_backchannel_does_not_take_the_floor(stage: Any) -> None:
    stage.recogniser.texts = ["Mhm."]
    await stage.schedule()
    line = await stage.join()
    await stage.until(lambda state: bool(state.open_speeches))
    line.say("lang_yes")
    await stage.asked("q1")
    state = await stage.state()
    assert not any(turn.cut_off for turn in state.turns)
    assert state.progress.moves == 1
    # It was heard while the moderator spoke on: paused for a moment, then taken up where it was.
    assert [turn.text for turn in state.turns if turn.speaker == "participant"] == ["Mhm."]
    assert len([edge for _, edge in line.sound_edges if edge]) >= 2


async def test_who_never_comes_frees_the_place(stage: Any) -> None:
    await stage.schedule(timers=Timers.resolve(join_s=0.5))
    await stage.host.admit("s1", "webrtc", take_over=False)
    state = await stage.ended(within_s=5)
    assert (state.status, state.reason) == (SessionStatus.ABANDONED, Reason.NO_SHOW)
    assert stage.host.capacity().used == 0


async def test_silence_is_asked_about_once_and_then_ends_the_interview(stage: Any) -> None:
    await stage.schedule(timers=Timers.resolve(idle_prompt_s=1.0, idle_s=3.5))
    line = await stage.join()
    await stage.asked("q1")
    state = await stage.ended(within_s=15)
    assert (state.status, state.reason) == (SessionStatus.ABANDONED, Reason.IDLE)
    said = [turn.text for turn in state.turns]
    assert said[1] == stage.study.line("nudge", "en")
    assert said[-1] == stage.study.line("closing_idle", "en")
    assert [message["code"] for message in line.of("notice")] == ["idle_prompt"]


async def test_the_hard_limit_is_kept_with_a_goodbye(stage: Any) -> None:
    await stage.schedule(timers=Timers.resolve(hard_limit_s=3.0, wrap_up_s=2.5))
    await stage.join()
    state = await stage.ended(within_s=15)
    assert (state.status, state.reason) == (SessionStatus.INTERRUPTED, Reason.HARD_LIMIT)
    assert state.turns[-1].text == stage.study.line("closing_limit", "en")


async def test_leaving_ends_the_interview_at_once_and_keeps_it(stage: Any) -> None:
    await stage.schedule()
    line = await stage.join()
    await stage.asked("q1")
    line.leave()
    state = await stage.ended(within_s=5)
    assert (state.status, state.reason) == (SessionStatus.INTERRUPTED, Reason.LEFT)
    assert state.recordings[0].sha256 is not None


async def test_a_lost_line_is_waited_for_and_welcomed_back(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vivavoce.agent.attendance.SHORT_ABSENCE_S", 0.5)
    await stage.schedule()
    line = await stage.join()
    await stage.asked("q1")
    line.lose()
    await stage.until(lambda state: state.status is SessionStatus.DISCONNECTED)
    await asyncio.sleep(0.6)
    line = await stage.join()
    state = await stage.until(lambda state: state.progress.moves == 2)
    assert state.status is SessionStatus.ACTIVE
    assert state.progress.last_move.move == "welcome_back"
    assert state.progress.last_move.parts[-1] == "What did you do today?"
    assert line.of("hello")[0]["resumed"] is True
    assert line.of("caption")[0]["text"].endswith("What did you do today?")


async def test_a_line_lost_in_mid_speech_loses_none_of_it(stage: Any) -> None:
    await stage.schedule()
    line = await stage.join()
    await stage.until(lambda state: bool(state.open_speeches))
    line.lose()
    await stage.until(lambda state: state.status is SessionStatus.DISCONNECTED)
    await stage.join()
    await stage.asked("q1")
    state = await stage.state()
    assert [turn.text for turn in state.turns] == [
        "Hello. I am an automated interviewer. What did you do today?"
    ]
    assert not state.turns[0].cut_off


async def test_who_does_not_come_back_in_time_has_left(stage: Any) -> None:
    await stage.schedule(timers=Timers.resolve(rejoin_s=0.6))
    line = await stage.join()
    await stage.asked("q1")
    line.lose()
    state = await stage.ended(within_s=5)
    assert (state.status, state.reason) == (SessionStatus.ABANDONED, Reason.LEFT)


async def test_a_second_tab_is_refused_until_it_takes_over(stage: Any) -> None:
    await stage.schedule()
    first = await stage.join()
    await stage.asked("q1")
    with pytest.raises(AlreadyConnected):
        await stage.join()
    second = await stage.join(take_over=True)
    await stage.until(
        lambda state: state.connection is not None and state.connection.connection_id == second.connection_id
    )
    assert first.of("notice")[-1]["code"] == "replaced"
    assert first.ending
    state = await stage.state()
    assert state.status is SessionStatus.ACTIVE
    assert state.progress.moves == 1  # nothing was said again: the participant is the same


async def test_a_full_host_says_so_and_takes_the_next_when_a_place_is_free(open_stage: Any) -> None:
    async with open_stage(slots=1) as stage:
        await stage.schedule("s1")
        await stage.schedule("s2")
        line = await stage.join("s1")
        await stage.asked("q1", "s1")
        with pytest.raises(HostFull):
            await stage.join("s2")
        assert not stage.host.capacity().accepting
        line.leave()
        await stage.ended("s1")
        await stage.join("s2")
        await stage.asked("q1", "s2")


async def test_a_host_that_held_enough_sessions_takes_no_more_and_lets_the_last_ones_finish(
    open_stage: Any,
) -> None:
    async with open_stage(recycle_after=2) as stage:
        worn = asyncio.create_task(stage.host.worn_out())
        lines = []
        for name in ("s1", "s2"):
            await stage.schedule(name)
            lines.append(await stage.join(name))
        await stage.schedule("s3")
        with pytest.raises(HostFull):
            await stage.join("s3")
        assert stage.host.capacity().draining
        await stage.asked("q1", "s1")
        lines[0].leave()
        await stage.until(lambda state: state.status.terminal, "s1")
        assert not worn.done()
        lines[1].lose()
        await stage.until(lambda state: state.status is SessionStatus.DISCONNECTED, "s2")
        back = await stage.join("s2")  # whoever was in an interview finds it still there
        await stage.until(lambda state: state.status is SessionStatus.ACTIVE, "s2")
        back.leave()
        assert await asyncio.wait_for(worn, 20) == 2


async def test_a_failing_session_touches_no_other(stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.recogniser.texts = ["I walked to the market and bought some bread."]
    await stage.schedule("s1")
    await stage.schedule("s2")
    line = await stage.join("s1")
    await stage.join("s2")
    await stage.asked("q1", "s1")
    await stage.asked("q1", "s2")
    broken = await stage.host.admit("s2", "webrtc", take_over=True)

    def fail(*_: object) -> None:
        raise ZeroDivisionError("a bug in this session")

    monkeypatch.setattr(broken._page, "progress", fail)
    state = await stage.until(lambda state: state.status.terminal, "s2")
    assert (state.status, state.reason) == (SessionStatus.FAILED, Reason.CRASH)
    assert state.faults[-1].fault.code == "ZeroDivisionError"
    assert (await stage.state("s1")).status is SessionStatus.ACTIVE
    line.say("kokoro_s04")
    await stage.asked("q2", "s1")


async def test_words_whose_text_cannot_be_had_are_named_and_asked_for_again(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stt, "RETRY_AFTER_S", (0.1, 0.2))
    stage.recogniser.fail = 20
    await stage.schedule()
    line = await stage.join()
    await stage.asked("q1")
    line.say("kokoro_s04")
    state = await stage.until(lambda state: state.fault_count > 0)
    assert state.faults[0].fault.stage == "stt"
    assert state.faults[0].fault.message.startswith("u1 has no text")
    state = await stage.until(lambda state: state.progress.moves == 2)
    assert (state.progress.last_move.move, state.progress.last_move.text) == (
        "repeat",
        "What did you do today?",
    )
    stage.recogniser.fail = 0
    stage.recogniser.texts = ["I walked to the market and bought some bread."]
    await stage.until(lambda state: not state.open_speeches and len(state.turns) >= 2)
    line.say("kokoro_s04")
    await stage.asked("q2")


async def test_nobody_is_told_of_an_end_before_it_is_kept(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.schedule()
    line = await stage.join()
    await stage.asked("q1")
    away, store = asyncio.Event(), stage.store.append

    async def append(*args: Any, **named: Any) -> Any:
        if not away.is_set():
            await asyncio.sleep(0.05)
            raise StorageUnavailable("The database does not answer.", next_step="Wait.")
        return await store(*args, **named)

    monkeypatch.setattr(stage.store, "append", append)
    line.leave()
    await asyncio.sleep(1.0)
    assert line.of("ended") == []
    assert line.of("state")[-1]["agent"] == "ending"
    assert not line.ending
    away.set()
    state = await stage.ended()
    assert state.reason is Reason.LEFT
    assert line.of("ended")[-1]["reason"] == "left"


async def test_who_waits_for_their_words_to_be_understood_is_not_asked_whether_they_are_there(
    stage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = stage.recogniser.transcribe
    stage.recogniser.texts = ["I walked to the market and bought some bread."]

    async def transcribe(pcm: bytes, *, priority: str = "live", **options: Any) -> Any:
        await asyncio.sleep(4.0)
        return await slow(pcm, priority=priority, **options)

    monkeypatch.setattr(stage.recogniser, "transcribe", transcribe)
    await stage.schedule(timers=Timers.resolve(idle_prompt_s=1.5, idle_s=3.0))
    line = await stage.join()
    await stage.asked("q1")
    line.say("kokoro_s04")
    await stage.asked("q2")
    assert line.of("notice") == []
    assert (await stage.state()).fired == {}


async def test_a_lost_lease_stops_the_session_without_another_word(stage: Any) -> None:
    await stage.schedule()
    line = await stage.join()
    await stage.asked("q1")
    before = await stage.events()
    runner = await stage.host.admit("s1", "webrtc", take_over=True)
    await stage.store.release(runner._journal.lease)
    await stage.store.claim("s1", holder="another host", ttl_s=60)
    line.mute(True)  # anything that writes
    async with asyncio.timeout(10):
        while stage.host.capacity().used:
            await asyncio.sleep(0.05)
    assert await stage.events() == before


async def test_a_session_is_taken_up_by_another_host_where_its_log_ends(open_stage: Any) -> None:
    clock = ManualClock()
    store = MemorySessionStore(clock)
    async with open_stage(store=store) as first:
        await first.schedule()
        await first.join()
        await first.asked("q1")
        runner = await first.host.admit("s1", "webrtc", take_over=True)
        runner.lose(LeaseLost("s1", holder="first"))  # the process dies: nothing more is written
    clock.advance(60)
    async with open_stage(store=store) as second:
        line = await second.join()
        state = await second.until(lambda state: state.progress.moves == 2)
        assert state.progress.last_move.move == "welcome_back"
        assert line.of("hello")[0]["resumed"] is True
        assert [recording.key for recording in state.recordings] == ["s1/part1.ogg", "s1/part2.ogg"]


async def test_a_muted_microphone_is_not_heard(stage: Any) -> None:
    stage.recogniser.texts = ["I walked to the market."]
    await stage.schedule()
    line = await stage.join()
    await stage.asked("q1")
    line.mute(True)
    await stage.until(lambda state: state.muted)
    line.say("kokoro_s04")
    await asyncio.sleep(3.0)
    assert stage.recogniser.heard == 0
    line.mute(False)
    line.say("kokoro_s04")
    await stage.asked("q2")


async def test_a_closing_host_says_goodbye_in_every_session(open_stage: Any) -> None:
    async with open_stage() as stage:
        await stage.schedule("s1")
        await stage.schedule("s2")
        await stage.join("s1")
        await stage.join("s2")
        await stage.asked("q1", "s1")
        await stage.asked("q1", "s2")
    for session_id in ("s1", "s2"):
        state = await stage.state(session_id)
        assert (state.status, state.reason) == (SessionStatus.INTERRUPTED, Reason.DRAIN)
        assert state.turns[-1].text == stage.study.line("closing_drain", "en")


async def test_a_session_nobody_holds_is_closed_by_the_sweep(stage: Any) -> None:
    await stage.schedule(timers=Timers.resolve(join_s=0.1))
    clock = SystemClock()
    lease = await stage.store.claim("s1", holder="dead host", ttl_s=0.1)
    await stage.store.append(lease, [SessionWaiting(transport="webrtc")], at=clock.now())
    await asyncio.sleep(0.3)
    sweep = asyncio.create_task(stage.host.sweeper.run())
    state = await stage.until(lambda state: state.status.terminal, within_s=5)
    sweep.cancel()
    assert (state.status, state.reason) == (SessionStatus.ABANDONED, Reason.NO_SHOW)


async def test_an_answer_with_a_pause_in_it_is_one_turn(stage: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second half is still being transcribed when the first half's silence would have been long enough."""
    slow = stage.recogniser.transcribe
    texts = ["My sister showed me how to do it.", "And after a week I could do it alone."]

    async def transcribe(pcm: bytes, *, priority: str = "live", **options: Any) -> Any:
        if priority == "live":
            await asyncio.sleep(1.2)
            stage.recogniser.texts = [texts[0] if len(pcm) < 2 * 16_000 * 2 else texts[1]]
        return await slow(pcm, priority=priority, **options)

    monkeypatch.setattr(stage.recogniser, "transcribe", transcribe)
    await stage.schedule()
    line = await stage.join()
    await stage.asked("q1")
    line.say("lang_stop", "real_goforward", pause_s=0.25)
    await stage.asked("q2")
    state = await stage.state()
    assert [turn.text for turn in state.turns if turn.speaker == "participant"] == texts
    assert state.progress.questions[0].words == 17
    assert not any(turn.cut_off for turn in state.turns)


async def test_the_goodbye_is_said_to_its_end_whoever_speaks_into_it(stage: Any) -> None:
    stage.recogniser.texts = ["I would like to stop the interview now."]
    await stage.schedule()
    line = await stage.join()
    await stage.asked("q1")
    line.say("kokoro_s04")
    await stage.until(lambda state: state.progress.final and bool(state.open_speeches))
    stage.recogniser.texts = ["Thank you, bye."]
    line.say("lang_stop")
    state = await stage.ended()
    assert (state.status, state.reason) == (SessionStatus.INTERRUPTED, Reason.WITHDRAWN)
    assert state.turns[-1].text == stage.study.line("stop_ack", "en") or state.turns[
        -2
    ].text == stage.study.line("stop_ack", "en")
    assert not any(turn.cut_off for turn in state.turns)


async def test_what_was_being_said_at_the_end_is_kept_as_far_as_it_was_heard(stage: Any) -> None:
    await stage.schedule()
    line = await stage.join()
    await stage.until(lambda state: bool(state.open_speeches))
    await asyncio.sleep(0.5)
    line.leave()
    state = await stage.ended(within_s=5)
    assert "Hello. I am an automated interviewer. What did you do today?".startswith(state.turns[-1].text)
    assert state.turns[-1].cut_off
    assert state.turns[-1].text.startswith("Hello.")
