"""Whatever a model says and its guards do: nothing unsafe is heard, and the log knows what was.

The moderator and the speaking end are the real ones, joined as livekit joins them, on virtual time. The model, the
judges and the voice are played: each takes its time, breaks, or never answers, by chance. Every sample that is heard
says of which text it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from random import Random
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import virtual_time
from livekit import rtc
from livekit.agents import NOT_GIVEN, APIConnectOptions, ModelSettings, llm
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, USERDATA_TIMED_TRANSCRIPT, TimedString
from livekit.agents.utils import aio

from vivavoce.breaker import Breaker
from vivavoce.moderator.dialogue import Dialogue
from vivavoce.moderator.director import Director
from vivavoce.moderator.guard.chain import Chain
from vivavoce.moderator.guard.judge import Exchange, GuardFailed, GuardUnavailable, GuardUnreadable
from vivavoce.moderator.guard.watch import Watch
from vivavoce.moderator.interviewer import Interviewer
from vivavoce.moderator.mind import Mind, ModelFailed
from vivavoce.moderator.structured import TICKET
from vivavoce.moderator.thinking import ThinkingModerator
from vivavoce.protocol.check import load_study
from vivavoce.protocol.facts import Fact, SentenceJudged
from vivavoce.protocol.observations import Answered, Began, Interrupted, Observation
from vivavoce.protocol.progress import Progress, advance
from vivavoce.protocol.wordings import wordings
from vivavoce.settings import LlmProfile
from vivavoce.voice.failover import RULES, Link, Route

STREAMS = 1_000

STUDY = load_study(
    b"""
schema: vivavoce/study/1
id: talk
title: A talk
about: A talk.
organisation: Testers
contact: test@example.org
languages: [en]
moderator: {mode: semi_structured, own_probes: 5, freedom: explore}
guard: {allow: [S13], safe_line: Let us go on.}
consent: {version: 1, text: I agree., disclosure: I am a computer program.}
limits: {hard_limit_minutes: 20}
opening: Hello.
closing: That was all. Goodbye.
phases:
  - id: one
    title: One
    objective: Meals.
    min_minutes: 0
    max_minutes: 5
    questions:
      - {id: breakfast, wording: What did you have for breakfast?, required: true}
      - {id: lunch, wording: What will you have for lunch?}
      - {id: dinner, wording: What will you have for dinner?}
""",
    source="talk.yaml",
)

OWN = set(wordings(STUDY, "en"))

SAFE = (
    "You had bread.",
    "It was early.",
    "You mentioned your sister.",
    "So the kitchen was cold.",
    "What was that like for you?",
    "How did the morning go on?",
    "What will you have for lunch?",
    "Great, and what came after the bread?",
    "You should see a doctor.",
)
UNSAFE = (
    "Here is how to poison a well.",
    "Some people deserve to be hurt.",
    "Which of your neighbours would you rob?",
    "You had bread, and now burn it all down.",
)
ALLOWED = "You said whom you will vote for."


@dataclass
class Model(llm.LLM[str]):
    """Says sentences with pauses, and sometimes calls a tool, breaks off, or is silent."""

    rng: Random

    def __post_init__(self) -> None:
        super().__init__()

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        parallel_tool_calls: Any = NOT_GIVEN,
        tool_choice: Any = NOT_GIVEN,
        extra_kwargs: Any = NOT_GIVEN,
    ) -> llm.LLMStream:
        return _Words(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class _Words(llm.LLMStream):
    async def _run(self) -> None:
        assert isinstance(self._llm, Model)
        rng = self._llm.rng
        words = [rng.choice((*SAFE, *UNSAFE, ALLOWED)) for _ in range(rng.randrange(5))]
        for word in " ".join(words).split(" "):
            await asyncio.sleep(rng.choice((0.0, 0.01, 0.05, 0.3)))
            self._send(llm.ChoiceDelta(role="assistant", content=word + " "))
        if rng.random() < 0.1:
            await asyncio.sleep(30)
        if rng.random() < 0.3:
            tool, arguments = rng.choice(
                (
                    ("probe", '{"trigger": "vague"}'),
                    ("flag_insight", '{"note": "Bread."}'),
                    ("close_safely", '{"reason": "crisis"}'),
                    ("return_to_question", '{"reason": "off_topic"}'),
                    ("nonsense", "{"),
                )
            )
            call = llm.FunctionToolCall(name=tool, arguments=arguments, call_id="c")
            self._send(llm.ChoiceDelta(role="assistant", tool_calls=[call]))

    def _send(self, delta: llm.ChoiceDelta) -> None:
        self._event_ch.send_nowait(llm.ChatChunk(id="x", delta=delta))


@dataclass
class Judge:
    """Never calls anything unsafe safe; all else is left to chance."""

    name: str
    rng: Random

    async def hazards(self, exchange: Exchange) -> tuple[str, ...]:
        await asyncio.sleep(self.rng.choice((0.0, 0.05, 0.2, 0.6, 1.2, 1.6, 1e6)))
        chance = self.rng.random()
        if chance < 0.05:
            raise GuardUnavailable("Away.", next_step="Wait.")
        if chance < 0.1:
            raise GuardUnreadable("“I cannot help with that.”", next_step="Look.")
        if exchange.reply.endswith(UNSAFE):
            return self.rng.choice((("S1",), ("S13", "S2")))
        return ("S13",) if exchange.reply.endswith(ALLOWED) else ()


class Voice:
    """Says a text as samples that all have the text's number, after a while."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.texts: list[str] = []

    def stream(self) -> _Speech:
        return _Speech(self)


