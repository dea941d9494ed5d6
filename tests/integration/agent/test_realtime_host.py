"""Whole interviews that a speech-to-speech model holds, over its provider's own socket: sound, log, ledger, rails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from guard_server import guard_server
from participant import Participant, asked, heard, speech
from pydantic import SecretStr
from scripted_gemini import ScriptedGemini, scripted_gemini
from scripted_model import Call, Reply, scripted_model
from scripted_realtime import A_WORD_S, ScriptedRealtime, scripted_realtime

from vivavoce.protocol.guard import Guard
from vivavoce.protocol.moderator import Moderator
from vivavoce.protocol.study import Study
from vivavoce.session.events import (
    PhaseEntered,
    ProviderSwitched,
    Reason,
    SentenceJudged,
    SessionStatus,
    SpeechEnded,
    ToolCalled,
    UsageMetered,
    Utterance,
)
from vivavoce.session.state import SessionState, fold
from vivavoce.settings import (
    GuardProfile,
    GuardSettings,
    LlmProfile,
    LlmSettings,
    MoneySettings,
    PriceSettings,
    RealtimeProfile,
    RealtimeSettings,
)

PRICE = PriceSettings(
    input_usd=Decimal(4),
    cached_usd=Decimal("0.4"),
    output_usd=Decimal(16),
    input_audio_usd=Decimal(32),
    cached_audio_usd=Decimal("0.4"),
    output_audio_usd=Decimal(64),
    minute_usd=Decimal("0.003"),
)
A_RESPONSE = 7_888
"""Micro-dollars, by hand: text 120 × 4 + 80 × 0.4, sound 60 × 32 + 40 × 0.4, written 20 × 16 + 80 × 64, a million."""


@pytest.fixture
def small(small: Study) -> Study:
    moderator = Moderator(mode="semi_structured", own_probes=1, realtime="voice")
    return small.model_copy(update={"moderator": moderator, "guard": Guard(after_the_fact=True)})


@pytest.fixture
async def server() -> AsyncIterator[ScriptedRealtime]:
    async with scripted_realtime() as model:
        yield model


def profile(server: ScriptedRealtime, **more: Any) -> RealtimeProfile:
    patience: dict[str, Any] = {"connect_s": 5, "first_sound_s": 10, "stall_s": 10, **more}
    return RealtimeProfile(base_url=server.url, model="scripted", transcriber="scribe", **patience)


@pytest.fixture
async def stage(open_stage: Callable[..., Any], server: ScriptedRealtime) -> AsyncIterator[Any]:
    settings = RealtimeSettings(profiles={"voice": profile(server)})
    money = MoneySettings(machine_hour_usd=Decimal(0), prices={"voice": PRICE})
    async with open_stage(realtime=settings, money=money) as opened:
        yield opened


class Speaker(Participant):
    """A participant whose words the model itself hears."""

    def __init__(self, stage: Any, server: ScriptedRealtime | ScriptedGemini) -> None:
        super().__init__(stage)
        self.server = server

    async def answer(self, text: str) -> SessionState:
        self.server.texts = [text]
        return await super().answer(text)


async def test_an_interview_from_hello_to_goodbye(stage: Any, server: ScriptedRealtime) -> None:
    await stage.schedule()
    participant = Speaker(stage, server)
    await participant.join()
    state = await participant.answer("I walked to the market, and I got so angry there.")
    assert (asked(state).move, asked(state).trigger) == ("probe", "emotional")
    assert asked(state).text == "What was that like for you?"
    state = await participant.answer("It was loud, and I had to wait for long.")
    assert asked(state).text == "You said it was loud, and i had. What was the best part?"
    state = await participant.answer("The bread I bought for my family.")
    assert state.progress.phase_id == "last"
    server.play(Reply(calls=(Call("advance_phase", {"reason": "all is said"}),)))
    await participant.answer("No, that was all of it.")
    state = await stage.ended()
    assert (state.status, state.reason) == (SessionStatus.COMPLETED, Reason.FINISHED)
    events = await stage.events()
    payloads = [event.payload for event in events]
    assert state == fold(events)
    assert state.fault_count == 0, state.faults
    said_aloud = [turn.text for turn in state.turns if turn.speaker == "moderator"]
    assert participant.socket.captions() == said_aloud, "what is shown, logged and heard is the same"
    assert said_aloud[-1] == "Thank you. Goodbye."
    heard_words = [p.text for p in payloads if isinstance(p, Utterance)]
    assert heard_words[0] == "I walked to the market, and I got so angry there."
    assert {p.model for p in payloads if isinstance(p, Utterance)} == {"scribe"}
    assert stage.recogniser.heard == 0, "nobody else was asked what was said"
    assert [(p.tool, p.accepted) for p in payloads if isinstance(p, ToolCalled)] == [
        ("probe", True),
        ("advance_phase", True),
    ]
    assert [p.phase_id for p in payloads if isinstance(p, PhaseEntered)] == ["first", "last"]
    # The money
    uses = [p for p in payloads if isinstance(p, UsageMetered)]
    spoken = [p for p in uses if p.part == "realtime"]
    assert {p.amount for p in spoken} == {A_RESPONSE}
    assert len(spoken) == len(server.last.of("response.create"))
    assert (spoken[0].cached_audio_tokens, spoken[0].output_audio_tokens) == (40, 80)
    written = [p for p in uses if p.part == "stt"]
    assert {p.model for p in written} == {"scribe"}
    assert sum(p.amount for p in uses) == state.spent
    # What the model was told
    session = server.last.session
    assert session["audio"]["input"]["turn_detection"] is None
    assert session["audio"]["input"]["transcription"]["model"] == "scribe"
    told = [
        event["session"]["instructions"]
        for event in server.last.of("session.update")
        if "instructions" in event["session"]
    ]
    assert "Warm up" in told[0] and "Close" in told[-1], "instructions follow the phase"
    opening = next(item for item in server.last.items if item.get("role") == "assistant")
    assert "What did you do today?" in opening["content"][0]["text"]
    assert participant.line is not None
    await participant.line


async def test_an_interview_with_gemini(
    open_stage: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    async with scripted_gemini(tmp_path) as gemini:
        live = RealtimeProfile(
            provider="google",
            base_url=gemini.url,
            model="gemini-3.8-live",
            api_key=SecretStr("key"),
            connect_s=10,
            first_sound_s=10,
            stall_s=10,
        )
        money = MoneySettings(machine_hour_usd=Decimal(0), prices={"voice": PRICE})
        async with open_stage(realtime=RealtimeSettings(profiles={"voice": live}), money=money) as stage:
            await stage.schedule()
            participant = Speaker(stage, gemini)
            await participant.join()
            state = await participant.answer("I walked to the market, and I got so angry there.")
            assert (asked(state).move, asked(state).trigger) == ("probe", "emotional")
            assert asked(state).text == "What was that like for you?"
            state = await participant.answer("The bread I bought for my family.")
            assert asked(state).text == "You said the bread i bought for my. What was the best part?"
            gemini.play(Reply(calls=(Call("advance_phase", {"reason": "all is said"}),)))
            state = await participant.answer("It was loud, and I had to wait for long.")
            assert state.progress.phase_id == "last"
            advance = Call("advance_phase", {"reason": "all is said"})
            gemini.play(Reply(calls=(advance,)), Reply("So that was all of it."))
            await participant.answer("No, that was all of it.")
            state = await stage.ended()
            events = await stage.events()
    payloads = [event.payload for event in events]
    assert (state.status, state.reason) == (SessionStatus.COMPLETED, Reason.FINISHED)
    assert state == fold(events) and state.fault_count == 0, state.faults
    said_aloud = [turn.text for turn in state.turns if turn.speaker == "moderator"]
    assert participant.socket.captions() == said_aloud, "what is shown, logged and heard is the same"
    assert said_aloud[-1] == "So that was all of it. Thank you. Goodbye."
    assert [(p.tool, p.accepted) for p in payloads if isinstance(p, ToolCalled)] == [
        ("probe", True),
        ("advance_phase", True),
        ("advance_phase", True),
    ]
    # Its transcription comes too late for the rails: the usual ears write down what was said.
    heard_words = [p for p in payloads if isinstance(p, Utterance)]
    assert heard_words[0].text == "I walked to the market, and I got so angry there."
    assert stage.recogniser.heard == len(heard_words) == 4
    assert gemini.last.activities()[:2] == ["activityStart", "activityEnd"] and gemini.last.heard_s > 4
    # The money: text 200 × 4, sound 100 × 32, written 20 × 16 + 80 × 64, a million.
    uses = [p for p in payloads if isinstance(p, UsageMetered) and p.part == "realtime"]
    assert len(uses) >= 5 and {use.amount for use in uses} == {9_440}
    assert sum(p.amount for p in payloads if isinstance(p, UsageMetered)) == state.spent
    # What it was told: the study's own words, and the second phase's instructions.
    assert gemini.last.setup["systemInstruction"]["parts"][0]["text"].count("Warm up")
    told = [turn["parts"][0]["text"] for turn in gemini.last.turns()]
    assert any("What did you do today?" in text for text in told)
    assert any("Close" in text for text in told), "instructions follow the phase"


async def test_who_speaks_into_its_words_is_heard_and_the_model_knows_how_far_it_came(
    stage: Any, server: ScriptedRealtime
) -> None:
    await stage.schedule()
    participant = Speaker(stage, server)
    await participant.join()
    await stage.until(heard, within_s=30)
    server.play(Reply("So you walked to the market. " + "And then it goes on like this. " * 40))
    server.texts = ["I walked to the market."]
    participant.socket.say(speech("kokoro_s04"))
    await stage.until(
        lambda _: any("And then it goes" in m.get("text", "") for m in participant.socket.messages),
        within_s=30,
    )
    # All of it is there, with the study's question after it, and most of it is still to be heard.
    await stage.until(lambda state: asked(state).text.endswith("What was the best part?"), within_s=30)
    server.texts = ["And I bought bread there for all of us."]
    participant.socket.say(speech("kokoro_s04"))
    state = await stage.until(lambda state: any(turn.cut_off for turn in state.turns), within_s=30)
    [cut] = [turn for turn in state.turns if turn.cut_off]
    assert cut.text.startswith("So you walked")
    words, seconds = len(cut.text.split()), cut.end_s - cut.start_s
    # Where a word lies is a guess: at a person's rate while sound still came, then by its share of what was left.
    assert 1.5 < words / seconds < 1.1 / A_WORD_S, (words, seconds)
    await stage.until(lambda state: state.progress.moves >= 3, within_s=30)
    [truncated] = server.last.of("conversation.item.truncate")
    assert truncated["audio_end_ms"] / 1000 == pytest.approx(seconds, abs=0.5)
    assert asked(await stage.state()).trigger == "unheard", (
        "the question after it was not heard: it is said again"
    )


async def test_a_guard_interrupts_what_it_could_not_hold(
    open_stage: Callable[..., Any], server: ScriptedRealtime
) -> None:
    async with guard_server() as guard:
        guard.rule = lambda reply: "unsafe\nS1" if "poison" in reply else "safe"
        settings = RealtimeSettings(profiles={"voice": profile(server)})
        free = PriceSettings(machine_hour_usd=Decimal(0))
        money = MoneySettings(machine_hour_usd=Decimal(0), prices={"voice": PRICE, "g": free})
        guards = GuardSettings(default=("g",), profiles={"g": GuardProfile(base_url=guard.url)})
        async with open_stage(realtime=settings, money=money, guard=guards) as stage:
            await stage.schedule()
            participant = Speaker(stage, server)
            await participant.join()
            server.play(Reply("So you went there. Here is how to poison a well. " + "And more of it. " * 30))
            state = await participant.answer("I walked to the market.")
            assert asked(state).text == (
                "So you went there. Let me come back to our questions. What was the best part?"
            )
            payloads = [event.payload for event in await stage.events()]
            judged = {p.text: p.withheld for p in payloads if isinstance(p, SentenceJudged)}
            assert judged["So you went there."] is False
            assert judged["Here is how to poison a well."] is True
            ended = [p for p in payloads if isinstance(p, SpeechEnded)][-1]
            assert "Let me come back to our questions." in ended.heard_text
            assert "And more of it. And more of it." not in ended.heard_text
            assert not ended.interrupted
            # The model is to know that it was not heard to the end; that is on its way when the log has it.
            async with asyncio.timeout(10):
                while not (truncated := server.last.of("conversation.item.truncate")):
                    await asyncio.sleep(0.01)
            assert len(truncated) == 1


async def test_a_lost_connection_is_opened_again_and_told_the_interview(
    stage: Any, server: ScriptedRealtime
) -> None:
    await stage.schedule()
    participant = Speaker(stage, server)
    await participant.join()
    state = await participant.answer("I walked to the market, and I got so angry there.")
    assert asked(state).move == "probe"
    server.refuses = True
    server.last.socket.transport.abort()
    await stage.until(
        lambda state: any(note.fault.code == "realtime_lost" for note in state.faults), within_s=30
    )
    state = await participant.answer("It was loud, and I had to wait for long.")
    assert asked(state).text == "What was the best part?", "the study's words stand in"
    server.refuses = False
    # Opened again, and told what it missed.
    await stage.until(lambda state: len(server.connections) > 1 and bool(server.last.items), within_s=40)
    texts = [part.get("text", "") for item in server.last.items for part in item.get("content", [])]
    assert any("I had to wait for long" in text for text in texts), texts
    assert any("What was the best part?" in text for text in texts), texts
    state = await participant.answer("The bread I bought for my family.")
    assert asked(state).text.startswith("You said the bread")
    switches = [
        event.payload for event in await stage.events() if isinstance(event.payload, ProviderSwitched)
    ]
    assert [(s.before, s.after, s.code) for s in switches if s.stage == "realtime"] == [
        ("voice", "study", "realtime_lost"),
        ("study", "voice", "recovered"),
    ]


async def test_where_none_can_be_reached_the_language_model_holds_the_interview(
    open_stage: Callable[..., Any], server: ScriptedRealtime
) -> None:
    server.refuses = True
    async with scripted_model() as model:
        free = PriceSettings(machine_hour_usd=Decimal(0))
        async with open_stage(
            realtime=RealtimeSettings(profiles={"voice": profile(server, connect_s=3)}),
            llm=LlmSettings(default="m", profiles={"m": LlmProfile(base_url=model.url, model="scripted")}),
            money=MoneySettings(machine_hour_usd=Decimal(0), prices={"voice": PRICE, "m": free}),
        ) as stage:
            await stage.schedule()
            participant = Participant(stage)
            await participant.join()
            state = await participant.answer("I walked to the market, and I got so angry there.")
            assert asked(state).text == "What was that like for you?"
            payloads = [event.payload for event in await stage.events()]
            [switch] = [p for p in payloads if isinstance(p, ProviderSwitched)]
            assert (switch.before, switch.after, switch.code) == ("voice", "m", "realtime_away")
            assert model.requests, "it was asked"
