"""The recording itself, of one interview."""

from __future__ import annotations

from vivavoce.pipeline.exports.bundle import Bundle, ExportImpossible
from vivavoce.pipeline.exports.refi import Audio


def to_ogg(bundle: Bundle, audio: Audio) -> bytes:
    """Ogg/Opus on the session clock, so that captions are in step: left the participant, right the moderator.

    Args:
        bundle: of one session.
        audio: its recording, by the session's id.

    Raises:
        ExportImpossible: it is several sessions, or there is no recording.
    """
    if len(bundle.sessions) != 1:
        raise ExportImpossible(
            f"One file holds one recording, and these are {len(bundle.sessions)} interviews.",
            next_step="Give a session's id, or take qdpx.",
        )
    session_id = bundle.sessions[0].session_id
    if session_id not in audio:
        raise ExportImpossible(
            f"There is no recording of session {session_id} whose words have been looked through.",
            next_step="If it was recorded, wait for its second pass: `vivavoce jobs list` shows it.",
        )
    return audio[session_id]
