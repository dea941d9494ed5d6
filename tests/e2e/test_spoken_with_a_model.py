"""Whole interviews, spoken: our server, real voices and recognition, a WebSocket, and a model that follows a script.

The model (`tests/lib/scripted_model.py`) is a real OpenAI-compatible server that streams and calls tools. One interview
takes every branch that a model and a participant can lead it into; the others end it early, or change its language.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import jiwer
import numpy as np
import pytest
import pytest_asyncio
import soxr
from numpy.typing import NDArray
from scripted_model import Call, Reply, ScriptedModel, scripted_model
from whisper_normalizer.english import EnglishTextNormalizer

from vivavoce.ops.serve import serve
from vivavoce.session.events import Fault, LanguageSettled, SessionEvent, ToolCalled, Utterance
from vivavoce.session.state import SessionState, fold
from vivavoce.settings import LlmProfile, LlmSettings, MoneySettings, PriceSettings, WebSettings, load
from vivavoce.speech.client import SpeechClient
from vivavoce.transport.client import WebSocketParticipant
from vivavoce.transport.recorded import SAMPLE_RATE, read_recording

STUDY = Path(__file__).parents[1] / "data" / "studies" / "every-branch.yaml"
VOICES = {"en": "am_michael", "es": "em_alex"}
TURN_S = 40.0
"""Seconds for a turn and its reply: 2 to 6, on a machine that may be busy."""

normalise = EnglishTextNormalizer()
pytestmark = [
    pytest.mark.models,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.asyncio(loop_scope="module"),
]


@dataclass
class Microphone:
    """Speaks what it is given, s16le at 48 kHz, and is silent otherwise."""

    waiting: bytearray = field(default_factory=bytearray)

    def read(self, samples: int) -> bytes:
        pcm = bytes(self.waiting[: samples * 2])
        del self.waiting[: samples * 2]
        return pcm


@dataclass
class House:
    """A server with its model."""

    server: Any
    model: ScriptedModel
    data_dir: Path

    async def speech(self, text: str, language: str) -> bytes:
        """A participant's words, s16le at 48 kHz."""
        pcm = bytearray()
        async with self.server.client.speak(
            text, model="kokoro", voice=VOICES[language], language=language, priority="batch"
        ) as sound:
            async for chunk in sound:
                pcm += chunk
            rate = sound.sample_rate
        return resampled(np.frombuffer(bytes(pcm), np.int16), rate, 48_000).tobytes()


def resampled(samples: NDArray[np.int16], rate: int, to: int) -> NDArray[np.int16]:
    return (soxr.resample(samples.astype(np.float32) / 32768, rate, to) * 32767).astype(np.int16)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[House]:
    data_dir = tmp_path_factory.mktemp("spoken") / "data"
    async with scripted_model() as model:
        # However busy the machine is, patience is not what is tried here.
        profile = LlmProfile(base_url=model.url, model="scripted", first_word_s=20, stall_s=20, reply_s=40)
        llm = LlmSettings(default="m", profiles={"m": profile}, unreviewed_prompts=True)
        web = WebSettings(port=0)
        free = PriceSettings(machine_hour_usd=Decimal(0))
        money = MoneySettings(machine_hour_usd=Decimal(0), prices={"m": free})
        settings = load().model_copy(update={"data_dir": data_dir, "llm": llm, "web": web, "money": money})
        async with serve(settings) as server:
            await server.publish(STUDY.read_bytes(), source=STUDY.name)
            yield House(server, model, data_dir)


