"""Everything that is made of interviews, made as people have it made: reports and exports, and what is found.

The words are the redacted ones, as they are for whoever asks for no others.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
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


Rows = dict[str, str]
"""What was made, and its size and the seconds it took, or how much was found."""


async def make_reports(storage: Storage, asked: Asked, folder: Path) -> Rows:
    """The reports in each format, from what the stages have made; beside HTML are copies of the recordings.

    Args:
        storage: where that is.
        asked: what is made.
        folder: that it is made in.
    """
    rows: Rows = {}
    for name, of in {**asked.shown, asked.of: asked.of}.items():
        for format in ReportFormat:
            what = f"report on {'the study' if of == asked.study_id else 'an interview'}, {format.upper()}"
            sound = folder / "sound" if format is ReportFormat.HTML and asked.recorded else None
            making = report(storage, of, format, clock=SystemClock(), sound=sound)
            rows.setdefault(what, await _made(making, folder / f"{name}.{format}"))
    return rows


async def make_exports(storage: Storage, asked: Asked, folder: Path) -> Rows:
    """Every export that there is. Args as of `make_reports`."""
    rows: Rows = {}
    first = next(iter(asked.shown.values()), asked.of)
    for format in ExportFormat:
        if format is ExportFormat.OGG and not asked.recorded:
            continue
        of = first if format in ONE_INTERVIEW else asked.of
        name = f"{of}.{'grid.csv' if format is ExportFormat.GRID else format}"
        what = f"export, {format}" + (" (one interview)" if format in ONE_INTERVIEW else "")
        rows[what] = await _made(exported(storage, of, format), folder / name)
    return rows


async def _made(making: Coroutine[None, None, bytes], path: Path) -> str:
    """Make a file; one that is empty is none."""
    began = time.monotonic()
    content = await making
    took_s = time.monotonic() - began
    assert content, f"{path.name} is empty"
    await asyncio.to_thread(path.write_bytes, content)
    return f"{len(content) / 1000:,.0f} kB, {took_s:.1f} s"


async def found(storage: Storage, asked: Asked, grade: Grade) -> Rows:
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
