"""The last stage: a session's report, out of its redacted transcript and what was found in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from pydantic import BaseModel, ConfigDict

from vivavoce.pipeline.codes import Codebook
from vivavoce.pipeline.kept import awaited_redaction, findings_of
from vivavoce.pipeline.reports.held import Held
from vivavoce.pipeline.reports.session import SessionReport, session_report
from vivavoce.pipeline.stage import Results, Stage

CodebookOf = Callable[[str], Awaitable[Codebook]]
"""A study's codebook, by the study's id; one without codes where nobody has made one."""


class ToReport(BaseModel):
    """An interview, and the codes of its study."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    held: Held
    codebook: Codebook


class Reporting(Stage[ToReport]):
    """Makes a `SessionReport`.

    Args:
        results: of the stages before.
        codebooks: the studies' codes.
    """

    name = "reporting"
    version = 3

    def __init__(self, *, results: Results, codebooks: CodebookOf) -> None:
        self._results = results
        self._codebooks = codebooks

    async def inputs(self, session_id: str) -> ToReport:
        """The interview.

        Raises:
            NotYet: it has no redacted transcript that this version reads.
            StorageUnavailable: to be tried again.
        """
        redacted = await awaited_redaction(self._results, session_id)
        transcript = redacted.transcript
        return ToReport(
            held=Held(
                transcript=transcript,
                redaction=redacted.rules,
                findings=await findings_of(self._results, session_id, transcript),
            ),
            codebook=await self._codebooks(transcript.study.id),
        )

    async def output(self, inputs: ToReport) -> SessionReport:
        """The report. Takes some milliseconds."""
        return session_report(inputs.held, codebook=inputs.codebook)
