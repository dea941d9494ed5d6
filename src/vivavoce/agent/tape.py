"""The tape: a session's recording, from the first joining to the object store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from vivavoce.errors import VivavoceError
from vivavoce.session.events import Fault, Payload, RecordingClosed, RecordingStarted
from vivavoce.session.state import SessionState
from vivavoce.transport.encoding import CHANNELS, CODEC
from vivavoce.transport.recording import Recorder
from vivavoce.transport.stereo import SAMPLE_RATE

if TYPE_CHECKING:
    from vivavoce.agent.equipment import Equipment

log = structlog.get_logger(__name__)

Post = Callable[[Payload], None]
"""Posts an event to the session's journal."""


def recording_key(session_id: str, part: int) -> str:
    """Where a session's recording is in the object store; a session taken up again after a crash has several parts."""
    return f"{session_id}/part{part}.ogg"


def spooled(spool: Path, key: str) -> Path:
    """Where a recording is in the spool while it is written, and until the object store has it."""
    return spool / key.replace("/", ".")


class Tape:
    """Writes one recording file while the runner lives and hands it over when it ends.

    Args:
        state: of the session; its recordings number the parts.
        equipment: spool folder and object store.
        post: takes the tape's events.
    """

    def __init__(self, state: SessionState, *, equipment: Equipment, post: Post) -> None:
        self._equipment = equipment
        self._post = post
        self._session_id = state.session_id
        self.key = recording_key(state.session_id, len(state.recordings) + 1)
        self.path = spooled(equipment.spool, self.key)
        self._recorder: Recorder | None = None

    def start(self, at_s: float) -> Recorder | None:
        """Begin to write at `at_s` of the session clock; None, and a fault in the log, if that is not possible."""
        try:
            self._recorder = Recorder(self.path, start_s=at_s, on_fault=self._on_fault)
        except VivavoceError as error:
            self._on_fault(error)
            return None
        self._post(RecordingStarted(key=self.key, sample_rate=SAMPLE_RATE, channels=CHANNELS, codec=CODEC))
        return self._recorder

    async def close(self) -> None:
        """Finish the file and hand it over; what cannot be handed over stays in the spool and is named."""
        if self._recorder is None:
            return
        try:
            closed = await self._recorder.close()
            await self._equipment.archive.keep(self.key, self.path)
        except VivavoceError as error:
            log.error(
                "recording not kept", session_id=self._session_id, path=str(self.path), error=str(error)
            )
            self._on_fault(error)
            return
        self._post(
            RecordingClosed(
                key=self.key, duration_s=closed.duration_s, bytes=closed.bytes, sha256=closed.sha256
            )
        )

    def _on_fault(self, error: VivavoceError) -> None:
        self._post(Fault(stage="recording", code=error.code, message=str(error), recovered=False))
