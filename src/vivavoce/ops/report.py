"""Reports made for people: a session's, or a study's out of what is kept of its interviews, in a format."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from urllib.parse import quote as quote_url

from pydantic import ValidationError

from vivavoce.ops.export import ExportFailed, resolve, write
from vivavoce.ops.gathering import MOST_SESSIONS, analysed
from vivavoce.ops.redacting import redacted
from vivavoce.pipeline.codebooks import Codebooks
from vivavoce.pipeline.kept import findings_of, redacted_of
from vivavoce.pipeline.redaction.redacted import Redacted
from vivavoce.pipeline.redaction.sound import cover, covered
from vivavoce.pipeline.reports.formats import ReportFormat, written
from vivavoce.pipeline.reports.held import Held
from vivavoce.pipeline.reports.quoted import Quoted
from vivavoce.pipeline.reports.session import SessionReport, session_report
from vivavoce.pipeline.reports.session_pages import session_pages
from vivavoce.pipeline.reports.study import StudyReport, Subject, Turnout, study_report
from vivavoce.pipeline.reports.study_pages import study_pages
from vivavoce.protocol.study import Study
from vivavoce.session.clock import Clock
from vivavoce.session.store import SessionSummary
from vivavoce.storage.errors import StudyUnknown
from vivavoce.storage.open import Storage


async def report(
    storage: Storage,
    name: str,
    format: ReportFormat,
    *,
    clock: Clock,
    waves: Sequence[date] = (),
    sound: Path | None = None,
) -> bytes:
    """The report on a session or a study, as a file.

    Args:
        storage: where results are kept.
        name: a session's id, `latest`, or a study's id.
        format: of the file.
        clock: wall clock.
        waves: first days (UTC) of a study's second wave and of those after it.
        sound: a folder beside the file, to be made: quotations are linked with copies of their recordings in it.

    Raises:
        SessionUnknown: neither a session nor a study has that name.
        NoSessions: `latest`, and there is none.
        ExportFailed: a recording cannot be written into that folder.
        LogUnreadable, StorageUnavailable, RecordingsUnavailable, ChildFailed.
    """
    now = clock.now()
    found = await storage.sessions.list(study_id=name, limit=MOST_SESSIONS)
    study = await _study(storage, name)
    if found or study is not None:
        on_study = await of_study(storage, name, study, found, clock=clock, waves=waves)
        pages = study_pages(on_study, await beside(storage, on_study.quoted, sound))
    else:
        on_session = await of_session(storage, await resolve(storage.sessions, name))
        study = await _study(storage, on_session.study.id)
        title = None if study is None else study.title.text(study.languages[0])
        links = await beside(storage, on_session.quoted, sound)
        pages = session_pages(on_session, links, study_title=title)
    return await asyncio.to_thread(written, pages, format, made_at=now)


async def of_session(storage: Storage, session_id: str) -> SessionReport:
    """The report that the stage has made of redacted words, or one made now, out of what there is.

    Raises:
        SessionUnknown: there is no such session.
    """
    kept = await storage.derived.get(session_id, "reporting")
    if kept is not None:
        try:
            made = SessionReport.model_validate_json(kept.output)
        except ValidationError:
            pass  # another version of ours made it
        else:
            if made.redaction is not None:
                return made
    held = await _held(storage, session_id)
    return session_report(held, codebook=await Codebooks(storage.codebooks).present(held.transcript.study.id))


async def of_study(
    storage: Storage,
    study_id: str,
    study: Study | None,
    sessions: Sequence[SessionSummary],
    *,
    clock: Clock,
    waves: Sequence[date] = (),
) -> StudyReport:
    """The report on a study.

    Args:
        storage: where results are kept.
        study_id: the study.
        study: its present version; None: it was never published here.
        sessions: all of its sessions, the newest first; those whose content was erased are left out.
        clock: wall clock.
        waves: as in `study_report`.
    """
    left = [one for one in sessions if one.erased_at is None]
    over = [one for one in reversed(left) if one.readable]
    held = [await _held(storage, one.session_id) for one in over]
    subject = Subject(
        id=study_id,
        title=study.title.text(study.languages[0]) if study is not None else sessions[0].study_title,
        study=study,
        codebook=await Codebooks(storage.codebooks).present(study_id),
    )
    waiting = sum(one.joined_at is None and not one.status.terminal for one in left)
    away = sum(one.joined_at is None and one.status.terminal for one in left)
    turnout = Turnout(
        over=len(over), scheduled=waiting, away=away, under_way=len(left) - len(over) - waiting - away
    )
    return await asyncio.to_thread(
        study_report, subject, held, turnout=turnout, made_at=clock.now(), waves=waves
    )


async def beside(storage: Storage, quotes: Iterable[Quoted], folder: Path | None) -> dict[str, str]:
    """Copies of the recordings that quotations are in, by their keys, with a tone for what is redacted in them.

    Args:
        storage: where recordings are kept; one that it has not any more has no link.
        quotes: of a report.
        folder: to be made; None: nothing is copied.

    Raises:
        ExportFailed: a copy cannot be written.
        ChildFailed: one is no recording.
        RecordingsUnavailable: to be tried again.

    Returns:
        their links, from the folder's own place.
    """
    if folder is None:
        return {}
    links: dict[str, str] = {}
    sought = {quote.recording: quote.session_id for quote in quotes if quote.recording is not None}
    for key, session_id in sought.items():
        made = await _made(storage, session_id)
        sound = await covered([key], cover(made), storage.recordings)
        if sound is not None:
            path = folder / key.replace("/", "-")
            await asyncio.to_thread(_put, path, sound)
            links[key] = f"{quote_url(folder.name)}/{quote_url(path.name)}"
    return links


def _put(path: Path, sound: bytes) -> None:
    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise ExportFailed(
            f"The folder {path.parent} cannot be made: {error.strerror or error}.",
            next_step="Give --output a file in a folder that exists and can be written.",
        ) from error
    write(path, sound)


async def _held(storage: Storage, session_id: str) -> Held:
    made = await _made(storage, session_id)
    return Held(
        transcript=made.transcript,
        redaction=made.rules,
        findings=await findings_of(storage.derived, session_id, made.transcript),
    )


async def _made(storage: Storage, session_id: str) -> Redacted:
    """A session's redacted transcript; before its redaction, what there is of it, redacted now."""
    made = await redacted_of(storage.derived, session_id)
    if made is None:
        made = await redacted(storage.derived, await analysed(storage, session_id))
    return made


async def _study(storage: Storage, study_id: str) -> Study | None:
    try:
        return (await storage.studies.get(study_id)).study
    except StudyUnknown:
        return None
