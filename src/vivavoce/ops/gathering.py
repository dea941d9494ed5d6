"""Interviews gathered for an export: one session's, or all of a study's, with the best text there is of each."""

from __future__ import annotations

import asyncio

from vivavoce.errors import VivavoceError
from vivavoce.ops.export import is_study, resolve, second_pass
from vivavoce.ops.pipeline import versions
from vivavoce.ops.redacting import redacted
from vivavoce.pipeline.codebooks import Codebooks
from vivavoce.pipeline.codes import Coding
from vivavoce.pipeline.exports.bundle import Bundle
from vivavoce.pipeline.exports.formats import WRITERS, ExportFormat
from vivavoce.pipeline.kept import findings_of
from vivavoce.pipeline.redaction.finding import RULES
from vivavoce.pipeline.redaction.sound import cover, covered
from vivavoce.pipeline.transcript import Transcript
from vivavoce.pipeline.transcription import assemble, read_interview
from vivavoce.storage.open import Storage
from vivavoce.transport.cover import Cover

MOST_SESSIONS = 100_000
"""Of a study: far beyond what anybody holds."""


class NothingHeld(VivavoceError):
    """A study has no interview that is over."""

    code = "nothing_held"


async def gather(storage: Storage, name: str, *, original: bool = False) -> Bundle:
    """What is exported under a name.

    Args:
        storage: where it is kept.
        name: a session's id, `latest`, or a study's id for all its interviews that are over, the oldest first.
        original: with personal data; without, it is taken out.

    Raises:
        SessionUnknown: neither a session nor a study has that name.
        NoSessions: `latest`, and there is none.
        NothingHeld: the study has no interview that is over.
        ContentErased: the session's content was erased; a study's erased ones are left out.
        LogUnreadable, StorageUnavailable.
    """
    bundle, _ = await _gathered(storage, name, original=original)
    return bundle


async def _gathered(storage: Storage, name: str, *, original: bool) -> tuple[Bundle, dict[str, Cover]]:
    """The bundle, and what is to be covered in the recording of each of its sessions."""
    sessions: list[Transcript] = []
    covers: dict[str, Cover] = {}
    for session_id in await _names(storage, name):
        session = await analysed(storage, session_id)
        if not original:
            made = await redacted(storage.derived, session)
            session = made.transcript
            covers[session_id] = cover(made)
        sessions.append(session)
    redaction = None if original else RULES
    bundle = Bundle(title=sessions[-1].study.title, redaction=redaction, sessions=tuple(sessions))
    return await coded(storage, bundle), covers


async def _names(storage: Storage, name: str) -> list[str]:
    if not await is_study(storage, name):
        return [await resolve(storage.sessions, name)]
    of_study = await storage.sessions.list(study_id=name, limit=MOST_SESSIONS)
    held = [summary.session_id for summary in reversed(of_study) if summary.readable]
    if not held:
        raise NothingHeld(
            f"No interview of the study {name!r} is over yet.",
            next_step=f"See `vivavoce session list --study {name}`; one session can be exported by its id.",
        )
    return held


async def coded(storage: Storage, bundle: Bundle) -> Bundle:
    """The bundle with its study's codebook, and the codes that were given in its sessions.

    Codes given in another version of a transcript are left out: their words may stand elsewhere now. So codes come with
    redacted transcripts, in which enrichment gives them.
    """
    book = await Codebooks(storage.codebooks).present(bundle.sessions[0].study.id)
    known = {code.id for code in book.codes}
    codings: list[Coding] = []
    for session in bundle.sessions:
        found = await findings_of(storage.derived, session.session_id, session)
        if found is not None:
            codings += [coding for coding in found.as_codings(session) if coding.code in known]
    return Bundle.model_validate(
        {**dict(bundle), "codebook": book, "codings": tuple(codings)},
    )


async def analysed(storage: Storage, session_id: str) -> Transcript:
    """A session's analysed transcript: the second pass's where there is one, else of what was heard live.

    Raises:
        SessionUnknown: there is no such session.
    """
    made = await second_pass(storage.derived, session_id)
    if made is not None:
        return made
    told = await read_interview(await storage.sessions.read(session_id), versions(storage.studies))
    return assemble(told, (), {}, models={})


async def exported(storage: Storage, name: str, format: ExportFormat, *, original: bool = False) -> bytes:
    """The file. Raises what `gather` does, `ExportImpossible`, `RecordingsUnavailable` and `ChildFailed`.

    Recordings in it are covered where the words are redacted.
    """
    bundle, covers = await _gathered(storage, name, original=original)
    writer = WRITERS[format]
    audio: dict[str, bytes] = {}
    for session in bundle.sessions if writer.audio else ():
        keys = [part.key for part in session.recording if part.start_s is not None]
        wanted = [(key, [key]) for key in keys] if writer.audio == "parts" else [(session.session_id, keys)]
        for called, parts in wanted:
            sound = await covered(parts, covers.get(session.session_id, Cover()), storage.recordings)
            if sound is not None:
                audio[called] = sound
    return await asyncio.to_thread(writer.write, bundle, audio)
