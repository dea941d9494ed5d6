"""What joins moderators, voices and ears to a session: whatever becomes of them is in its log."""

from __future__ import annotations

from typing import Any, cast
from unittest.mock import MagicMock, patch

import pytest
from folded import Log

from vivavoce.agent import moderation as moderations
from vivavoce.agent.moderation import Moderation, moderation
from vivavoce.protocol.check import load_study
from vivavoce.session.events import Fault, ParticipantJoined, ProviderSwitched
from vivavoce.settings import ProfileUnknown
from vivavoce.voice.failover import Switch

STUDY = b"""
schema: vivavoce/study/1
id: small
title: Small
about: Small.
organisation: Testers
contact: test@example.org
languages: [en]
moderator: {mode: %s}
consent: {version: 1, text: I agree., disclosure: I am a computer program.}
opening: Hello.
closing: Goodbye.
phases:
  - {id: one, title: One, objective: X., min_minutes: 0, max_minutes: 5, questions: [{id: a, wording: How?}]}
"""
JOINED = ParticipantJoined(transport="webrtc", connection_id="c1", rejoined=False, at_s=0.0)


class Put:
    """A moderation of a study, put together of what only remembers how it was called."""

    def __init__(self, mode: bytes, *, lacks_model: bool = False) -> None:
        self.log = Log(JOINED)
        self.equipment = MagicMock()
        if lacks_model:
            self.equipment.minds.routes.side_effect = ProfileUnknown(
                "There is no profile.", next_step="Add it."
            )
        journal = MagicMock()
        type(journal).state = property(lambda _: self.log.state())
        with (
            patch.object(moderations, "Conversation") as self.conversation,
            patch.object(moderations, "ServerTTS"),
        ):
            self.made: Moderation = moderation(
                load_study(STUDY % mode, source="small.yaml"),
                self.equipment,
                journal=journal,
                past=(),
                desk=MagicMock(),
                scribe=MagicMock(),
                used=MagicMock(),
                post=self.log.post,
                now_s=lambda: 12.5,
            )
        self.options = cast("dict[str, Any]", self.conversation.call_args.kwargs)


def test_a_structured_interview_has_no_model() -> None:
    put = Put(b"structured")
    assert put.options["models"] is None and put.made.duplex is None and put.made.patience_s == 0
    assert put.made.conversation is put.conversation.return_value


def test_why_no_model_moderates_is_in_the_log() -> None:
    put = Put(b"semi_structured", lacks_model=True)
    assert put.options["models"] is None
    (fault,) = put.log.of(Fault)
    assert (fault.stage, fault.code, fault.recovered) == ("llm", ProfileUnknown.code, True)


@pytest.mark.parametrize(("stage", "of"), [("stt", "ears"), ("tts", "speakers")])
def test_who_stands_in_for_whom_is_in_the_log(stage: str, of: str) -> None:
    put = Put(b"structured")
    switched = getattr(put.equipment.providers, of).call_args.kwargs["switched"]
    switched(Switch("first", "second", "speech_unavailable", "It is away."))
    (event,) = put.log.of(ProviderSwitched)
    assert (event.stage, event.before, event.after, event.at_s) == (stage, "first", "second", 12.5)
