"""An interview without sound: a log, a director, models, and somebody who hears everything that is said."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from livekit.agents import llm

from vivavoce.moderator.dialogue import Dialogue
from vivavoce.moderator.director import Director
from vivavoce.moderator.guard.chain import Chain
from vivavoce.moderator.guard.judge import GuardFailed, Judge
from vivavoce.moderator.guard.watch import Watch
from vivavoce.moderator.mind import Mind, ModelFailed
from vivavoce.moderator.structured import TICKET
from vivavoce.moderator.thinking import ThinkingModerator
from vivavoce.protocol.check import load_study
from vivavoce.protocol.facts import MoveDecided, ToolCalled
from vivavoce.protocol.machine import Decision
from vivavoce.protocol.observations import Answered, Observation
from vivavoce.protocol.progress import Progress, advance
from vivavoce.session.events import Payload, SessionEvent, SpeechEnded, Utterance
from vivavoce.voice.failover import Route, Switch, Switched

Models = Callable[[Switched], Route[Mind]]

STUDY = """
schema: vivavoce/study/1
id: talk
title: A talk
about: A talk.
organisation: Testers
contact: test@example.org
languages: [en]
moderator: {mode: semi_structured, style: Calm., own_probes: 2}
consent: {version: 1, text: I agree., disclosure: I am a computer program.}
limits: {hard_limit_minutes: 20}
topics: [{id: food, title: Food}]
opening: Hello.
closing: That was all. Goodbye.
safety: {words: [hurt myself], closing: Please call for help.}
phases:
  - id: one
    title: One
    objective: Meals.
    min_minutes: 0
    max_minutes: 5
    questions:
      - {id: breakfast, wording: What did you have for breakfast?, required: true, topics: [food]}
      - {id: lunch, wording: What will you have for lunch?}
  - id: two
    title: Two
    objective: Ways.
    min_minutes: 0
    max_minutes: 5
    questions:
      - {id: way, wording: How did you come here?, required: true}
"""


class Table:
    """The interview.

    Args:
        models: the way along the models that moderate, made with who is to be told of switches.
        log: what has happened in it before.
        judges: who judges what the models say.
        study: what is asked.
    """

    def __init__(
        self,
        models: Models,
        *,
        log: list[SessionEvent] | None = None,
        judges: Sequence[Judge] = (),
        study: str = STUDY,
    ) -> None:
        self.study = load_study(study.encode(), source="talk.yaml")
        self.log: list[SessionEvent] = []
        self.progress = Progress()
        self.dialogue = Dialogue(joined="(joined)")
        for event in log or []:
            self._append(event)
        self.switches: list[Switch] = []
        self.faults: list[ModelFailed | GuardFailed] = []
        self.lasts: list[Decision] = []
        self.at_s = 0.0
        self.spoken: list[tuple[float, str]] = []
        self.director = Director(
            self.study,
            language=lambda: "en",
            progress=lambda: self.progress,
            record=self._record,
            thinks=True,
        )
        way = models(self.switches.append)
        self.moderator = ThinkingModerator(
            self.director,
            lambda: way,
            self.dialogue,
            Watch(
                self.study,
                lambda: "en",
                Chain(judges, self.study.guard),
                write=self.write,
                now_s=lambda: self.at_s,
            ),
            decided=lambda _, decision: self.lasts.append(decision),
            faulted=self.faults.append,
            now_s=lambda: self.at_s,
        )

    def _record(self, facts: Any) -> None:
        self.write(*facts)

    def write(self, *payloads: Payload) -> None:
        for payload in payloads:
            now = datetime(2030, 1, 1, tzinfo=UTC)
            self._append(SessionEvent(session_id="s", seq=len(self.log) + 1, at=now, payload=payload))

    def _append(self, event: SessionEvent) -> None:
        self.log.append(event)
        self.dialogue.add(event)
        if event.kind not in ("utterance", "speech.ended"):
            fact: Any = event.payload
            self.progress = advance(self.progress, fact)

    def stream(self, observation: Observation) -> llm.LLMStream:
        ticket = self.director.submit(observation)
        message = llm.ChatMessage(role="user", content=["…"], extra={TICKET: ticket})
        return self.moderator.chat(chat_ctx=llm.ChatContext([message]))

    async def observe(self, observation: Observation, *, heard: bool = True) -> str:
        """What is said about it, and heard."""
        began = time.monotonic()
        self.spoken = []
        async with self.stream(observation) as stream:
            async for chunk in stream:
                if chunk.delta is not None and chunk.delta.content:
                    self.spoken.append((time.monotonic() - began, chunk.delta.content.strip()))
        text = " ".join(part for _, part in self.spoken)
        move = self.progress.last_move
        if heard and move is not None and text:
            assert move.text == text, "what is written is what is said"
            self.write(
                SpeechEnded(
                    speech_id=move.move_id,
                    move_id=move.move_id,
                    start_s=self.at_s,
                    end_s=self.at_s,
                    planned_text=text,
                    heard_text=text,
                    interrupted=False,
                )
            )
        return text

    async def answer(self, text: str, at_s: float = 0.0, *, heard: bool = True) -> str:
        self.at_s = max(self.at_s + 5, at_s)
        number = sum(event.kind == "utterance" for event in self.log) + 1
        self.write(
            Utterance(
                utterance_id=f"u{number}",
                text=text,
                start_s=self.at_s,
                end_s=self.at_s,
                language="en",
                confidence=1,
                model="w",
            )
        )
        return await self.observe(Answered(self.at_s, text, (f"u{number}",)), heard=heard)

    @property
    def move(self) -> MoveDecided:
        assert self.progress.last_move is not None
        return self.progress.last_move

    def calls(self) -> list[ToolCalled]:
        return [event.payload for event in self.log if isinstance(event.payload, ToolCalled)]