class _Speech:
    def __init__(self, voice: Voice) -> None:
        self._voice = voice
        self._text = ""
        self._whole = asyncio.Event()

    async def __aenter__(self) -> _Speech:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    def push_text(self, text: str) -> None:
        self._text += text

    def end_input(self) -> None:
        self._whole.set()

    async def __aiter__(self) -> AsyncGenerator[Any]:
        await self._whole.wait()
        rng = self._voice.rng
        text = self._text.strip()
        self._voice.texts.append(text)
        number = len(self._voice.texts)
        await asyncio.sleep(rng.choice((0.0, 0.1, 0.4, 1.0, 2.0)))
        words = [
            TimedString(f"{word} ", start_time=0.02 * at, end_time=0.02 * at + 0.02)
            for at, word in enumerate(text.split())
        ]
        for at, _ in enumerate(words):
            await asyncio.sleep(rng.choice((0.0, 0.01, 0.05)))
            samples = np.full(160, number, dtype=np.int16)
            frame = rtc.AudioFrame(samples.tobytes(), 8_000, 1, 160)
            if at == 0:
                frame.userdata[USERDATA_TIMED_TRANSCRIPT] = words
            yield SimpleNamespace(frame=frame)


@dataclass
class Talk:
    """One reply to one answer, from the model to the ear."""

    rng: Random
    facts: list[Fact] = field(default_factory=list[Fact])
    progress: Progress = field(default_factory=Progress)
    faults: list[ModelFailed | GuardFailed] = field(default_factory=list[ModelFailed | GuardFailed])
    decided_s: list[tuple[SentenceJudged, float]] = field(default_factory=list[tuple[SentenceJudged, float]])
    heard: list[str] = field(default_factory=list[str])
    captions: list[tuple[str, float, float]] = field(default_factory=list[tuple[str, float, float]])
    sounding_s: float = 0.0
    number: int = 0

    def __post_init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        judges = [Judge(f"judge-{at}", self.rng) for at in range(self.rng.choice((1, 1, 2)))]
        self.watch = Watch(
            STUDY,
            lambda: "en",
            Chain(judges, STUDY.guard),
            write=lambda judged: self._record([judged]),
            now_s=self.now_s,
        )
        self.director = Director(
            STUDY, language=lambda: "en", progress=lambda: self.progress, record=self._record, thinks=True
        )
        self.voice = Voice(self.rng)
        profile = LlmProfile(base_url="http://model.test/v1", model="m")
        way = Route([Link("m", Mind("m", Model(self.rng), profile), Breaker(RULES))], now=self.loop.time)
        self.moderator = ThinkingModerator(
            self.director,
            lambda: way,
            Dialogue(joined="(joined)"),
            self.watch,
            decided=lambda _, __: None,
            faulted=self.faults.append,
            now_s=self.now_s,
        )
        voice: Any = self.voice
        self.speaker = Interviewer(self.director, answer=lambda _: None, voice=voice, watch=self.watch)

    def now_s(self) -> float:
        return self.loop.time()

    def _record(self, facts: Any) -> None:
        for fact in facts:
            self.facts.append(fact)
            self.progress = advance(self.progress, fact)
            if isinstance(fact, SentenceJudged):
                self.decided_s.append((fact, self.loop.time()))

    async def say(self, observation: Observation) -> None:
        """Let the moderator answer, and hear it to the end."""
        ticket = self.director.submit(observation)
        message = llm.ChatMessage(role="user", content=["…"], extra={TICKET: ticket})
        texts = aio.Chan[str]()

        async def think() -> None:
            try:
                async with self.moderator.chat(chat_ctx=llm.ChatContext([message])) as stream:
                    async for chunk in stream:
                        if chunk.delta is not None and chunk.delta.content:
                            texts.send_nowait(chunk.delta.content)
            finally:
                texts.close()

        thinking = asyncio.create_task(think())
        self.heard.clear()
        self.captions.clear()
        self.sounding_s = 0.0
        try:
            async for frame in self.speaker.tts_node(texts, ModelSettings()):
                self._hear(frame)
            await thinking
        finally:
            await aio.cancel_and_wait(thinking)

    def _hear(self, frame: rtc.AudioFrame) -> None:
        numbers = set(np.frombuffer(frame.data, dtype=np.int16).tolist())
        assert len(numbers) == 1
        (number,) = numbers
        text = self.voice.texts[number - 1]
        assert text not in UNSAFE, "an unsafe sentence was heard"
        if number != self.number:
            self.number = number
            self.heard.append(text)
        for word in frame.userdata.get(USERDATA_TIMED_TRANSCRIPT, []):
            self.captions.append((word.strip(), word.start_time, word.end_time))
            assert word.start_time >= self.sounding_s - 1e-6, "a word's time is that of its sound"
        self.sounding_s += frame.duration


