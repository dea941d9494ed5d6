"""Whole sessions on a host: the conversation, its timers, its lines, and what is written down."""

from __future__ import annotations

from typing import Any

from vivavoce.session.events import Reason, SessionStatus
from vivavoce.session.state import fold


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
    assert line.of("progress")[-1]["phase"]["id"] == "last"
    captions = [m["text"] for m in line.of("caption") if m["speaker"] == "moderator" and m["final"]]
    assert captions[0] == "Hello. I am an automated interviewer. What did you do today?"
