"""Each provider's plug-in against a server that speaks its wire format: words, calls, counts, refusals, silence.

The servers are ours: the real services were never asked.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from interview_table import Table
from livekit.agents import APIConnectOptions, APIError, llm
from model_wires import ANSWER_TOKENS, PROMPT_TOKENS, BedrockWire, GoogleWire, OpenAIWire
from scripted_model import Call, Fault, Reply, ScriptedModel, scripted_model

from vivavoce.moderator.mind import Minds, tools
from vivavoce.protocol.observations import Began
from vivavoce.protocol.requests import FlagInsight, ProbeAnswer
from vivavoce.settings import LlmProfile, LlmSettings
from vivavoce.voice.llm import open_model
from vivavoce.voice.plugins import PluginMissing

pytestmark = pytest.mark.livekit

WIRES = {"openai": OpenAIWire, "aws": BedrockWire, "google": GoogleWire}

PROFILES: dict[str, dict[str, Any]] = {
    "openai": {"model": "scripted", "api_key": "secret"},
    "aws": {"provider": "aws", "region": "eu-central-1", "model": "mistral.mistral-large-2407-v1:0"},
    "google": {"provider": "google", "model": "gemini-3-flash", "api_key": "secret"},
}

SIGNED = {
    "openai": "authorization: bearer secret",
    "aws": "authorization: aws4-hmac-sha256 credential=test/",
    "google": "x-goog-api-key: secret",
}


@dataclass
class Ends:
    """A provider's server and its plug-in."""

    provider: str
    server: ScriptedModel
    profile: LlmProfile
    model: llm.LLM[Any]

    def chat(self, context: llm.ChatContext | None = None) -> llm.LLMStream:
        said = llm.ChatMessage(role="user", content=["Bread."])
        system = llm.ChatMessage(role="system", content=["Be brief."])
        return self.model.chat(
            chat_ctx=context or llm.ChatContext([system, said]),
            tools=tools((ProbeAnswer, FlagInsight)),
            conn_options=APIConnectOptions(max_retry=0, timeout=10),
        )

    async def answer(self) -> list[llm.ChatChunk]:
        async with self.chat() as stream:
            return [chunk async for chunk in stream]


