"""An interview with a model in it, in virtual time: what it asks for and says goes through the floor."""

from __future__ import annotations

import json
from typing import Any

from vivavoce.protocol.check import load_study
from vivavoce.protocol.facts import Fact, MoveDecided
from vivavoce.protocol.floor import Floor
from vivavoce.protocol.machine import decide
from vivavoce.protocol.observations import Answered, Interrupted, Observation
from vivavoce.protocol.outcomes import Judgement
from vivavoce.protocol.progress import Progress, fold

LONG = "I had two slices of bread with butter and a cup of tea"


class Talk:
    """An interview with a model in it: what it asks for and says goes through the floor, and into the log."""

    def __init__(self, text: str, **moderator: Any) -> None:
        section = json.dumps({"mode": "semi_structured", **moderator})
        self.study = load_study(f"{text}\nmoderator: {section}\n".encode(), source="small.yaml")
        self.facts: list[Fact] = []
        self.floor: Floor | None = None
        self.at_s = 0.0
        self.rest: tuple[str, ...] = ()

    @property
    def progress(self) -> Progress:
        return fold(self.facts)

    @property
    def move(self) -> MoveDecided:
        assert self.progress.last_move is not None
        return self.progress.last_move

    def observe(self, observation: Observation) -> bool:
        """Whether the model has the floor now."""
        self.at_s = observation.at_s
        decision = decide(self.study, self.progress, observation, language="en")
        self.facts += decision.facts
        if decision.floor:
            assert isinstance(observation, Answered | Interrupted)
            self.floor = Floor(
                self.study,
                language="en",
                text=observation.text,
                utterance_ids=observation.utterance_ids,
                at_s=observation.at_s,
            )
        return decision.floor

    def answer(self, text: str = LONG, at_s: float = 30.0) -> None:
        assert self.observe(Answered(at_s, text, ("u1",)))

    def call(self, tool: str, /, **arguments: Any) -> Judgement:
        return self.raw(tool, json.dumps(arguments))

    def raw(self, tool: str, arguments: str) -> Judgement:
        assert self.floor is not None
        judgement = self.floor.call("c1", tool, arguments, self.progress, at_s=self.at_s)
        self.facts += judgement.facts
        self.rest = judgement.rest
        return judgement

    def say(self, *sentences: str) -> list[bool]:
        assert self.floor is not None
        spoken: list[bool] = []
        for sentence in sentences:
            taken = self.floor.take(sentence, self.progress, at_s=self.at_s)
            self.facts += taken.facts
            spoken.append(taken.spoken)
            if taken.enough:
                break
        return spoken

    def end(self, *, failed: bool = False) -> MoveDecided:
        assert self.floor is not None
        ended = self.floor.give_up if failed else self.floor.finish
        outcome = ended(self.progress, at_s=self.at_s)
        self.facts += outcome.facts
        self.rest = outcome.rest
        return self.move

    def of(self, kind: type[Any]) -> list[Any]:
        return [fact for fact in self.facts if isinstance(fact, kind)]
