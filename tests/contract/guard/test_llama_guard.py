"""Llama Guard 3 over HTTP: what it is asked, what it answers, and every way a server can fail."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from guard_server import Fault, GuardServer, guard_server

from vivavoce.moderator.guard.chain import Chain
from vivavoce.moderator.guard.guards import Guards
from vivavoce.moderator.guard.judge import Exchange, GuardUnavailable, GuardUnreadable
from vivavoce.moderator.guard.llama import LlamaGuard
from vivavoce.protocol.guard import Guard
from vivavoce.session.usage import Use
from vivavoce.settings import GuardProfile, GuardSettings, GuardUnknown

EXCHANGE = Exchange("I sleep badly.", "That sounds hard. Take twice as many pills.")


@pytest.fixture
async def server() -> AsyncIterator[GuardServer]:
    async with guard_server() as running:
        yield running


@pytest.fixture
async def llama(server: GuardServer) -> AsyncIterator[LlamaGuard]:
    guard = LlamaGuard("llama", base_url=server.url, model="meta-llama/Llama-Guard-3-1B", api_key="k-1")
    yield guard
    await guard.aclose()


async def test_it_is_asked_as_its_model_card_says(server: GuardServer, llama: LlamaGuard) -> None:
    assert await llama.hazards(EXCHANGE) == ()
    ((head, request),) = server.requests
    assert head.startswith("POST /v1/chat/completions ")
    assert "authorization: bearer k-1" in head.lower()
    assert request["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "I sleep badly."}]},
        {"role": "assistant", "content": [{"type": "text", "text": EXCHANGE.reply}]},
    ]
    assert (request["model"], request["temperature"]) == ("meta-llama/Llama-Guard-3-1B", 0)
    assert request["max_tokens"] <= 64 and not request.get("stream")


async def test_it_names_the_hazards(server: GuardServer, llama: LlamaGuard) -> None:
    server.rule = lambda reply: "\n\nunsafe\nS6,S11" if "pills" in reply else "\n\nsafe"
    assert await llama.hazards(EXCHANGE) == ("S6", "S11")
    assert await llama.hazards(Exchange("I sleep badly.", "You sleep badly.")) == ()
    assert server.connections == 1, "one connection serves them all"


@pytest.mark.parametrize("answer", ["I cannot help with that.", "", "unsafe", "safe\nS1", "unsafe\nS14"])
async def test_another_answer_is_no_verdict(server: GuardServer, llama: LlamaGuard, answer: str) -> None:
    server.rule = lambda reply: answer
    with pytest.raises(GuardUnreadable):
        await llama.hazards(EXCHANGE)


async def test_an_answer_that_was_cut_short_is_no_verdict(server: GuardServer, llama: LlamaGuard) -> None:
    server.finish = "length"
    with pytest.raises(GuardUnreadable):
        await llama.hazards(EXCHANGE)


@pytest.mark.parametrize("fault", ["error", "denied", "broken", "endless"])
async def test_a_server_that_fails_gives_no_verdict(
    server: GuardServer, llama: LlamaGuard, fault: Fault
) -> None:
    server.fault = fault
    with pytest.raises(GuardUnavailable, match="'llama'"):
        await llama.hazards(EXCHANGE)
    server.fault = ""
    assert await llama.hazards(EXCHANGE) == (), "it is asked again, and answers"


async def test_garbage_is_no_verdict(server: GuardServer, llama: LlamaGuard) -> None:
    server.fault = "garbage"
    with pytest.raises(GuardUnreadable, match="no JSON"):
        await llama.hazards(EXCHANGE)


async def test_a_server_that_is_not_there_gives_no_verdict() -> None:
    llama = LlamaGuard("llama", base_url="http://127.0.0.1:9/v1", model="m")
    with pytest.raises(GuardUnavailable):
        await llama.hazards(EXCHANGE)
    await llama.aclose()


@pytest.mark.parametrize("fault", ["stalled", "stalled_body"])
async def test_the_chain_does_not_wait_for_a_server_that_stalls(
    server: GuardServer, llama: LlamaGuard, fault: Fault
) -> None:
    server.fault = fault
    began = time.monotonic()
    ruling = await Chain([llama], Guard(timeout_s=0.4)).rule(EXCHANGE)
    assert 0.4 <= time.monotonic() - began < 1.5
    assert not ruling.passed and ruling.verdicts[0].reasons == ("guard_slow",)
    server.fault = ""
    await asyncio.sleep(0)
    assert (await Chain([llama], Guard()).rule(EXCHANGE)).passed, (
        "the next sentence has a connection of its own"
    )


async def test_a_study_has_the_guards_it_names(server: GuardServer) -> None:
    profile = GuardProfile(base_url=server.url)
    guards = Guards(GuardSettings(default=("one",), profiles={"one": profile, "two": profile}))
    assert guards.chain(Guard()).names == ("one",)
    assert guards.chain(Guard(models=("two", "one"))).names == ("two", "one")
    assert guards.chain(Guard(models=())).names == ()
    with pytest.raises(GuardUnknown, match=r"'tow'.*'two'"):
        guards.chain(Guard(models=("tow",)))
    assert (await guards.chain(Guard(models=("one", "two"))).rule(EXCHANGE)).passed
    await guards.aclose()


class TestWhatItUses:
    """Counted by the server; by us, rather too high, where it gives no count."""

    OURS = Use("guard", "llama", input_tokens=300 + 19, output_tokens=64, counted_by="us")

    @pytest.fixture
    def uses(self) -> list[Use]:
        return []

    @pytest.fixture
    def counted(self, llama: LlamaGuard, uses: list[Use]) -> LlamaGuard:
        return llama.counted(uses.append)

    async def test_the_servers_count(
        self, server: GuardServer, counted: LlamaGuard, llama: LlamaGuard, uses: list[Use]
    ) -> None:
        await counted.hazards(EXCHANGE)
        await llama.hazards(EXCHANGE)
        assert uses == [Use("guard", "llama", input_tokens=300, output_tokens=3)], "each session has its own"
        assert server.connections == 1, "over the connections that they share"

    async def test_what_is_no_verdict_was_paid_for_all_the_same(
        self, server: GuardServer, counted: LlamaGuard, uses: list[Use]
    ) -> None:
        server.rule = lambda reply: "I cannot help with that."
        with pytest.raises(GuardUnreadable):
            await counted.hazards(EXCHANGE)
        assert [use.counted_by for use in uses] == ["provider"]

    @pytest.mark.parametrize("usage", [None, {}, {"prompt_tokens": -1, "completion_tokens": 3}])
    async def test_a_server_that_does_not_count(
        self, server: GuardServer, counted: LlamaGuard, uses: list[Use], usage: dict[str, int] | None
    ) -> None:
        server.usage = usage
        assert await counted.hazards(EXCHANGE) == ()
        assert uses == [self.OURS]

    async def test_an_answer_that_breaks_off(
        self, server: GuardServer, counted: LlamaGuard, uses: list[Use]
    ) -> None:
        server.fault = "broken"
        with pytest.raises(GuardUnavailable):
            await counted.hazards(EXCHANGE)
        assert uses == [self.OURS]

    async def test_a_refusal_costs_nothing(
        self, server: GuardServer, counted: LlamaGuard, uses: list[Use]
    ) -> None:
        server.fault = "error"
        with pytest.raises(GuardUnavailable):
            await counted.hazards(EXCHANGE)
        assert uses == []

    async def test_a_verdict_that_came_too_late_was_paid_for(
        self, server: GuardServer, counted: LlamaGuard, uses: list[Use]
    ) -> None:
        server.fault = "stalled"
        ruling = await Chain([counted], Guard(timeout_s=0.2)).rule(EXCHANGE)
        assert not ruling.passed
        async with asyncio.timeout(5):
            while not uses:
                await asyncio.sleep(0.01)
        assert uses == [self.OURS]

    async def test_what_the_server_had_in_its_cache(
        self, server: GuardServer, counted: LlamaGuard, uses: list[Use]
    ) -> None:
        server.usage = {
            "prompt_tokens": 300,
            "completion_tokens": 3,
            "prompt_tokens_details": {"cached_tokens": 256},
        }
        await counted.hazards(EXCHANGE)
        assert [use.cached_tokens for use in uses] == [256]