class Talk:
    """One interview, from the invitation to its end."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.microphone = Microphone()
        self.sounded_s = 0.0
        self.said: list[str] = []
        self._sounds: dict[str, bytes] = {}

    def hear(self, pcm: bytes, rate: int, _: float) -> None:
        samples = np.frombuffer(pcm, np.int16)
        if len(samples) and np.abs(samples.astype(np.int32)).max() > 500:
            self.sounded_s += len(samples) / rate

    async def prepare(self, texts: Sequence[str], language: str = "en") -> None:
        """Make the participant's sound before the call: nobody waits for it there."""
        for text in texts:
            self._sounds[text] = await self.house.speech(text, language)

    async def join(self) -> WebSocketParticipant:
        server = self.house.server
        [link] = await server.invite("every-branch", language="en")
        url, _, token = link.rpartition("/i/")
        body = {"language": "en", "consent_version": "1", "accepted": True}
        async with httpx.AsyncClient(timeout=15) as http:
            answer = (await http.post(f"{url}/api/v1/invitations/{token}/consent", json=body)).json()
        self.session_id = answer["session_id"]
        return WebSocketParticipant(
            f"{url}/api/v1",
            self.session_id,
            answer["token"],
            microphone=self.microphone,
            on_sound=self.hear,
        )

    async def state(self) -> SessionState:
        return await self.house.server.storage.sessions.state(self.session_id)

    async def events(self) -> list[SessionEvent]:
        return await self.house.server.storage.sessions.read(self.session_id)

    async def until(self, true: Callable[[SessionState], bool], within_s: float = TURN_S) -> SessionState:
        async with asyncio.timeout(within_s):
            while not true(state := await self.state()):
                await asyncio.sleep(0.05)
        return state

    async def heard(self, moves: int) -> SessionState:
        """Wait until that many moves have been decided, and the last one heard."""

        def heard(state: SessionState) -> bool:
            last = state.progress.last_move
            known = last is not None and any(turn.move_id == last.move_id for turn in state.turns)
            return state.progress.moves >= moves and not state.open_speeches and known

        return await self.until(heard)

    async def say(self, text: str, *replies: Reply) -> SessionState:
        """Speak when the moderator has spoken; gives the state when its answer has been heard."""
        moves = (await self.heard(1)).progress.moves
        self.house.model.play(*replies)
        self.said.append(text)
        self.microphone.waiting += self._sounds[text]
        return await self.heard(moves + 1)

    async def ended(self) -> SessionState:
        state = await self.until(lambda state: state.status.terminal and not state.unclosed)
        assert fold(await self.events()) == state
        return state

    async def moderator_said(self, move_id: str, *, language: str | None = "en") -> tuple[str, str | None]:
        """What our recogniser makes of a move in the recording, and of its language."""
        state = await self.state()
        [turn] = [turn for turn in state.turns if turn.move_id == move_id]
        _, moderator = read_recording(self.house.data_dir / "recordings" / state.recordings[0].key)
        begin, end = (int(at * SAMPLE_RATE) for at in (max(0.0, turn.start_s - 0.3), turn.end_s + 0.3))
        pcm = resampled(moderator[begin:end], SAMPLE_RATE, 16_000).tobytes()
        client: SpeechClient = self.house.server.client
        transcript = await client.transcribe(pcm, language=language, priority="batch")
        return transcript.text, transcript.language


def last(state: SessionState) -> tuple[str, str | None]:
    """The last move, and the question it is about."""
    move = state.progress.last_move
    assert move is not None
    return move.move, move.question_id


REPEAT = "Could you repeat that, please?"
UNCLEAR = "I don't understand the question."
FURIOUS = "I bought some bread, and I was furious, because the last loaf was sold right in front of me."
FOLLOWED = "My sister came along and calmed me down, and then we laughed about it."
FOOTBALL = "By the way, did you see the football on television last night?"
PERSON = "Are you a real person, or am I talking to a machine?"
SISTER = "My sister came with me, as she does on every Saturday morning."
DECLINE = "I'd rather not say."
PRICES = "The prices are a little higher than they were in the last year."
PEOPLE = "The people there are friendly, and most of them know my name."
CHANGE = "I would open the market a little earlier in the summer."


