"""Reading finished and running sessions out of a store: which one, its report, its transcript in a format."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pydantic import ValidationError

from vivavoce.errors import VivavoceError
from vivavoce.pipeline import transcript as analysed
from vivavoce.pipeline.final import with_final, with_redacted
from vivavoce.session.errors import ContentErased
from vivavoce.session.latency import Spread, latency
from vivavoce.session.state import SessionState
from vivavoce.session.store import EventList, SessionStore
from vivavoce.session.timeline import Moment, timeline
from vivavoce.session.transcript import Transcript, to_json, to_text, to_vtt, transcript
from vivavoce.storage.derived import Derived
from vivavoce.storage.errors import StudyUnknown
from vivavoce.storage.jobs import FIRST

if TYPE_CHECKING:
    from vivavoce.storage.open import Storage

LATEST = "latest"


class NoSessions(VivavoceError):
    """The latest session was asked for, and there is none."""

    code = "no_sessions"

    def __init__(self) -> None:
        super().__init__(
            "There are no sessions yet.",
            next_step="Hold an interview first: `vivavoce demo` gives you a link.",
        )


class ExportFailed(VivavoceError):
    """An export could not be written."""

    code = "export_failed"


class NotForTerminals(VivavoceError):
    """A file was asked for that no terminal can show."""

    code = "not_for_terminals"

    def __init__(self, format: str) -> None:
        super().__init__(
            f"A terminal cannot show {format}.", next_step=f"Give a file: --output interviews.{format}"
        )


class ExportFormat(StrEnum):
    """What a transcript can be written as."""

    JSON = "json"
    VTT = "vtt"
    TXT = "txt"


WRITERS: dict[ExportFormat, Callable[[Transcript], str]] = {
    ExportFormat.JSON: to_json,
    ExportFormat.VTT: to_vtt,
    ExportFormat.TXT: to_text,
}


@dataclass(frozen=True)
class Report:
    """Everything there is to know about one session."""

    state: SessionState
    events: EventList
    timeline: list[Moment]
    transcript: Transcript
    latency: dict[str, Spread]


async def resolve(store: SessionStore, name: str) -> str:
    """The id that `name` means: itself, or of the newest session for `latest`.

    `latest` prefers sessions somebody came to over those that were only scheduled.

    Raises:
        NoSessions: `latest`, and there is none.
    """
    if name != LATEST:
        return name
    newest = await store.list(limit=100)
    if not newest:
        raise NoSessions
    return next((summary for summary in newest if summary.joined_at is not None), newest[0]).session_id


async def is_study(storage: Storage, name: str) -> bool:
    """Whether a name is a study's: of one that has sessions, or is published and has none yet."""
    if await storage.sessions.list(study_id=name, limit=1):
        return True
    try:
        await storage.studies.get(name)
    except StudyUnknown:
        return False
    return True


class Results(Protocol):
    """Where the pipeline's results are kept: `storage.derived.DerivedStore`."""

    async def get(self, session_id: str, stage: str) -> Derived | None:
        """What a stage made of a session."""
        ...


async def report(store: SessionStore, results: Results, name: str, *, original: bool = False) -> Report:
    """Read a session's log and everything that follows from it.

    Personal data is taken out of the transcript and of what is told of the log unless `original`; the log and its state
    are as they are.

    Raises:
        SessionUnknown: there is no such session.
        NoSessions: see `resolve`.
        LogUnreadable: a newer version wrote it.
    """
    session_id = await resolve(store, name)
    state = await store.state(session_id)
    events = await store.read(session_id)
    moments = timeline(events)
    return Report(
        state=state,
        events=events,
        timeline=moments if original else [_without_personal(moment, state.language) for moment in moments],
        transcript=await _told(store, results, state, original=original),
        latency=latency(events),
    )


def _without_personal(moment: Moment, language: str) -> Moment:
    """What a model noted may name somebody; the rest is ours, and the rules find nothing in it."""
    if moment.kind != "insight.flagged":
        return moment
    from vivavoce.pipeline.redaction.reading import find
    from vivavoce.pipeline.redaction.replacing import without

    return replace(moment, text=without(moment.text, find(moment.text, language=language)))


async def export(
    store: SessionStore, results: Results, name: str, format: ExportFormat, *, original: bool = False
) -> str:
    """A session's transcript in that format, without personal data unless `original`.

    Raises what `report` does, and ContentErased.
    """
    state = await store.state(await resolve(store, name))
    if state.erased_at is not None:
        raise ContentErased(state.session_id)
    return WRITERS[format](await _told(store, results, state, original=original))


async def _told(store: SessionStore, results: Results, state: SessionState, *, original: bool) -> Transcript:
    """The best transcript there is, redacted unless `original`."""
    if original or state.erased_at is not None:
        return await _best(results, state)
    from vivavoce.ops.redacting import analysed_of_log, redacted

    made = await second_pass(results, state.session_id)
    if made is None:
        made = analysed_of_log(await store.read(state.session_id))
    return with_redacted(transcript(state), await redacted(results, made))


async def _best(results: Results, state: SessionState) -> Transcript:
    """The final transcript where the pipeline has made one, else the live one; an empty one where it was erased."""
    live = transcript(state)
    if state.erased_at is not None:
        return live
    made = await second_pass(results, state.session_id)
    return live if made is None else with_final(live, made)


async def second_pass(results: Results, session_id: str) -> analysed.Transcript | None:
    """The transcript that the pipeline has made of a session; None: none yet, or none that this version reads."""
    derived = await results.get(session_id, FIRST)
    if derived is None:
        return None
    try:
        return analysed.Transcript.model_validate_json(derived.output)
    except ValidationError:
        return None  # another version of ours made it, and its job will be run again


def write(path: Path, content: str | bytes) -> None:
    """Write an export whole or not at all, text in UTF-8; a file that is there is replaced.

    Raises:
        ExportFailed: it cannot be written.
    """
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            fresh = Path(file.name)
            try:
                file.write(content.encode() if isinstance(content, str) else content)
                file.close()
                fresh.chmod(0o644)
                fresh.replace(path)
            except BaseException:
                fresh.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise ExportFailed(
            f"The export cannot be written to {path}: {error.strerror or error}.",
            next_step="Give --output a file in a folder that exists and can be written.",
        ) from error