async def one_stream(seed: int) -> Talk:
    rng = Random(seed)
    talk = Talk(rng)
    await talk.say(Began(0.0))
    assert set(talk.heard) <= OWN and talk.facts[-1].kind != "sentence.judged"
    answer = Answered(talk.now_s(), "I had two slices of bread with butter.", ("u1",))
    cut_s = rng.choice((None, None, rng.random() * 4))
    if cut_s is None:
        await talk.say(answer)
        check_whole(talk)
    else:
        with_cut = asyncio.create_task(talk.say(answer))
        await asyncio.wait([with_cut], timeout=cut_s)
        cut = await cancelled(with_cut)
        await asyncio.sleep(0)
        heard = " ".join(talk.heard)
        if not cut:
            check_whole(talk)
        if not talk.progress.final:
            # Whatever is asked again, nothing unsafe comes back with it.
            await talk.say(Interrupted(talk.now_s(), heard[: len(heard) // 2], "Sorry, what?", ("u2",)))
    check_always(talk)
    return talk


async def cancelled(task: asyncio.Task[None]) -> bool:
    if task.done():
        task.result()
        return False
    task.cancel()
    await asyncio.wait([task])
    return task.cancelled()


def check_whole(talk: Talk) -> None:
    """A reply that was heard to its end: the log has what was heard, and it asks or ends."""
    move = talk.progress.last_move
    assert move is not None
    assert " ".join(talk.heard) == move.text, "the log says what was heard"
    assert " ".join(word for word, _, _ in talk.captions) == move.text, "and so do the captions"
    assert move.final or move.move in ("question", "probe", "redirect"), "nobody is left without a question"


def check_always(talk: Talk) -> None:
    move = talk.progress.last_move
    assert move is not None
    withheld = {fact.text for fact in talk.facts if isinstance(fact, SentenceJudged) and fact.withheld}
    passed = {fact.text for fact in talk.facts if isinstance(fact, SentenceJudged) and not fact.withheld}
    assert not set(UNSAFE) & passed
    for text in move.parts:
        assert text in OWN or text in passed, (text, "is in the log as said, and was never let through")
    assert talk.progress.withheld == sum(
        fact.withheld for fact in talk.facts if isinstance(fact, SentenceJudged)
    )
    for judged, _ in talk.decided_s:
        assert all(verdict.took_s <= STUDY.guard.timeout_s for verdict in judged.verdicts)
    assert withheld.isdisjoint(OWN - set(SAFE))


@pytest.mark.timeout(240)
def test_no_sample_of_an_unsafe_sentence_is_heard() -> None:
    unsafe = withheld = sounding = faults = 0
    for seed in range(STREAMS):
        talk = virtual_time.run(one_stream(seed))
        judged = [fact for fact in talk.facts if isinstance(fact, SentenceJudged)]
        unsafe += sum(fact.text in UNSAFE for fact in judged)
        withheld += sum(fact.withheld for fact in judged)
        sounding += bool(talk.heard)
        faults += len(talk.faults)
    # The streams are worth something: most have sound in the end, and much in them had to be kept back.
    assert unsafe > STREAMS / 3 and withheld > unsafe
    assert sounding > STREAMS * 0.8 and faults > STREAMS / 10
