"""The second stage: the transcript without personal data. Everything after it reads this one."""

from __future__ import annotations

import asyncio

from pydantic import BaseModel, ConfigDict, ValidationError

from vivavoce.pipeline.patience import NotYet
from vivavoce.pipeline.redaction.finding import RULES
from vivavoce.pipeline.redaction.reading import redact
from vivavoce.pipeline.redaction.redacted import Redacted
from vivavoce.pipeline.stage import Results, Stage
from vivavoce.pipeline.transcript import Transcript
from vivavoce.storage.jobs import FIRST


class ToRedact(BaseModel):
    """A transcript with everything that was said, and the version of the rules."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    transcript: Transcript
    rules: str = RULES


class Redaction(Stage[ToRedact]):
    """Takes personal data out of a transcript.

    Args:
        results: where the transcript is.
    """

    name = "redaction"

    def __init__(self, *, results: Results) -> None:
        self._results = results

    async def inputs(self, session_id: str) -> ToRedact:
        """The transcript that the first stage made.

        Raises:
            NotYet: there is none that this version reads.
            StorageUnavailable.
        """
        made = await self._results.get(session_id, FIRST)
        try:
            if made is not None:
                return ToRedact(transcript=Transcript.model_validate_json(made.output))
        except ValidationError:
            pass  # another version of ours made it
        raise NotYet(
            f"Session {session_id} has no transcript yet that this version reads.",
            next_step="It is redacted when the transcription is done; see `vivavoce jobs list`.",
        )

    async def output(self, inputs: ToRedact) -> Redacted:
        """The redacted transcript. On a thread: some milliseconds a minute of speech, in steps that let others by."""
        return await asyncio.to_thread(redact, inputs.transcript)
