"""What stages made of a session, read back: the redacted transcript, and what was found in it."""

from __future__ import annotations

from pydantic import ValidationError

from vivavoce.pipeline.enrichment.findings import Findings, FindingsAmiss
from vivavoce.pipeline.patience import NotYet
from vivavoce.pipeline.redaction.redacted import Redacted
from vivavoce.pipeline.stage import Results
from vivavoce.pipeline.transcript import Transcript
from vivavoce.storage.jobs import StageName

TOLD: StageName = "redaction"
"""The stage whose transcript everything after it reads. Nothing falls back to the words as they were said."""


def read_redacted(output: str) -> Redacted | None:
    """A result of the stage `TOLD`, in JSON; None: another version of ours made it."""
    try:
        return Redacted.model_validate_json(output)
    except ValidationError:
        return None  # its job will be run again


async def redacted_of(results: Results, session_id: str) -> Redacted | None:
    """A session's redacted transcript; None: there is none yet that this version reads."""
    derived = await results.get(session_id, TOLD)
    return None if derived is None else read_redacted(derived.output)


async def awaited_redaction(results: Results, session_id: str) -> Redacted:
    """A session's redacted transcript, for a stage that comes after it.

    Raises:
        NotYet: there is none yet that this version reads.
    """
    redacted = await redacted_of(results, session_id)
    if redacted is None:
        raise NotYet(
            f"There is no redacted transcript of {session_id} yet that this version reads.",
            next_step="Its redaction comes first.",
        )
    return redacted


async def findings_of(results: Results, session_id: str, transcript: Transcript) -> Findings | None:
    """What enrichment found in that transcript; None: nothing yet, or in another one."""
    derived = await results.get(session_id, "enrichment")
    if derived is None:
        return None
    try:
        found = Findings.model_validate_json(derived.output)
        found.check_against(transcript)
    except (ValidationError, FindingsAmiss):
        return None  # its job will be run again
    return found
