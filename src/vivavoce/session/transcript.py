"""What was said, by whom and when: read off a session's state, and written as JSON, WebVTT or plain text.

Times are seconds on the session clock, which is also the position in the recording.
"""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from vivavoce.session.state import SessionState, Turn
from vivavoce.session.status import Reason, SessionStatus

SPEAKERS = {"moderator": "Moderator", "participant": "Participant"}

MIN_CUE_S = 0.001
"""The resolution of WebVTT's times: a cue must end after it starts."""


class TranscriptTurn(BaseModel):
    """One thing said.

    Attributes:
        cut_off: the moderator was interrupted; `text` is what was heard.
        barge_in: the participant spoke over the moderator.
        confidence: of the recognition, 0 to 1.
        language: it was said in, where that is known.
        final: the text is the second pass's over the recording, not the one of the interview.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    speaker: Literal["moderator", "participant"]
    id: str
    start_s: float
    end_s: float
    text: str
    cut_off: bool = False
    barge_in: bool = False
    confidence: float | None = None
    language: str | None = None
    final: bool = False


class Transcript(BaseModel):
    """A session's transcript, in the order of speaking. `duration_s` runs to the end of the last word.

    Its text is live until the pipeline has made another: then `recogniser` is the model of the second pass. `redaction`
    is the version of the rules that took personal data out; without one these are the original words.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["vivavoce/transcript/1"] = "vivavoce/transcript/1"
    session_id: str
    study_id: str
    study_title: str
    study_hash: str
    participant_id: str
    language: str
    sitting: int
    status: SessionStatus
    reason: Reason | None
    joined_at: datetime | None
    ended_at: datetime | None
    duration_s: float
    recogniser: str | None = None
    redaction: str | None = None
    recordings: tuple[str, ...]
    turns: tuple[TranscriptTurn, ...]

    @property
    def note(self) -> str:
        """A sentence for the reader on whose words these are."""
        return redaction_note(self.redaction)


def redaction_note(redaction: str | None) -> str:
    """What a file tells its reader of the rules that took personal data out; None: none did."""
    if redaction is None:
        return "Original words: personal data is not redacted."
    return f"Personal data redacted by {redaction}; placeholders stand in brackets."


def transcript(state: SessionState) -> Transcript:
    """The transcript of a session, finished or not."""
    turns = tuple(
        _turn(turn)
        for turn in sorted(state.turns, key=lambda turn: (turn.start_s, turn.end_s))
        if turn.text.strip()
    )
    return Transcript(
        session_id=state.session_id,
        study_id=state.study_id,
        study_title=state.study_title,
        study_hash=state.study_hash,
        participant_id=state.participant_id,
        language=state.language,
        sitting=state.sitting,
        status=state.status,
        reason=state.reason,
        joined_at=state.joined_at,
        ended_at=state.ended_at,
        duration_s=max((turn.end_s for turn in turns), default=0.0),
        recordings=tuple(recording.key for recording in state.recordings),
        turns=turns,
    )


def to_json(script: Transcript) -> str:
    """JSON, indented, with a newline at the end; `Transcript.model_validate_json` reads it back."""
    return script.model_dump_json(indent=2) + "\n"


def to_vtt(script: Transcript) -> str:
    """WebVTT with a cue a turn and a voice tag a speaker. Turns that overlap in time are cues that do."""
    blocks = [
        "WEBVTT",
        f"NOTE {_line(script.study_title)}, session {_line(script.session_id)}, {_line(script.language)}. "
        + _line(script.note),
    ]
    for turn in script.turns:
        end_s = max(turn.end_s, turn.start_s + MIN_CUE_S)
        blocks.append(
            f"{_line(turn.id)}\n"
            f"{_timestamp(turn.start_s)} --> {_timestamp(end_s)}\n"
            f"<v {SPEAKERS[turn.speaker]}>{html.escape(_flat(turn.text), quote=False)}{_mark(turn)}"
        )
    return "\n\n".join(blocks) + "\n"


def to_text(script: Transcript) -> str:
    """Plain text to read: a head, then a paragraph a turn with the time it began."""
    began = (
        "not begun" if script.joined_at is None else f"{script.joined_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    )
    how = script.status.value.lower() + (f" ({script.reason.value})" if script.reason else "")
    lines = [
        f"{_flat(script.study_title)} ({script.study_id})",
        f"Session {script.session_id} · participant {script.participant_id} · {script.language}",
        f"{began} · {_clock(script.duration_s)} · {how}",
        "Live text, as it was understood during the interview"
        if script.recogniser is None
        else f"Final text, by {script.recogniser} from the recording",
        script.note,
        "",
    ]
    width = max(len(name) for name in SPEAKERS.values())
    lines += [
        f"[{_clock(turn.start_s)}] {SPEAKERS[turn.speaker]:<{width}}  {_flat(turn.text)}{_mark(turn)}"
        for turn in script.turns
    ]
    return "\n".join(lines) + "\n"


def _turn(turn: Turn) -> TranscriptTurn:
    return TranscriptTurn(
        speaker=turn.speaker,
        id=turn.id,
        start_s=turn.start_s,
        end_s=turn.end_s,
        text=turn.text.strip(),
        cut_off=turn.cut_off,
        barge_in=turn.barge_in,
        confidence=turn.confidence,
        language=turn.language,
    )


def _mark(turn: TranscriptTurn) -> str:
    return " –" if turn.cut_off else ""


def _flat(text: str) -> str:
    """On one line: a blank line would end a cue, and any line may have been made of several."""
    return re.sub(r"\s+", " ", text).strip()


def _line(text: str) -> str:
    """On one line, and never taken for the arrow between two times."""
    return _flat(text).replace("-->", "→")


def _timestamp(seconds: float) -> str:
    millis = round(seconds * 1000)
    return f"{millis // 3_600_000:02}:{millis // 60_000 % 60:02}:{millis // 1000 % 60:02}.{millis % 1000:03}"


def _clock(seconds: float) -> str:
    whole = int(seconds)
    hours = f"{whole // 3600}:" if whole >= 3600 else ""
    return f"{hours}{whole // 60 % 60:02}:{whole % 60:02}"
