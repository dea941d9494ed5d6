"""A speech server fails in the middle of a session: another one hears and speaks, and nobody loses a word."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest
from noticing import noticed
from participant import Participant, asked
from scripted_model import Reply, ScriptedModel, scripted_model
from scripted_speech import Fault, ScriptedSpeech, scripted_speech

from vivavoce.protocol.moderator import Moderator
from vivavoce.protocol.study import Study
from vivavoce.session.events import ProviderSwitched, TurnTimed, UsageMetered, Utterance
from vivavoce.settings import (
    LlmProfile,
    LlmSettings,
    MoneySettings,
    PriceSettings,
    SpeakingProfile,
    SttSettings,
    TtsSettings,
    VoiceProfile,
)
from vivavoce.speech.client import SpeechClient

WITHIN_S = 3.0
"""From the participant's last sound to the moderator's next sentence, however a server fails."""

NOBODY = "http://127.0.0.1:9"
"""Where no server listens."""

ANSWER = "I walked to the market and I bought bread."
QUESTION = "What was the best of it?"

SPARE = PriceSettings(minute_usd=Decimal(6))
"""Ten cents a second, heard or said; the speech server's own engines cost nothing by the piece."""


class Servers:
    """Two speech servers and a model; `kind` is how the spare one is spoken to."""

    kind = "server"

    def __init__(self, main: ScriptedSpeech, spare: ScriptedSpeech, model: ScriptedModel) -> None:
        self.main, self.spare, self.model = main, spare, model

    def llm(self) -> LlmSettings:
        profile = LlmProfile(base_url=self.model.url, model="scripted", first_word_s=10, stall_s=10)
        return LlmSettings(default="m", profiles={"m": profile})


@pytest.fixture
def small(small: Study) -> Study:
    return small.model_copy(update={"moderator": Moderator(mode="semi_structured", own_probes=1)})


@pytest.fixture
async def servers() -> AsyncIterator[Servers]:
    async with scripted_speech() as main, scripted_speech() as spare, scripted_model() as model:
        main.text = spare.text = ANSWER
        model.play(Reply(QUESTION))
        yield Servers(main, spare, model)


@pytest.fixture(params=["server", "plugin"])
async def stage(
    open_stage: Callable[..., Any], servers: Servers, request: pytest.FixtureRequest
) -> AsyncIterator[Any]:
    """A host whose spare is another speech server, or a cloud by livekit's plug-in for OpenAI."""
    servers.kind, _, missing = str(request.param).partition(", ")
    kind = servers.kind
    url = servers.spare.url
    cloud = {"kind": "plugin", "plugin": "openai", "model": "m", "api_key": "k"}
    ear = (
        VoiceProfile(url=url, model="m")
        if kind == "server"
        else VoiceProfile.model_validate({**cloud, "options": {"base_url": f"{url}/v1"}})
    )
    speaking = (
        SpeakingProfile(url=url)
        if kind == "server"
        else SpeakingProfile.model_validate(
            {
                **cloud,
                "voices": ("en=nova",),
                "options": {"base_url": f"{url}/v1", "response_format": "pcm"},
            }
        )
    )
    async with (
        SpeechClient(NOBODY if missing else servers.main.url) as client,
        open_stage(
            llm=servers.llm(),
            client=client,
            stt=SttSettings(order=("speech", "spare"), profiles={"spare": ear}),
            tts=TtsSettings(fallbacks=("spare",), profiles={"spare": speaking}),
            money=MoneySettings(
                machine_hour_usd=Decimal(0),
                prices={"m": PriceSettings(machine_hour_usd=Decimal(0)), "spare": SPARE},
            ),
        ) as opened,
    ):
        yield opened


async def held(stage: Any) -> tuple[Any, list[Any], Participant]:
    """One answer and its question; the state, the log's payloads, the participant."""
    await stage.schedule()
    participant = Participant(stage)
    await participant.join()
    state = await participant.answer(ANSWER)
    return state, [event.payload for event in await stage.events()], participant


def bill(log: Sequence[Any], part: str) -> list[UsageMetered]:
    return [payload for payload in log if isinstance(payload, UsageMetered) and payload.part == part]


