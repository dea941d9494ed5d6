"""The page is told everything when a line comes up, and after that only what changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from folded import Log

from vivavoce.agent.page import Page
from vivavoce.protocol.check import load_study
from vivavoce.protocol.facts import Move, MoveDecided
from vivavoce.session.events import ParticipantJoined

STUDY = load_study((Path(__file__).parents[3] / "studies" / "demo.yaml").read_bytes(), source="demo.yaml")
JOINED = ParticipantJoined(transport="webrtc", connection_id="c1", rejoined=False, at_s=0.0)


def a_log(move: Move) -> Log:
    said = MoveDecided(
        move_id="m1",
        move=move,
        phase_id=STUDY.path[0].id,
        text="How are you?",
        parts=("How are you?",),
        at_s=1.0,
        expects_answer=True,
        final=False,
    )
    return Log(JOINED, said)


def told(log: Log) -> tuple[Page, list[Mapping[str, Any]]]:
    sent: list[Mapping[str, Any]] = []
    page = Page(sent.append, study=STUDY)
    page.hello(log.state(), resumed=True, at_s=2.0)
    return page, sent


def test_a_page_that_comes_back_empty_shows_what_is_being_asked() -> None:
    _, sent = told(a_log("question"))
    assert [message["type"] for message in sent] == ["hello", "state", "progress", "caption"]
    assert sent[-1]["text"] == "How are you?" and sent[-1]["final"] is True


def test_a_reply_whose_end_is_not_known_is_not_shown_before_it_is_heard() -> None:
    _, sent = told(a_log("reply"))
    assert [message["type"] for message in sent] == ["hello", "state", "progress"]


def test_nothing_is_told_twice_but_to_a_new_line() -> None:
    log = a_log("question")
    page, sent = told(log)
    before = len(sent)
    page.state(log.state())
    page.progress(log.state(), 2.0)
    assert len(sent) == before
    page.hello(log.state(), resumed=True, at_s=3.0)
    assert len(sent) == 2 * before
