"""The stage `enrichment`: what a transcript means, by local models and, where there is one, by a language model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar, Protocol

from vivavoce.pipeline.codes import Codebook
from vivavoce.pipeline.enrichment.asking import Account
from vivavoce.pipeline.enrichment.findings import Findings
from vivavoce.pipeline.enrichment.judged import Pace, judged
from vivavoce.pipeline.enrichment.material import Material, Mind, aims, asked
from vivavoce.pipeline.enrichment.thinking import Thinker
from vivavoce.pipeline.kept import awaited_redaction
from vivavoce.pipeline.stage import Results, Stage
from vivavoce.pipeline.transcription import StudyOfHash
from vivavoce.session.clock import Clock
from vivavoce.storage.jobs import StageName

Analyse = Callable[[Material], Awaitable[Findings]]
"""The local grade, in a child process."""

Charge = Callable[[str, Account], Awaitable[None]]
"""Told of a session what its language model was asked, once all answers are there."""


class Codebooks(Protocol):
    """Where the studies' codes are kept."""

    async def present(self, study_id: str) -> Codebook:
        """A study's codebook as it is now; an empty one where nobody has made any."""
        ...


class Enrichment(Stage[Material]):
    """Finds sentiment, topics, codes, quotes and a summary.

    Args:
        results: of the stages before.
        studies: a study's version by its hash.
        codebooks: the studies' codes.
        analyse: the local grade.
        mind: the language model of the LLM grade; None: local only.
        thinker: that model; None: local only.
        pace: of its questions.
        charge: see there.
        clock: says when codes are given.
    """

    name: ClassVar[StageName] = "enrichment"

    def __init__(
        self,
        *,
        results: Results,
        studies: StudyOfHash,
        codebooks: Codebooks,
        analyse: Analyse,
        mind: Mind | None,
        thinker: Thinker | None,
        pace: Pace,
        charge: Charge,
        clock: Clock,
    ) -> None:
        self._results = results
        self._studies = studies
        self._codebooks = codebooks
        self._analyse = analyse
        self._mind = mind
        self._thinker = thinker
        self._pace = pace
        self._charge = charge
        self._clock = clock

    async def inputs(self, session_id: str) -> Material:
        """The redacted transcript, the study's topics and its codes.

        Raises:
            NotYet: there is no redacted transcript yet that this version reads.
        """
        redacted = await awaited_redaction(self._results, session_id)
        transcript = redacted.transcript
        study = await self._studies(transcript.study.id, transcript.study.content_hash)
        return Material(
            transcript=transcript,
            redaction=redacted.rules,
            aims=() if study is None else aims(study, transcript.language),
            asked=() if study is None else asked(study, transcript.language),
            home=None if study is None else study.languages[0],
            codebook=await self._codebooks.present(transcript.study.id),
            mind=self._mind,
        )

    async def output(self, inputs: Material) -> Findings:
        """What is found. Everything found points into the transcript that it was found in.

        Raises:
            ChildFailed: the local grade.
            ThinkerAway: the language model does not answer.
        """
        found = await self._analyse(inputs)
        if self._thinker is not None:
            found, account = await judged(inputs, found, self._thinker, pace=self._pace, at=self._clock.now())
            if account.calls:
                await self._charge(inputs.transcript.session_id, account)
        found.check_against(inputs.transcript)
        return found
