"""Requests in hand at an engine: who is let in, what each is told, and what a death means."""

from __future__ import annotations

import pytest

from vivavoce.speech.errors import (
    EngineDied,
    EngineFailed,
    SpeechBusy,
    SpeechDropped,
    SpeechError,
    SpeechRejected,
    SpeechUnavailable,
)
from vivavoce.speech.messages import (
    Busy,
    Cancelled,
    Chunk,
    Dropped,
    Ending,
    Failed,
    Heard,
    Priority,
    Refused,
    Spoken,
    Synthesise,
    Transcribe,
    Unavailable,
    Working,
)
from vivavoce.speech.schedule import UNTAKEN_LIMIT
from vivavoce.speech.tickets import Ticket, Tickets
from vivavoce.speech.transcript import Transcript


def speak(number: int) -> Synthesise:
    return Synthesise(id=number, text="Hello.", voice="v", language="en", speed=1.0, priority=Priority.LIVE)


def hear(number: int) -> Transcribe:
    return Transcribe(id=number, language="en", prompt=None, words=False, priority=Priority.LIVE)


def heard(number: int) -> Heard:
    return Heard(id=number, transcript=Transcript("Hello.", "en", 0.9, 1.0), work_s=0.2)


def some(count: int, *, live: int = 4, other: int = 2, held: int = 8) -> tuple[Tickets, list[Ticket]]:
    tickets = Tickets("kokoro", live=live, other=other, held=held)
    return tickets, [tickets.issue(speak(number), now=0.0) for number in range(count)]


def test_room_is_kept_for_who_is_live() -> None:
    tickets, _ = some(2)
    tickets.admit(Priority.LIVE)
    for priority in (Priority.PARTIAL, Priority.BATCH):
        with pytest.raises(SpeechBusy, match="has 2 requests in hand"):
            tickets.admit(priority)
    tickets, _ = some(4)
    with pytest.raises(SpeechBusy):
        tickets.admit(Priority.LIVE)


def test_a_caller_that_takes_nothing_keeps_nobody_out_until_too_much_is_held() -> None:
    tickets, held = some(7)
    assert tickets.owed
    for ticket in held:
        for _ in range(UNTAKEN_LIMIT):
            tickets.take(Chunk(id=ticket.id), b"", now=1.0)
    assert not tickets.owed and all(ticket.waits_for_caller for ticket in held)
    tickets.admit(Priority.BATCH)
    tickets.issue(speak(7), now=1.0)
    with pytest.raises(SpeechBusy):
        tickets.admit(Priority.LIVE)


def test_who_gave_up_is_still_worked_on_until_the_engine_says_otherwise() -> None:
    tickets, (ticket,) = some(1)
    for _ in range(UNTAKEN_LIMIT):
        tickets.take(Chunk(id=0), b"", now=1.0)
    ticket.given_up = True
    assert tickets.owed and len(tickets) == 1
    tickets.take(Cancelled(id=0), b"", now=2.0)
    assert ticket.over and not tickets.owed and len(tickets) == 0


def test_a_refusal_says_how_long_by_the_pace_of_those_before() -> None:
    tickets, _ = some(4)
    tickets.take(Spoken(id=0, audio_s=1.0, work_s=0.2), b"", now=3.0)
    tickets.issue(speak(9), now=3.0)
    with pytest.raises(SpeechBusy) as refused:
        tickets.admit(Priority.LIVE)
    assert refused.value.retry_after_s == 3.0


async def test_replies_come_in_order_and_only_to_their_own() -> None:
    tickets = Tickets("whisper", live=4, other=2, held=8)
    first, second = tickets.issue(hear(1), now=0.0), tickets.issue(hear(2), now=0.0)
    tickets.take(Working(id=1), b"", now=0.5)
    tickets.take(heard(2), b"", now=1.0)
    tickets.take(heard(2), b"", now=1.5)  # of a request that is over
    assert first.replies.empty() and not first.over
    assert await second.next() == (heard(2), b"")
    assert second.replies.empty() and len(tickets) == 1


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Refused(id=1, what="No.", next_step="", reason="text_unspeakable", param=None), SpeechRejected),
        (Dropped(id=1, waited_s=2.0), SpeechDropped),
        (Failed(id=1, what="Broken.", next_step=""), EngineFailed),
        (Unavailable(id=1, what="Away.", next_step=""), SpeechUnavailable),
        (Busy(id=1, what="Busy.", next_step="", retry_after_s=1.0), SpeechBusy),
        (Cancelled(id=1), EngineFailed),
    ],
)
async def test_bad_news_is_raised(reply: Ending, error: type[SpeechError]) -> None:
    tickets = Tickets("whisper", live=4, other=2, held=8)
    ticket = tickets.issue(hear(1), now=0.0)
    tickets.take(reply, b"", now=1.0)
    with pytest.raises(error):
        await ticket.next()


async def test_when_the_process_dies_everybody_who_waits_is_told() -> None:
    tickets, (first, second) = some(2)
    second.given_up = True
    tickets.bereave(-9)
    with pytest.raises(EngineDied, match=r"kokoro ended \(code -9\)"):
        await first.next()
    assert first.over and second.over and second.replies.empty() and len(tickets) == 0