@pytest.fixture(params=list(WIRES))
async def ends(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ends]:
    for name, value in {
        "ACCESS_KEY_ID": "test",
        "SECRET_ACCESS_KEY": "test",
        "EC2_METADATA_DISABLED": "1",
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    name = request.param
    async with scripted_model(WIRES[name]()) as server:
        profile = LlmProfile.model_validate({"base_url": server.url, **PROFILES[name]})
        model = open_model(profile)
        yield Ends(name, server, profile, model)
        await model.aclose()


def words(chunks: list[llm.ChatChunk]) -> str:
    return "".join(chunk.delta.content or "" for chunk in chunks if chunk.delta is not None)


def calls(chunks: list[llm.ChatChunk]) -> list[llm.FunctionToolCall]:
    return [call for chunk in chunks if chunk.delta is not None for call in chunk.delta.tool_calls]


async def test_words_come_one_by_one_and_are_counted_by_the_provider(ends: Ends) -> None:
    ends.server.play(Reply("So it was bread. “Für immer” 🙂 then?", token_s=0.05))
    began, chunks, at = time.monotonic(), [], []
    async with ends.chat() as stream:
        async for chunk in stream:
            chunks.append(chunk)
            at.append(time.monotonic() - began)
    assert words(chunks) == "So it was bread. “Für immer” 🙂 then?"
    assert at[-1] - at[0] > 0.2, "seven more words of 50 ms lie between the first and the last"
    [usage] = [chunk.usage for chunk in chunks if chunk.usage is not None]
    assert (usage.prompt_tokens, usage.completion_tokens) == (PROMPT_TOKENS, ANSWER_TOKENS)


async def test_what_is_asked(ends: Ends) -> None:
    ends.server.play(Reply("Yes."))
    await ends.answer()
    [request], [head] = ends.server.requests, ends.server.heads
    assert SIGNED[ends.provider] in head.lower()
    told = json.dumps(request)
    for wanted in ("Be brief.", "Bread.", "probe", "flag_insight", "trigger"):
        assert wanted in told
    if ends.provider == "aws":
        assert "/model/mistral.mistral-large-2407-v1%3A0/" in head
        assert request["system"] == [{"text": "Be brief."}]
    if ends.provider == "google":
        assert "/models/gemini-3-flash:" in head
        assert request["systemInstruction"]["parts"] == [{"text": "Be brief."}]


async def test_calls_in_pieces_become_whole_and_keep_their_order(ends: Ends) -> None:
    ends.server.play(
        Reply(
            "Well.",
            calls=(Call("probe", {"trigger": "vague"}), Call("flag_insight", {"note": "“Brot” \\ \n 🙂"})),
        )
    )
    chunks = await ends.answer()
    assert words(chunks) == "Well."
    assert [(call.name, json.loads(call.arguments)) for call in calls(chunks)] == [
        ("probe", {"trigger": "vague"}),
        ("flag_insight", {"note": "“Brot” \\ \n 🙂"}),
    ]


@pytest.mark.parametrize("fault", ["refused", "garbage", "broken", "failed"])
async def test_a_failure_is_told_and_nothing_is_tried_again(ends: Ends, fault: Fault) -> None:
    ends.server.play(Reply("So it", fault=fault))
    heard = ""
    with pytest.raises(APIError):
        async with asyncio.timeout(20), ends.chat() as stream:
            async for chunk in stream:
                heard += (chunk.delta.content or "") if chunk.delta is not None else ""
    assert heard == ("So it" if fault in ("broken", "failed") else "")
    assert len(ends.server.requests) == 1
    ends.server.play(Reply("Again."))
    assert words(await ends.answer()) == "Again."


@pytest.mark.parametrize("fault", ["slow", "stalled"])
async def test_whoever_does_not_wait_any_longer_is_gone_at_the_server(ends: Ends, fault: Fault) -> None:
    ends.server.play(Reply("So it", fault=fault))
    async with ends.chat() as stream:
        if fault == "stalled":
            assert await anext(stream)
        async with asyncio.timeout(20):
            while not ends.server.requests:
                await asyncio.sleep(0.01)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                while True:
                    await anext(stream)
        assert not ends.server.abandoned
    async with asyncio.timeout(5):
        while not ends.server.abandoned:
            await asyncio.sleep(0.01)


async def test_a_whole_reply_with_its_calls_is_told_again_on_the_next_turn(ends: Ends) -> None:
    profile = ends.profile.model_copy(update={"first_word_s": 10.0, "stall_s": 10.0})
    minds = Minds(LlmSettings(profiles={"m": profile}))
    table = Table(lambda switched: minds.route("m", switched=switched))
    await table.observe(Began(0))
    ends.server.play(
        Reply(calls=(Call("flag_insight", {"note": "Bread."}),)),
        Reply("And what is for lunch?"),
        Reply("And how did you come here?"),
    )
    assert await table.answer("Bread.") == "And what is for lunch?"
    assert await table.answer("Soup.") == "And how did you come here?"
    assert table.faults == []
    for request in ends.server.requests[1:]:
        told = json.dumps(request)
        assert told.count("call00001") == 2 or (ends.provider == "google" and "call00001" in told)
        assert "Bread." in told and told.index("flag_insight") < told.rindex(table.calls()[0].answer[:20])
    if ends.provider == "google":
        [part] = [
            part
            for content in ends.server.requests[-1]["contents"]
            for part in content["parts"]
            if "functionCall" in part
        ]
        assert part["thoughtSignature"], "Gemini 3 refuses a call without one"
    await minds.aclose()


def test_an_extra_that_is_not_installed_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    for provider in ("aws", "google"):
        monkeypatch.setitem(sys.modules, f"livekit.plugins.{provider}", None)
        profile = LlmProfile.model_validate(PROFILES[provider])
        with pytest.raises(PluginMissing) as missing:
            Minds(LlmSettings(profiles={"m": profile}))
        assert missing.value.next_step == f"Install it: pip install 'vivavoce[{provider}]'"
