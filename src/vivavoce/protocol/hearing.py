"""What a participant has heard of a move they cut short."""

from __future__ import annotations

from vivavoce.protocol.facts import MoveDecided
from vivavoce.protocol.intent import Reading

HEARD_ENOUGH = 0.6
"""Of a wording, by characters: who has heard this much and answers knows what is asked."""

HEARD_WHOLE = 0.9
"""Who makes no more than a sound has heard the question only if they heard this much of it."""

REAL_ANSWER_WORDS = 4
"""An interruption this long is an answer even where less was heard."""


def unheard_parts(last: MoveDecided, heard_text: str, reading: Reading) -> tuple[str, ...]:
    """What of an interrupted move must be said again for its question to be known; nothing if it is known.

    Args:
        last: the move.
        heard_text: the beginning of its text that reached the ear.
        reading: what the participant said into it.
    """
    if last.move in ("nudge", "clarify", "welcome_back", "reply", "redirect") or (
        last.move == "repeat" and last.trigger != "unheard"
    ):
        return ()  # about a question that was heard before
    enough = HEARD_WHOLE if reading.words == 0 or reading.intent == "backchannel" else HEARD_ENOUGH
    heard = len(heard_text.strip())
    shares: list[float] = []
    for part in last.parts:
        shares.append(min(max(heard, 0) / max(len(part), 1), 1.0))
        heard -= len(part) + 1
    asking = shares[-1] if shares else 1.0
    if asking >= enough:
        return ()
    if asking > 0 and reading.intent == "answer" and reading.words >= REAL_ANSWER_WORDS:
        return ()
    first = next(index for index, share in enumerate(shares) if share < enough)
    return last.parts[first:]
