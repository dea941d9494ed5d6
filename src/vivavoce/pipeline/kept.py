"""What stages made of a session, read back: the transcript that later ones work from, and what was found in it."""

from __future__ import annotations

import json

from pydantic import ValidationError

from vivavoce.pipeline.enrichment.findings import Findings, FindingsAmiss
from vivavoce.pipeline.stage import Results
from vivavoce.pipeline.transcript import Transcript
from vivavoce.storage.jobs import StageName

TELLING: tuple[StageName, ...] = ("redaction", "transcription")
"""The stages that have a transcript, the one to prefer first."""


def read_transcript(stage: str, output: str) -> Transcript | None:
    """The transcript in a result of one of the `TELLING` stages; None: another version of ours made it.

    Args:
        stage: whose result it is.
        output: JSON.
    """
    try:
        if stage == "redaction":
            return Transcript.model_validate(json.loads(output)["transcript"])
        return Transcript.model_validate_json(output)
    except (ValidationError, KeyError):
        return None  # its job will be run again


async def transcript_of(results: Results, session_id: str) -> Transcript | None:
    """The transcript that a session's results are about: the redacted one where there is one; None: none yet."""
    for stage in TELLING:
        derived = await results.get(session_id, stage)
        if derived is not None and (found := read_transcript(stage, derived.output)) is not None:
            return found
    return None


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
