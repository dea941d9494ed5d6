"""The director: takes what was observed to the protocol machine and keeps what it decided.

Whoever words the moderator's sentences, the study or a language model, the machine decides what may come next, and its
facts go to the session's log before a word is spoken.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

from vivavoce.protocol.facts import Fact, MoveDecided
from vivavoce.protocol.machine import Decision, Observation, decide, follow_up
from vivavoce.protocol.observations import Answered, Interrupted
from vivavoce.protocol.progress import Progress
from vivavoce.protocol.study import Study, TurnProfile

REMEMBERED = 8
"""Decisions kept by ticket: replies overlap by one at most, an interrupted one and the one that follows it."""

Record = Callable[[Sequence[Fact]], None]
"""Appends protocol facts to the session's log, in order."""


class Director:
    """One interview's way through its protocol.

    Args:
        study: what is asked.
        language: in which language.
        progress: the log's fold so far; asked before every decision, so the log stays the only truth.
        record: see `Record`.
    """

    def __init__(
        self, study: Study, *, language: str, progress: Callable[[], Progress], record: Record
    ) -> None:
        self.study = study
        self.language = language
        self._progress = progress
        self._record = record
        self._tickets = itertools.count(1)
        self._waiting: dict[str, Observation] = {}
        self._decided: dict[str, Decision] = {}

    def submit(self, observation: Observation) -> str:
        """Keep an observation for the reply that is about to be generated.

        Returns:
            a ticket; the reply's chat message carries it, so that each reply meets its own observation even when one
            of them is cancelled.
        """
        ticket = f"o{next(self._tickets)}"
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
        decision = decide(self.study, self._progress(), observation, language=self.language)
        self._record(decision.facts)
        if decision.floor and isinstance(observation, Answered | Interrupted):
            # There is no model to take the floor: the study's own words follow.
            decision = follow_up(
                self.study, self._progress(), observation.text, at_s=observation.at_s, language=self.language
            )
            self._record(decision.facts)
        self._decided[ticket] = decision
        for old in list(self._decided)[:-REMEMBERED]:
            del self._decided[old]
        return decision

    def move(self, ticket: str) -> MoveDecided | None:
        """The move that was decided on a ticket, if any."""
        decision = self._decided.get(ticket)
        return decision.move if decision else None

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
