"""What a participant notices when a provider fails in the middle of a turn."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pytest
from participant import Participant

from vivavoce.protocol.words import tokens
from vivavoce.session.events import SpeechEnded, Utterance

PROPERTY = "failover"
"""Under this name a test's report has what was noticed; `benchmarks/failover.py` makes a table of it."""


@dataclass(frozen=True)
class Noticed:
    """What one turn was like.

    Attributes:
        first_s: seconds from the participant's last sound to the moderator's first.
        silence_s: the longest silence from there to the end of what the moderator said.
        lost: words of the answer that the log lacks.
        unheard: words that the moderator planned and the participant did not hear.
    """

    first_s: float
    silence_s: float
    lost: int
    unheard: int

    def report(self, request: pytest.FixtureRequest, *, part: str, spare: str, fault: str) -> None:
        """Put it into the running test's report."""
        found = {"part": part, "spare": spare, "fault": fault, **asdict(self)}
        request.node.user_properties.append((PROPERTY, json.dumps(found)))

    def unharmed(self, within_s: float) -> bool:
        """Whether the participant waited no longer than that, and no word was lost."""
        return self.silence_s < within_s and self.lost == self.unheard == 0


def noticed(participant: Participant, log: Sequence[Any], answer: str) -> Noticed:
    """What one turn was like.

    Args:
        participant: who has given one answer and heard what followed.
        log: the session's payloads.
        answer: what they said.
    """
    since = participant.socket.spoke_at
    heard = [at for at in participant.socket.sounded if at > since]
    gaps = [after - before for before, after in zip([since, *heard], heard, strict=False)]
    written = Counter(word for each in log if isinstance(each, Utterance) for word in tokens(each.text))
    said = [each for each in log if isinstance(each, SpeechEnded)]
    planned = Counter(word for each in said for word in tokens(each.planned_text))
    reached = Counter(word for each in said for word in tokens(each.heard_text))
    return Noticed(
        first_s=round(gaps[0], 2),
        silence_s=round(max(gaps), 2),
        lost=(Counter(tokens(answer)) - written).total(),
        unheard=(planned - reached).total(),
    )
