"""A server that is killed while a model moderates: in the middle of what it says, and of what is said to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio
from caller import Caller
from scripted_model import Reply, ScriptedModel, scripted_model, text_of
from server_process import ServerProcess
from two_questions import FIRST, SECOND, WELCOME, finish, variant

from vivavoce.ops.composition import Server
from vivavoce.session.events import Reason, SessionStatus

STUDY = variant("two-questions-with-a-model", thinks=True)
REPLY = "You liked the coffee and the quiet there, and you spoke well of the staff, too. " + SECOND

pytestmark = [pytest.mark.models, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]


@pytest_asyncio.fixture(loop_scope="session")
async def model() -> AsyncGenerator[ScriptedModel]:
    async with scripted_model() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def thinking(server: Server, model: ScriptedModel, tmp_path: Path) -> AsyncGenerator[ServerProcess]:
    profile = "VIVAVOCE_LLM__PROFILES__M__"
    process = ServerProcess(
        tmp_path / "data",
        {
            "VIVAVOCE_SPEECH__URL": server.speech_url,
            "VIVAVOCE_HOST__HEARTBEAT_S": "1",
            "VIVAVOCE_HOST__LEASE_S": "4",
            "VIVAVOCE_LLM__DEFAULT": "m",
            f"{profile}BASE_URL": model.url,
            f"{profile}MODEL": "scripted",
            # However busy the machine is, patience is not what is tried here.
            f"{profile}FIRST_WORD_S": "20",
            f"{profile}STALL_S": "20",
            f"{profile}REPLY_S": "40",
            "VIVAVOCE_MONEY__PRICES__M__MACHINE_HOUR_USD": "0",
        },
    )
    try:
        await process.start()
        async with process.books() as books:
            await books.studies.publish(STUDY)
        yield process
    finally:
        await asyncio.to_thread(process.close)


async def test_a_killed_server_loses_no_word_that_its_model_was_told(
    thinking: ServerProcess, model: ScriptedModel
) -> None:
    """One participant is in the middle of the model's own words, one in the middle of an answer to them."""
    model.script = lambda request: Reply(REPLY)
    async with thinking.books() as books:
        listening, answering = [
            Caller(thinking.url, invitation=await books.invitation("two-questions-with-a-model"))
            for _ in range(2)
        ]
        async with answering, listening:
            await asyncio.gather(answering.heard(FIRST), listening.heard(FIRST))
            answering.say("kokoro_s05")
            await answering.heard(REPLY)
            listening.say("kokoro_s05")
            await listening.until(
                lambda: any(
                    m["type"] == "caption"
                    and m["speaker"] == "moderator"
                    and m["text"].startswith("You liked")
                    for m in listening.messages
                )
            )
            answering.say("kokoro_s01")
            await asyncio.sleep(1.5)
            thinking.kill()
            answering.hush()
            asked = len(model.requests)
            said = {caller: len(caller.captions) for caller in (answering, listening)}
            await thinking.start()
            # Whichever was open is asked again, in the study's words.
            for caller in (answering, listening):
                await caller.until(lambda c=caller: len(c.joins) == 2)
                await caller.until(lambda c=caller: any(WELCOME in text for text in c.captions[said[c] :]))
            await asyncio.gather(finish(answering), finish(listening))
        for caller in (answering, listening):
            state = await books.over(caller.session_id)
            ended = (state.status, state.reason)
            assert ended == (SessionStatus.COMPLETED, Reason.FINISHED), (state.faults, thinking.said())
            assert state.fault_count == 0, state.faults
            words = [turn.text for turn in state.turns if turn.speaker == "participant"]
            assert "friendly staff" in words[0], "what was said before is kept"
        told = [" ".join(map(text_of, request["messages"])) for request in model.requests[asked:]]
        assert told and all("friendly staff" in text for text in told), "and the model knows it"
