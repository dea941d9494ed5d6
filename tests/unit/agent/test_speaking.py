"""Who may hold an interview that is taken up again, read off its log."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from vivavoce.agent.speaking import take_up
from vivavoce.breaker import Breaker
from vivavoce.session.events import Payload, ProviderSwitched, SessionEvent, SpeechEnded
from vivavoce.settings import RealtimeProfile
from vivavoce.voice.failover import RULES, Link

LINKS = [Link(name, RealtimeProfile(model="m"), Breaker(RULES)) for name in ("one", "two")]
SPOKEN = SpeechEnded(
    speech_id="m1", start_s=0, end_s=1, planned_text="Hello.", heard_text="Hello.", interrupted=False
)


def switch(before: str, after: str, code: str) -> ProviderSwitched:
    return ProviderSwitched(stage="realtime", before=before, after=after, code=code, message="", at_s=0)


def log(*payloads: Payload) -> list[SessionEvent]:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        SessionEvent(session_id="s", seq=seq, at=at, payload=payload)
        for seq, payload in enumerate(payloads, start=1)
    ]


@pytest.mark.parametrize(
    ("payloads", "left"),
    [
        ([], ["one", "two"]),
        ([SPOKEN], ["one"]),
        ([switch("one", "two", "realtime_away"), SPOKEN], ["two"]),
        ([switch("one", "study", "realtime_away"), SPOKEN], []),
        ([switch("one", "m", "realtime_away"), SPOKEN], []),
        ([SPOKEN, switch("one", "study", "realtime_lost")], ["one"]),
        (
            [
                switch("one", "two", "realtime_away"),
                SPOKEN,
                switch("two", "study", "realtime_lost"),
                switch("study", "two", "recovered"),
            ],
            ["two"],
        ),
    ],
)
def test_an_interview_under_way_stays_with_whoever_held_it(payloads: list[Payload], left: list[str]) -> None:
    assert [link.name for link in take_up(LINKS, log(*payloads))] == left


def test_without_profiles_nobody_holds_it() -> None:
    assert take_up([], log(SPOKEN)) == []
