"""When a speech-to-speech model's turn is taken to be empty, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from livekit.agents import llm
from virtual_time import run

from vivavoce.voice.replies import EMPTY_S, Replies, nothing


async def of(*items: Any) -> AsyncIterator[Any]:
    for item in items:
        yield item


def created(*, asked: bool = False) -> llm.GenerationCreatedEvent:
    return llm.GenerationCreatedEvent(of("words"), of("call"), user_initiated=asked)


def test_what_it_says_by_itself_is_the_reply() -> None:
    async def check() -> None:
        replies = Replies()
        replies.expect()
        asyncio.get_running_loop().call_later(3.0, replies.began, created())
        generation = await replies.unasked()
        assert generation is not None
        assert [message async for message in generation.messages] == ["words"]
        assert [call async for call in generation.calls] == ["call"]

    run(check())


def test_tokens_without_words_are_an_empty_turn() -> None:
    async def check() -> None:
        replies, loop = Replies(), asyncio.get_running_loop()
        replies.expect()
        loop.call_later(1.0, replies.metered)
        assert await replies.unasked() is None
        assert loop.time() == 1.0 + EMPTY_S

    run(check())


def test_tokens_of_the_turn_before_are_no_empty_turn() -> None:
    """A turn that ended with calls may report its tokens after their answers, and then the words come."""

    async def check() -> None:
        replies, loop = Replies(), asyncio.get_running_loop()
        replies.expect()
        loop.call_later(0.1, replies.metered)
        loop.call_later(0.1 + EMPTY_S * 0.9, replies.began, created())
        assert await replies.unasked() is not None
        assert loop.time() < 0.1 + EMPTY_S

    run(check())


def test_who_is_asked_and_says_nothing_is_not_waited_for_either() -> None:
    async def check() -> None:
        replies, loop = Replies(), asyncio.get_running_loop()
        replies.began(created())
        replies.metered()
        replies.expect()
        reply: asyncio.Future[llm.GenerationCreatedEvent] = loop.create_future()
        loop.call_later(1.0, replies.metered)
        assert await replies.asked(reply) is None
        assert reply.cancelled(), "what comes for it later is no reply to anybody"

    run(check())


def test_what_was_said_before_the_answers_is_not_the_reply() -> None:
    async def check() -> None:
        replies = Replies()
        replies.began(created())
        replies.expect()
        asyncio.get_running_loop().call_later(1.0, replies.metered)
        assert await replies.unasked() is None

    run(check())


def test_tokens_of_what_has_begun_are_no_empty_turn() -> None:
    async def check() -> None:
        replies = Replies()
        replies.expect()
        replies.began(created(asked=True))
        replies.metered()
        asyncio.get_running_loop().call_later(9.0, replies.began, created())
        assert await replies.unasked() is not None, "the tokens were of a turn that had begun"

    run(check())


def test_nothing_says_nothing_and_calls_nothing() -> None:
    async def check() -> None:
        generation = nothing()
        assert [message async for message in generation.messages] == []
        assert [call async for call in generation.calls] == []

    run(check())
