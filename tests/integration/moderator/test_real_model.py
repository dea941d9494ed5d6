"""A real model over HTTP (SmolLM2 on llama.cpp, `make guests`): streaming, cancelling, time-outs; plumbing only."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from livekit.agents import APIConnectOptions, llm

from vivavoce.moderator.guard.chain import Chain
from vivavoce.moderator.mind import Mind, Minds
from vivavoce.ops.rehearse.interview import Interview, Say
from vivavoce.protocol.check import load_study
from vivavoce.protocol.study import Study
from vivavoce.session.events import Reason
from vivavoce.session.state import fold
from vivavoce.settings import LlmProfile, LlmSettings
from vivavoce.voice.failover import Route

ROOT = Path(__file__).parents[3]
GUEST = ROOT / ".setup" / "guests" / "llama"
ANSWERS = (
    "I walked to the market in the morning and bought bread for all of us.",
    "I would open the market earlier.",
)


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    """The guest's server; it is installed if it can be."""
    made = subprocess.run(
        ["make", str((GUEST / "installed").relative_to(ROOT))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if made.returncode:
        pytest.skip(f"the guest llama cannot be installed here: {made.stderr.strip()[-200:]}")
    script = ROOT / "tests" / "lib" / "llama_guest.py"
    server = subprocess.Popen(
        [GUEST / "bin" / "python", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdin is not None and server.stdout is not None
    line = server.stdout.readline()
    if not line.startswith("listening "):
        pytest.skip(f"the guest llama does not run here: exit code {server.wait(timeout=30)}")
    try:
        yield line.split()[1].rstrip("/") + "/v1"
    finally:
        server.stdin.close()
        server.wait(timeout=30)


@pytest.fixture
def study() -> Study:
    text = """
schema: vivavoce/study/1
id: small
title: Small
about: Small.
organisation: Testers
contact: test@example.org
languages: [en]
moderator: {mode: semi_structured, own_probes: 0}
consent: {version: 1, text: I agree., disclosure: I am a computer program.}
opening: Hello.
closing: Goodbye.
phases:
  - id: one
    title: One
    objective: Markets.
    min_minutes: 0
    max_minutes: 5
    questions:
      - {id: today, wording: What did you do today?, required: true}
      - {id: wish, wording: What would you change about it?, required: true}
"""
    return load_study(text.encode(), source="small.yaml")


def models(base_url: str, *, first_word_s: float = 6) -> Route[Mind]:
    # It seldom ends a sentence by itself: what it may take is what this test takes.
    profile = LlmProfile(
        base_url=base_url, model="smollm2", temperature=0, first_word_s=first_word_s, stall_s=6, reply_s=6
    )
    return Minds(LlmSettings(profiles={"smollm2": profile})).route("smollm2")


async def hold(study: Study, models: Route[Mind]) -> Interview:
    interview = Interview(
        study,
        "en",
        models=models,
        judges=Chain((), study.guard),
        act=lambda interview: Say(ANSWERS[interview.turns % 2]),
        cut=lambda _: None,
    )
    await interview.hold()
    assert interview.state == fold(interview.events)
    return interview


async def test_a_real_models_words_are_streamed_into_an_interview_that_keeps_the_rails(
    base_url: str, study: Study
) -> None:
    interview = await hold(study, models(base_url))
    assert interview.state.reason is Reason.FINISHED
    assert {"today", "wish"} <= interview.state.progress.asked
    assert "llm_unavailable" not in [fault.code for fault in interview.faults], interview.faults
    assert interview.moves[-1].text.endswith("Goodbye.")


async def test_leaving_a_stream_frees_the_model(base_url: str) -> None:
    model = models(base_url).current.part.model
    context = llm.ChatContext(
        [llm.ChatMessage(role="user", content=["Count from one to a thousand, in words."])]
    )
    patience = APIConnectOptions(max_retry=0, timeout=60)
    async with asyncio.timeout(60):
        async with model.chat(chat_ctx=context, conn_options=patience) as stream:
            async for chunk in stream:
                if chunk.delta is not None and chunk.delta.content:
                    break
        # A server that still counted would make this wait: it has one slot a request, and a thousand words to go.
        short = llm.ChatContext([llm.ChatMessage(role="user", content=["Say yes."])])
        async with model.chat(chat_ctx=short, conn_options=patience) as stream:
            assert await anext(stream)


async def test_a_model_that_is_too_slow_is_not_waited_for(base_url: str, study: Study) -> None:
    interview = await hold(study, models(base_url, first_word_s=0.001))
    assert {fault.code for fault in interview.faults} == {"llm_slow"}
    assert [move.text for move in interview.moves[1:]] == ["What would you change about it?", "Goodbye."]