async def test_an_interview_takes_every_branch_and_comes_to_its_end(house: House) -> None:
    talk = Talk(house)
    await talk.prepare(
        [REPEAT, UNCLEAR, FURIOUS, FOLLOWED, FOOTBALL, PERSON, SISTER, DECLINE, PRICES, PEOPLE, CHANGE]
    )
    async with await talk.join():
        # Without a model: a repeat, a simpler wording, a silence.
        assert last(await talk.say(REPEAT)) == ("repeat", "today")
        assert last(await talk.say(UNCLEAR)) == ("clarify", "today")
        moves = (await talk.state()).progress.moves
        assert last(await talk.heard(moves + 1)) == ("nudge", "today")
        assert house.model.requests == [], "none of this needs a model"
        # A topic, an insight and a follow-up, asked for together; then the model's own words.
        state = await talk.say(
            FURIOUS,
            Reply(
                calls=(
                    Call("flag_insight", {"note": "Sold out.", "quote": "the last loaf"}),
                    Call("probe", {"trigger": "emotional"}),
                )
            ),
            Reply("The last loaf was gone. What was that moment like for you?"),
        )
        assert last(state) == ("probe", "today") and state.progress.own_probe
        assert state.progress.insights == 1
        probe_id = state.progress.last_move and state.progress.last_move.move_id
        # What may not be: an unknown tool, arguments that are none, a phase that is not over. Then the next question.
        state = await talk.say(
            FOLLOWED,
            Reply(calls=(Call("make_coffee"), Call("probe", '{"trigger": '), Call("advance_phase"))),
            Reply("Your sister was there to help. Who else came with you to the market?"),
        )
        assert last(state) == ("question", "who") and state.progress.refusals == 3
        # Off topic, and a question to the moderator: both lead back.
        back = Reply("I only ask questions for this study. Who came with you to the market?")
        off_topic = Reply(calls=(Call("return_to_question", {"reason": "off_topic"}),))
        assert last(await talk.say(FOOTBALL, off_topic, back)) == ("redirect", "who")
        asked = Reply(calls=(Call("return_to_question", {"reason": "question_to_moderator"}),))
        assert last(await talk.say(PERSON, asked, back)) == ("redirect", "who")
        # The phase is through: the model advances it, and asks the first question of the next.
        state = await talk.say(
            SISTER,
            Reply(calls=(Call("advance_phase"),)),
            Reply("So it was the two of you. Which stall do you like best?"),
        )
        assert last(state) == ("question", "stalls") and state.progress.phase_id == "main"
        # Declined: the study's words, and no model.
        requests = len(house.model.requests)
        assert last(await talk.say(DECLINE)) == ("declined", "prices")
        assert len(house.model.requests) == requests
        # A model with nothing to say, and one that only ever calls tools: the study's own next words.
        assert last(await talk.say(PRICES, Reply())) == ("question", "people")
        loop = Reply(calls=(Call("mark_topic_covered", {"topic_id": "weather"}),))
        state = await talk.say(PEOPLE, *[loop] * 6)
        assert last(state) == ("question", "wish") and state.progress.phase_id == "last"
        # The last answer, and the closing by itself.
        state = await talk.say(CHANGE, Reply("You would open it earlier."))
        assert last(state)[0] == "closing"
        stored = await talk.ended()
    assert (stored.status.value, stored.reason and stored.reason.value) == ("COMPLETED", "finished")
    events = [event.payload for event in await talk.events()]
    assert {fault.code for fault in events if isinstance(fault, Fault)} == {"llm_empty", "llm_lost"}
    calls = [(call.tool, call.accepted) for call in events if isinstance(call, ToolCalled)]
    assert calls[:5] == [
        ("flag_insight", True),
        ("probe", True),
        ("make_coffee", False),
        ("probe", False),
        ("advance_phase", False),
    ]
    assert ("return_to_question", True) in calls and ("advance_phase", True) in calls
    assert "bread" in stored.progress.topics
    # It was spoken, and it was understood: both ways, by the words.
    assert talk.sounded_s > 20
    understood = " ".join(u.text for u in events if isinstance(u, Utterance))
    assert jiwer.wer(normalise(" ".join(talk.said)), normalise(understood)) < 0.15, understood
    assert probe_id is not None
    text, _ = await talk.moderator_said(probe_id)
    wanted = "The last loaf was gone. What was that moment like for you?"
    assert jiwer.wer(normalise(wanted), normalise(text)) < 0.2, text


async def test_who_asks_to_stop_is_let_go_without_asking_a_model(house: House) -> None:
    talk = Talk(house)
    await talk.prepare([stop := "I want to stop the interview."])
    requests = len(house.model.requests)
    async with await talk.join():
        assert last(await talk.say(stop))[0] == "closing"
        stored = await talk.ended()
    assert stored.reason is not None and stored.reason.value == "withdrawn"
    assert len(house.model.requests) == requests


async def test_a_model_that_sees_distress_closes_in_the_studys_words(house: House) -> None:
    talk = Talk(house)
    await talk.prepare([alone := "I cannot go on like this any more, there is no way out for me."])
    async with await talk.join():
        state = await talk.say(alone, Reply(calls=(Call("close_safely", {"reason": "crisis"}),)))
        assert state.progress.last_move is not None
        assert state.progress.last_move.text == "Please call for help now."
        stored = await talk.ended()
    assert stored.reason is not None and stored.reason.value == "forced"


async def test_who_speaks_spanish_is_offered_spanish_and_goes_on_in_it(house: House) -> None:
    """Real speech in a second language: detected, offered, switched, recognised, spoken."""
    talk = Talk(house)
    bread = "He comprado pan y queso en el mercado con mi hermana."
    fruit = "Me gusta el puesto de la fruta porque todo es muy fresco."
    await talk.prepare([bread, fruit, yes := "Sí, por favor."], "es")
    async with await talk.join() as line:
        offer = await talk.say(bread)
        assert last(offer)[0] == "language_offer"
        switched = await talk.say(yes)
        assert switched.language == "es" and last(switched) == ("question", "who")
        state = await talk.say(fruit, Reply("Le gusta la fruta fresca. ¿Qué puesto le gusta más?"))
        assert last(state) == ("question", "stalls")
        await line.send({"type": "leave"})
        await talk.ended()
    events = [event.payload for event in await talk.events()]
    assert [(e.language, e.reason) for e in events if isinstance(e, LanguageSettled)] == [("es", "accepted")]
    heard = [(u.language, u.text) for u in events if isinstance(u, Utterance)]
    assert [language for language, _ in heard] == ["es", "es", "es"]
    assert "queso" in heard[0][1].lower() and "fruta" in heard[2][1].lower(), heard
    for state in (offer, switched):
        assert state.progress.last_move is not None
        _, language = await talk.moderator_said(state.progress.last_move.move_id, language=None)
        assert language == "es"
