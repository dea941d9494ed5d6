"""The first event of a session, for tests that need one and do not care which."""

from __future__ import annotations

from vivavoce.session.events import SessionScheduled


def scheduled(study_id: str = "demo") -> SessionScheduled:
    """A session of a study, of some participant's."""
    return SessionScheduled(
        study_id=study_id, study_hash="f", study_title="Demo", language="en", participant_id="p"
    )
