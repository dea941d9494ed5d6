"""One simulated participant: waits for the agent, answers, sometimes interrupts, and measures at its own ear.

Pure: `tick(now)` looks at the ear and the microphone and decides. Whose turn it is, is judged by sound alone.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import Literal, Protocol

from vivavoce.ops.simulate.ear import Ear
from vivavoce.ops.simulate.report import Measured
from vivavoce.ops.simulate.sound import Clip

Length = Literal["short", "medium", "long"]
GaveUp = Literal["no_voice", "no_response"]
LENGTHS: tuple[Length, ...] = ("short", "medium", "long")

STOPPED_S = 0.8
"""Silence after which an interrupted agent has stopped: longer than its pauses between sentences."""

MAX_UNANSWERED = 3
"""Turns in a row without an answer before a participant gives up."""


class Mouth(Protocol):
    """What a participant speaks into; see `Microphone`."""

    first_audible_at: float | None
    last_spoken_at: float | None

    @property
    def speaking(self) -> bool:
        """Whether a clip is not over yet."""
        ...

    def say(self, clip: Clip) -> None:
        """Begin with this clip."""
        ...


@dataclass(frozen=True)
class Manner:
    """How a participant behaves. Seconds.

    Attributes:
        turn_gap_s: silence after which the agent is taken to have finished.
        delay_s: shortest and longest time to think before an answer, on top of that.
        barge_in: share of turns that interrupt the agent.
        barge_after_s: how far into the agent's turn, at the earliest and at the latest.
        patience_s: silence after an answer until the participant speaks again.
        first_patience_s: silence after joining until the participant gives up.
    """

    turn_gap_s: float = 0.7
    delay_s: tuple[float, float] = (0.2, 0.8)
    barge_in: float = 0.25
    barge_after_s: tuple[float, float] = (1.0, 2.0)
    patience_s: float = 15.0
    first_patience_s: float = 30.0


@dataclass(frozen=True)
class Repertoire:
    """What a participant can say: answers by length, and what it interrupts with."""

    answers: dict[Length, tuple[Clip, ...]]
    interruptions: tuple[Clip, ...]


@dataclass(frozen=True)
class Turn:
    """One thing to do: say this clip, when the agent has finished or, with `barge_after_s`, while it speaks."""

    clip: Clip
    delay_s: float
    barge_after_s: float | None
    interrupting: Clip | None


class Script:
    """The turns of one participant, endless and the same for the same seed.

    Answers go through the lengths in a shuffled order, so every few turns have all of them. Interruptions are spread
    evenly; the first turn has none, because the agent's first words say that it is a machine.
    """

    def __init__(self, repertoire: Repertoire, manner: Manner, seed: int) -> None:
        self._repertoire = repertoire
        self._manner = manner
        self._random = random.Random(seed)  # noqa: S311  # a repeatable choice of answers, no secret
        self._lengths: list[Length] = []
        self._left: dict[Length, list[Clip]] = {length: [] for length in LENGTHS}
        self._due = self._random.random() * (1.0 - manner.barge_in)

    def next(self, *, first: bool) -> Turn:
        """The next turn."""
        manner, chance = self._manner, self._random
        answer = self._answer()
        delay_s = chance.uniform(*manner.delay_s)
        self._due += 0.0 if first else manner.barge_in
        if self._due < 1.0:
            return Turn(answer, delay_s, None, None)
        self._due -= 1.0
        interruption = chance.choice(self._repertoire.interruptions)
        return Turn(
            answer, delay_s, chance.uniform(*manner.barge_after_s), interruption.then(answer, pause_s=0.3)
        )

    def _answer(self) -> Clip:
        if not self._lengths:
            self._lengths = [length for length in LENGTHS if self._repertoire.answers[length]]
            self._random.shuffle(self._lengths)
        length = self._lengths.pop()
        if not self._left[length]:
            self._left[length] = list(self._repertoire.answers[length])
            self._random.shuffle(self._left[length])
        return self._left[length].pop()


class Participant:
    """The behaviour and the measurements of one participant.

    Args:
        ear: what it hears.
        mouth: what it speaks into.
        script: what it will say.
        manner: how it behaves.
        measured: filled as it goes.
        joined_at: monotonic seconds at which the connection was asked for.
    """

    def __init__(
        self, ear: Ear, mouth: Mouth, script: Script, manner: Manner, measured: Measured, *, joined_at: float
    ) -> None:
        self.measured = measured
        self.joined_at = joined_at
        self.gave_up: GaveUp | None = None
        self._ear = ear
        self._mouth = mouth
        self._script = script
        self._manner = manner
        self._turn = script.next(first=True)
        self._since = joined_at  # end of our own last words
        self._in_turn = False
        self._await_response = False
        self._silent_turns = 0  # in a row
        self._interrupting = False  # this turn is an interruption
        self._interruption_begins = False  # … and not audible yet
        self._interruptions: list[float] = []  # first audible sample of those whose effect is not known yet

    def tick(self, now: float) -> None:
        """Look and act; call it every 20 ms or so. Speaks at most once a call; sets `gave_up` when it is no use."""
        self._measure_first_voice()
        self._measure_interruptions(now)
        if self._in_turn:
            if self._mouth.speaking:
                return
            self._finish_turn(now)
        heard = self._ear.heard_after(self._since)
        if heard is None:
            self._wait(now)
            return
        if self._await_response:
            self._await_response = False
            self.measured.response_s.append(heard.start - self._since)
        self._silent_turns = 0
        anew = heard.start > self._since  # not a speech that was interrupted already and goes on
        if anew and self._turn.barge_after_s is not None and self._ear.speaking(now):
            if now - heard.start >= self._turn.barge_after_s:
                self._interrupt()
        elif self._ear.silent_for(now) >= self._manner.turn_gap_s + self._turn.delay_s:
            self._say(self._turn.clip)
            self._turn = self._after_this()

    def over(self) -> None:
        """The agent has said its last, so when it stopped after an interruption is known now."""
        for began in self._interruptions:
            stopped = self._ear.stop_after(began, silence_s=STOPPED_S, now=math.inf)
            if self._ear.audible_at(began) and stopped is not None:
                self.measured.barge_in_s.append(stopped - began)
        self._interruptions.clear()

    def _after_this(self) -> Turn:
        """The next turn; an interruption that found no long enough speech is kept for it."""
        due, following = self._turn, self._script.next(first=False)
        if due.interrupting is None or following.interrupting is not None:
            return following
        return Turn(following.clip, following.delay_s, due.barge_after_s, due.interrupting)

    def _interrupt(self) -> None:
        assert self._turn.interrupting is not None
        self._say(self._turn.interrupting)
        self._interrupting = self._interruption_begins = True
        self._turn = self._script.next(first=False)

    def _say(self, clip: Clip) -> None:
        self._mouth.say(clip)
        self._in_turn = True
        self._await_response = False
        self.measured.turns += 1

    def _finish_turn(self, now: float) -> None:
        began, ended = self._mouth.first_audible_at, self._mouth.last_spoken_at
        assert began is not None and ended is not None, "a clip is over when all of it was pulled"
        self._in_turn, self._since = False, ended
        # The agent goes on for a moment after an interruption; that is not it cutting in.
        onset = self._ear.onset_after(began + (STOPPED_S if self._interrupting else 0.0))
        if onset is not None and onset < ended:
            self.measured.cut_ins += 1
        self._interrupting = False
        self._await_response = not self._ear.audible_at(ended)

    def _wait(self, now: float) -> None:
        """Nothing has been heard since our last words."""
        waited = now - self._since
        if self.measured.turns == 0:
            if waited >= self._manner.first_patience_s:
                self.gave_up = "no_voice"
        elif waited >= self._manner.patience_s:
            self.measured.unanswered += 1
            self._silent_turns += 1
            if self._silent_turns >= MAX_UNANSWERED:
                self.gave_up = "no_response"
            else:
                self._say(self._turn.clip)
                self._turn = self._after_this()

    def _measure_first_voice(self) -> None:
        if self.measured.ttfv_s is None:
            onset = self._ear.onset_after(self.joined_at)
            if onset is not None:
                self.measured.ttfv_s = onset - self.joined_at

    def _measure_interruptions(self, now: float) -> None:
        began = self._mouth.first_audible_at
        if self._interruption_begins and began is not None:
            self._interruptions.append(began)
            self._interruption_begins = False
        for began in list(self._interruptions):
            if not self._ear.audible_at(began):
                if now - began <= STOPPED_S:
                    continue  # sound that was on its way may still come
                self.measured.missed_barge_ins += 1
            else:
                stopped = self._ear.stop_after(began, silence_s=STOPPED_S, now=now)
                if stopped is None:
                    continue
                self.measured.barge_in_s.append(stopped - began)
            self._interruptions.remove(began)
