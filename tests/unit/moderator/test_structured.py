"""Which observation a reply answers, by the messages that livekit-agents hands over."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from livekit.agents import llm

from vivavoce.moderator.structured import TICKET, find_ticket

HOUR_S = 3600.0


def said(role: llm.ChatRole, ticket: str | None, at: float) -> llm.ChatMessage:
    extra = {} if ticket is None else {TICKET: ticket}
    return llm.ChatMessage(role=role, content=["…"], created_at=at, extra=extra)


def test_a_reply_answers_what_was_said_last_though_the_clock_was_set_back_meanwhile() -> None:
    context = llm.ChatContext()
    context.insert(said("user", "o1", HOUR_S))
    context.insert(said("assistant", None, HOUR_S + 5))
    context.insert(said("user", "o2", 10))
    assert context.messages()[-1].role == "assistant", "livekit-agents goes by the wall clock"
    assert find_ticket(context) == "o2"


def test_a_context_without_an_observation_has_no_ticket() -> None:
    assert find_ticket(llm.ChatContext([said("user", None, 1), said("assistant", None, 2)])) is None


@given(st.permutations(range(1, 13)))
def test_the_order_of_the_messages_tells_nothing(order: list[int]) -> None:
    context = llm.ChatContext([said("user", f"o{number}", 0) for number in order])
    assert find_ticket(context) == "o12"
