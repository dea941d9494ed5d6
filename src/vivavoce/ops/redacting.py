"""Redacted transcripts for whoever hands words on, and who may have the original ones."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import ValidationError

from vivavoce.errors import VivavoceError
from vivavoce.pipeline.interview import interview
from vivavoce.pipeline.redaction.reading import redact
from vivavoce.pipeline.redaction.redacted import Redacted
from vivavoce.pipeline.redaction.redaction import Redaction, ToRedact
from vivavoce.pipeline.stage import input_hash
from vivavoce.pipeline.transcript import Transcript
from vivavoce.pipeline.transcription import assemble
from vivavoce.session.events import SessionEvent
from vivavoce.storage.derived import Derived


class OriginalRefused(VivavoceError):
    """Original words were asked for by somebody who may not have them."""

    code = "original_refused"

    def __init__(self) -> None:
        super().__init__(
            "The original words, with personal data, may not be exported here.",
            next_step="Leave --original out, or have who is responsible set VIVAVOCE_EXPORT__ORIGINAL=true.",
        )


@dataclass(frozen=True)
class Reader:
    """Who asks for words. The command line's is what the settings say; a role makes another one.

    Attributes:
        original: may have them with personal data.
    """

    original: bool = False

    def check(self, *, original: bool) -> None:
        """Raises `OriginalRefused` where they are asked for and not allowed."""
        if original and not self.original:
            raise OriginalRefused


class Results(Protocol):
    """Where the pipeline's results are kept: `storage.derived.DerivedStore`."""

    async def get(self, session_id: str, stage: str) -> Derived | None:
        """What a stage made of a session."""
        ...


async def redacted(results: Results, original: Transcript) -> Redacted:
    """A transcript without personal data: what the stage made of this one by today's rules, else made now."""
    kept = await results.get(original.session_id, Redaction.name)
    if kept is not None and kept.input_hash == input_hash(Redaction, ToRedact(transcript=original)):
        try:
            return Redacted.model_validate_json(kept.output)
        except ValidationError:
            pass  # another version of ours made it
    return await asyncio.to_thread(redact, original)


def analysed_of_log(events: Sequence[SessionEvent]) -> Transcript:
    """The analysed transcript of what was heard live, where there was no second pass.

    Raises:
        IllegalTransition: the log is no log.
    """
    return assemble(interview(events, None), (), {}, models={})
