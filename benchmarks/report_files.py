"""Everything that is made of interviews, made as people have it made: reports and exports as files, and what is found.

The words are the redacted ones, as they are for whoever asks for no others.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vivavoce.ops.gathering import exported
from vivavoce.ops.report import report
from vivavoce.pipeline.enrichment.findings import Grade
from vivavoce.pipeline.exports.formats import ExportFormat
from vivavoce.pipeline.kept import awaited_redaction, findings_of
from vivavoce.pipeline.reports.formats import ReportFormat
from vivavoce.pipeline.searching import catch_up
from vivavoce.session.clock import SystemClock
from vivavoce.storage.open import Storage
from vivavoce.storage.search import Where

ONE_INTERVIEW = (ExportFormat.VTT, ExportFormat.SRT, ExportFormat.OGG)
"""Formats that hold one interview."""


@dataclass(frozen=True)
class Asked:
    """What is made of some interviews of a study.

    Attributes:
        study_id: of all of them.
        session_ids: theirs.
        of: what reports and exports are of: the study's id, or the one interview's.
        shown: interviews that are reported on beside that, each under the name of its files; of the first are also the
            exports that hold one interview.
        sought: the word that is searched for.
        recorded: whether there is sound to be exported.
    """

    study_id: str
    session_ids: Sequence[str]
    of: str
    shown: Mapping[str, str]
    sought: str
    recorded: bool = True


@dataclass
class Files:
    """What was made.

    Attributes:
        rows: what it is, and its size and the seconds it took, or how much was found.
        took_s: all files together.
    """

    rows: dict[str, str] = field(default_factory=dict[str, str])
    took_s: float = 0.0

    async def make(self, row: str, path: Path, making: Callable[[], Awaitable[bytes]]) -> None:
        """Make a file; one that is empty is none. A row keeps the first of its files."""
        began = time.monotonic()
        content = await making()
        took_s = time.monotonic() - began
        assert content, f"{path.name} is empty"
        await asyncio.to_thread(path.write_bytes, content)
        self.took_s += took_s
        self.rows.setdefault(row, f"{len(content) / 1000:,.0f} kB, {took_s:.2f} s")


async def make_files(storage: Storage, asked: Asked, grade: Grade, folder: Path) -> Files:
    """All of it, from what the stages have made: the reports go into the folder, exports into one in it.

    Args:
        storage: where that is.
        asked: what is made.
        grade: that every interview must have been enriched by.
        folder: made where it is not there.
    """
    exports = folder / "exports"
    exports.mkdir(parents=True, exist_ok=True)
    files = Files()
    files.rows |= await found(storage, asked, grade)
    names = {**asked.shown, asked.of: asked.of}
    for name, of in names.items():
        for format in ReportFormat:
            await files.make(
                f"report on {'the study' if of == asked.study_id else 'an interview'}, {format.upper()}",
                folder / f"{name}.{format}",
                lambda of=of, format=format: report(
                    storage, of, format, clock=SystemClock(), sound=folder / "sound"
                ),
            )
    first = next(iter(asked.shown.values()), asked.of)
    for format in ExportFormat:
        if format is ExportFormat.OGG and not asked.recorded:
            continue
        of = first if format in ONE_INTERVIEW else asked.of
        await files.make(
            f"export, {format}" + (" (one interview)" if format in ONE_INTERVIEW else ""),
            exports / f"{of}.{'grid.csv' if format is ExportFormat.GRID else format}",
            lambda of=of, format=format: exported(storage, of, format),
        )
    return files


async def found(storage: Storage, asked: Asked, grade: Grade) -> dict[str, str]:
    """How much the stages found in these interviews."""
    said = heard = taken = topics = codes = quotes = unjudged = 0
    for session_id in asked.session_ids:
        made = await awaited_redaction(storage.derived, session_id)
        findings = await findings_of(storage.derived, session_id, made.transcript)
        assert findings is not None, f"{session_id} has no findings"
        assert findings.grade == grade, f"{session_id} is enriched by {findings.grade}"
        assert await storage.derived.get(session_id, "reporting") is not None, f"{session_id} has no report"
        answers = [part for part in made.transcript.segments if part.speaker == "participant"]
        said += len(answers)
        heard += sum(part.source == "final" for part in answers)
        taken += sum(one.of == "text" for one in made.findings)
        topics += sum(bool(topic.segments) for topic in findings.topics)
        codes += len(findings.codings)
        quotes += len(findings.quotes)
        unjudged += len(findings.model_calls.unjudged)
    assert not unjudged, f"the model gave no usable answer on {unjudged} segments"
    await catch_up(storage.search)
    hits = await storage.search.find(asked.sought, Where(study=asked.study_id))
    return {
        "answers, and those of the second pass": f"{said}, {heard}",
        "personal data replaced": str(taken),
        "topics spoken of, codes given, quotes": f"{topics}, {codes}, {quotes}",
        "search for one word: passages, interviews": f"{hits.segments}, {hits.sessions}",
    }
