"""The stop-watch of one turn: from the participant's last voiced sample to the moderator's first one."""

from __future__ import annotations

from vivavoce.session.events import TurnTimed


class TurnClock:
    """Collects the marks of the turn that is under way.

    All times are event-loop times in seconds. A mark without an utterance before it (the opening, a nudge) is ignored.
    """

    def __init__(self) -> None:
        self._utterance_id: str | None = None
        self._spoken_at = 0.0
        self._silent_at = 0.0
        self._silence_s = 0.0
        self._transcript_s = 0.0
        self._judged_s: float | None = None
        self._decided_s: float | None = None
        self._wait_reason = ""

    def utterance(self, utterance_id: str, *, spoken_at: float, transcript_at: float) -> None:
        """The participant said something: last voiced at `spoken_at`, its text known at `transcript_at`."""
        self._utterance_id = utterance_id
        self._spoken_at = spoken_at
        self._transcript_s = max(0.0, transcript_at - spoken_at)
        self._silence_s = max(0.0, self._silent_at - spoken_at) if self._silent_at >= spoken_at else 0.0
        self._judged_s = self._decided_s = None

    def silent(self, at: float) -> None:
        """The voice activity detector judged that the participant is silent."""
        self._silent_at = at
        if self._utterance_id is not None and at >= self._spoken_at:
            self._silence_s = at - self._spoken_at

    def judged(self, at: float, reason: str) -> None:
        """The turn was judged to be over."""
        if self._utterance_id is not None:
            self._judged_s = max(0.0, at - self._spoken_at)
            self._wait_reason = reason

    def decided(self, at: float) -> None:
        """The moderator's next move was decided."""
        if self._judged_s is not None and self._decided_s is None:
            self._decided_s = max(0.0, at - self._spoken_at)

    def audible(self, sent_at: float, heard_at: float) -> TurnTimed | None:
        """The moderator's first sample left the host, and reached the ear; the turn's times, if it answers a turn."""
        if self._utterance_id is None or self._judged_s is None or self._decided_s is None:
            return None
        timed = TurnTimed(
            utterance_id=self._utterance_id,
            silence_s=round(self._silence_s, 3),
            transcript_s=round(self._transcript_s, 3),
            end_of_turn_s=round(self._judged_s, 3),
            decided_s=round(self._decided_s, 3),
            first_audio_s=round(max(0.0, sent_at - self._spoken_at), 3),
            response_s=round(max(0.0, heard_at - self._spoken_at), 3),
            wait_reason=self._wait_reason,
        )
        self._utterance_id = None
        return timed
