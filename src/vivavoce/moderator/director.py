"""The director: takes what was observed to the protocol machine and keeps what it decided.

Whoever words the moderator's sentences, the study or a language model, the machine decides what may come next, and its
facts go to the session's log before a word is spoken.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence

from vivavoce.protocol.facts import Fact, MoveDecided, MoveWorded
from vivavoce.protocol.floor import Floor
from vivavoce.protocol.machine import Decision, Observation, decide, follow_up
from vivavoce.protocol.observations import Answered, Interrupted
from vivavoce.protocol.progress import Progress
from vivavoce.protocol.study import Study, TurnProfile

REMEMBERED = 8
"""Decisions kept by ticket: replies overlap by one at most, an interrupted one and the one that follows it."""

_PREFIX = "o"
"""Of a ticket; a number follows it."""

Record = Callable[[Sequence[Fact]], None]
"""Appends protocol facts to the session's log, in order."""


class Director:
    """One interview's way through its protocol.

    Args:
        study: what is asked.
        language: of the session; asked before every decision, for it may change.
        progress: the log's fold so far; asked before every decision, so the log stays the only truth.
        record: see `Record`.
        thinks: whether there is a model to take the floor; without one the study's own words follow an answer.
    """

    def __init__(
        self,
        study: Study,
        *,
        language: Callable[[], str],
        progress: Callable[[], Progress],
        record: Record,
        thinks: bool = False,
    ) -> None:
        self.study = study
        self._language = language
        self._progress = progress
        self._record = record
        self._thinks = thinks
        self._tickets = itertools.count(1)
        self._waiting: dict[str, Observation] = {}
        self._decided: dict[str, Decision] = {}
        self._moves: dict[str, MoveDecided] = {}
        self._floors: dict[str, Floor] = {}

    @property
    def language(self) -> str:
        """Of the session, now."""
        return self._language()

    @property
    def progress(self) -> Progress:
        """Where the interview stands."""
        return self._progress()

    def submit(self, observation: Observation) -> str:
        """Keep an observation for the reply that is about to be generated.

        Returns:
            a ticket; the reply's chat message carries it, so that each reply meets its own observation even when one
            of them is cancelled.
        """
        ticket = f"{_PREFIX}{next(self._tickets)}"
        self._waiting[ticket] = observation
        return ticket

    def decide(self, ticket: str) -> Decision | None:
        """Decide on the observation behind a ticket, once; later calls give the same decision.

        Returns:
            None if the ticket is unknown.
        """
        if ticket in self._decided:
            return self._decided[ticket]
        observation = self._waiting.pop(ticket, None)
        if observation is None:
            return None
        decision = decide(self.study, self.progress, observation, language=self.language)
        self._decided[ticket] = decision
        self.write(ticket, decision.facts)
        if decision.floor and isinstance(observation, Answered | Interrupted):
            if self._thinks:
                self._floors[ticket] = self._floor(observation)
            else:
                decision = follow_up(
                    self.study, self.progress, observation.text, at_s=observation.at_s, language=self.language
                )
                self._decided[ticket] = decision
                self.write(ticket, decision.facts)
        for kept in (self._decided, self._moves, self._floors):
            for old in list(kept)[:-REMEMBERED]:
                del kept[old]
        return decision

    def floor(self, ticket: str) -> Floor | None:
        """The floor that a model was given on a ticket."""
        return self._floors.get(ticket)

    def write(self, ticket: str, facts: Sequence[Fact]) -> None:
        """Write what a reply led to."""
        if facts:
            self._record(facts)
        for fact in facts:
            if isinstance(fact, MoveDecided):
                self._moves[ticket] = fact
            elif isinstance(fact, MoveWorded):
                self._moves[ticket] = fact.decided()

    def move(self, ticket: str) -> MoveDecided | None:
        """The move that a ticket led to, as far as it is known."""
        return self._moves.get(ticket)

    def _floor(self, observation: Answered | Interrupted) -> Floor:
        return Floor(
            self.study,
            language=self.language,
            text=observation.text,
            utterance_ids=observation.utterance_ids,
            at_s=observation.at_s,
        )

    def profile(self) -> TurnProfile:
        """The turn profile of the phase the interview is in.

        After the last question the goodbye follows, and nobody can add anything to it: it waits as long as the profile
        waits for a doubtful ending.
        """
        progress = self._progress()
        profile = self.study.turn_profile_for(progress.phase_id, self.language)
        *_, last = self.study.questions()
        if progress.question is not None and progress.question.question_id == last.id:
            return profile.model_copy(update={"min_wait_s": profile.max_wait_s})
        return profile


def newest(tickets: Iterable[str]) -> str | None:
    """The one that was given last of a director's tickets; None of none."""
    return max(tickets, key=lambda ticket: int(ticket.removeprefix(_PREFIX)), default=None)