@pytest.mark.parametrize("fault", ["refused", "slow", "broken"])
async def test_another_hears_what_the_first_cannot(
    stage: Any, servers: Servers, fault: Fault, request: pytest.FixtureRequest
) -> None:
    servers.main.hearing = fault
    # What it says is not what is tried here.
    servers.model.play(Reply("What was the best part?"))
    state, log, participant = await held(stage)
    found = noticed(participant, log, ANSWER)
    found.report(request, part="STT", spare=servers.kind, fault=fault)
    assert found.unharmed(WITHIN_S), found
    [utterance] = [payload for payload in log if isinstance(payload, Utterance)]
    assert (utterance.text, utterance.model) == (ANSWER, "m")
    assert len(servers.spare.heard) == 1
    [switch] = [payload for payload in log if isinstance(payload, ProviderSwitched)]
    assert (switch.stage, switch.before, switch.after, switch.code) == (
        "stt", "speech", "spare", "speech_unavailable",
    )  # fmt: skip
    [timed] = [payload for payload in log if isinstance(payload, TurnTimed)]
    assert timed.response_s < WITHIN_S, timed
    assert state.fault_count == 0, state.faults
    [heard] = [use for use in bill(log, "stt") if use.provider == "spare"]
    assert heard.subject == "u1" and heard.amount == pytest.approx(heard.seconds * 100_000, abs=100)
    ours = [use for use in bill(log, "stt") if use.provider != "spare"]
    assert all((use.provider, use.model, use.amount) == ("self", "whisper", 0) for use in ours)
    assert bool(ours) == (fault == "slow"), "who refused, or broke off, is owed nothing"


@pytest.mark.parametrize("fault", ["refused", "slow", "stalled", "broken", "silent"])
async def test_another_says_what_the_first_cannot(
    stage: Any, servers: Servers, fault: Fault, request: pytest.FixtureRequest
) -> None:
    servers.main.speaking = fault
    state, log, participant = await held(stage)
    found = noticed(participant, log, ANSWER)
    found.report(request, part="TTS", spare=servers.kind, fault=fault)
    assert found.unharmed(WITHIN_S), found
    assert asked(state).text == QUESTION
    assert [order["input"] for order in servers.spare.said] == [QUESTION]
    assert participant.socket.captions()[-1] == QUESTION, "it was heard to its end"
    [switch] = [payload for payload in log if isinstance(payload, ProviderSwitched)]
    assert (switch.stage, switch.before, switch.after) == ("tts", "speech", "spare")
    [timed] = [payload for payload in log if isinstance(payload, TurnTimed)]
    assert timed.response_s < WITHIN_S, timed
    assert state.fault_count == 0, state.faults
    [said] = [use for use in bill(log, "tts") if use.provider == "spare"]
    assert said.characters == len(QUESTION)
    assert said.amount == pytest.approx(said.seconds * 100_000, abs=100)
    ours = [use for use in bill(log, "tts") if use.provider != "spare"]
    assert all((use.provider, use.model, use.amount) == ("self", "kokoro", 0) for use in ours)
    assert bool(ours) == (fault in ("stalled", "broken")), "who made no sound is owed nothing"


@pytest.mark.parametrize("stage", ["server, nobody there", "plugin, nobody there"], indirect=True)
async def test_a_server_that_is_not_there_neither_hears_nor_speaks(
    stage: Any, servers: Servers, request: pytest.FixtureRequest
) -> None:
    state, log, participant = await held(stage)
    found = noticed(participant, log, ANSWER)
    found.report(request, part="STT and TTS", spare=servers.kind, fault="not there")
    assert found.unharmed(WITHIN_S), found
    assert asked(state).text == QUESTION and state.fault_count == 0, state.faults
    switches = {each.stage for each in log if isinstance(each, ProviderSwitched)}
    assert switches == {"stt", "tts"}


@pytest.mark.parametrize("stage", ["server"], indirect=True)
async def test_a_server_that_is_well_again_is_noticed_and_paid_again(stage: Any, servers: Servers) -> None:
    servers.main.hearing = servers.main.speaking = "refused"
    _, _, participant = await held(stage)
    servers.main.hearing = servers.main.speaking = ""
    servers.model.play(Reply("And what came after that?"))
    before = len(await stage.events())
    state = await participant.answer("I walked on to the river and sat down.")
    assert asked(state).text == "And what came after that?"
    log = [event.payload for event in (await stage.events())[before:]]
    switches = [payload for payload in log if isinstance(payload, ProviderSwitched)]
    assert sorted((each.stage, each.before, each.after, each.code) for each in switches) == [
        ("stt", "spare", "speech", "recovered"),
        ("tts", "spare", "speech", "recovered"),
    ]
    assert {use.provider for part in ("stt", "tts") for use in bill(log, part)} == {"self"}
    assert state.fault_count == 0, state.faults
