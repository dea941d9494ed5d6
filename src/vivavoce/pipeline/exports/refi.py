"""REFI-QDA, which NVivo, MAXQDA, ATLAS.ti and QualCoder read: a codebook (QDC) and a project (QDPX).

The REFI-QDA standard, version 1.5 (https://www.qdasoftware.org), sections 4 (project) and 5 (codebook). Positions in
texts are Unicode code points, times are milliseconds of the recording. GUIDs follow from ids, so the same export made
twice has the same ones, and a tool can tell that it has them already.
"""

from __future__ import annotations

import io
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from vivavoce.pipeline.codes import Codebook
from vivavoce.pipeline.exports.bundle import (
    SPEAKERS,
    Bundle,
    ExportImpossible,
    clock,
    describe,
    flat,
    xml_text,
)
from vivavoce.pipeline.transcript import Segment, Transcript

ORIGIN = "Viva Voce"
PROJECT = "urn:QDA-XML:project:1.0"
CODEBOOK = "urn:QDA-XML:codebook:1.0"

_GUIDS = uuid.uuid5(uuid.NAMESPACE_URL, "urn:vivavoce:refi-qda")
_ZIP_TIME = (2000, 1, 1, 0, 0, 0)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)

Audio = Mapping[str, bytes]
"""The recordings' parts to go in, Ogg/Opus, by their keys."""


def to_qdc(bundle: Bundle) -> bytes:
    """The codebook alone.

    Raises:
        ExportImpossible: the study has no codes, and the standard knows no codebook without any.
    """
    if not bundle.codebook.codes:
        raise ExportImpossible(
            "There are no codes to export.", next_step="Code the study's interviews first, or take qdpx."
        )
    root = ET.Element("CodeBook", {"xmlns": CODEBOOK, "origin": ORIGIN})
    _codes(root, bundle.codebook)
    return _xml(root)


def to_qdpx(bundle: Bundle, audio: Audio) -> bytes:
    """A project: codes, a case a participant, and each interview's transcript in step with its recording.

    A part of a recording that is in `audio` becomes an audio source with the transcript of what was said in it; an
    interview without any becomes a text source.
    """
    writer = _Project(bundle)
    for session in bundle.sessions:
        writer.session(session, audio)
    return writer.archive()


def code_guid(id: str) -> str:
    """The GUID that a code of this id has in every export."""
    return _guid("code", id)


def _guid(*names: str) -> str:
    return str(uuid.uuid5(_GUIDS, "\0".join(names)))


def _xml(root: ET.Element) -> bytes:
    ET.indent(root)
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)


def _codes(parent: ET.Element, codebook: Codebook) -> None:
    codes = ET.SubElement(parent, "Codes")
    for code in codebook.codes:
        colour = {} if code.colour is None else {"color": code.colour}
        element = ET.SubElement(
            codes,
            "Code",
            {"guid": code_guid(code.id), "name": xml_text(code.name), "isCodable": "true", **colour},
        )
        if about := describe(code):
            ET.SubElement(element, "Description").text = xml_text(about)


@dataclass(frozen=True, slots=True)
class _Placed:
    """A segment in a source's text: its own words lie from `start` to `end`."""

    segment: Segment
    start: int
    end: int


def _lines(segments: list[Segment]) -> tuple[str, list[_Placed]]:
    text = ""
    placed: list[_Placed] = []
    for segment in segments:
        text += f"[{clock(segment.start_s)}] {SPEAKERS[segment.speaker]}: "
        start = len(text)
        words = xml_text(segment.text)
        text += words.replace("\r", " ").replace("\n", " ") + "\n"
        placed.append(_Placed(segment, start, start + len(words)))
    return text, placed


class _Project:
    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._files: dict[str, bytes] = {}
        self._users: dict[str, str] = {_guid("user", ORIGIN): ORIGIN}
        self._sources: list[ET.Element] = []
        self._of_participant: dict[str, list[str]] = {}

    def session(self, session: Transcript, audio: Audio) -> None:
        parts = [part for part in session.recording if part.key in audio and part.start_s is not None]
        if not parts:
            self._text_source(session)
        for place, part in enumerate(parts):
            begin_s = 0.0 if place == 0 else part.start_s or 0.0
            end_s = parts[place + 1].start_s if place + 1 < len(parts) else None
            held = [
                segment
                for segment in session.segments
                if segment.start_s >= begin_s and (end_s is None or segment.start_s < end_s)
            ]
            self._audio_source(
                session, part.key, part.start_s or 0.0, held, audio[part.key], place, len(parts)
            )

    def _text_source(self, session: Transcript) -> None:
        guid = _guid("source", session.session_id)
        text, placed = _lines(list(session.segments))
        source = self._source("TextSource", guid, session, self._name(session))
        source.set("plainTextPath", self._file(guid, "txt", text.encode()))
        for start, end, coding in self._coded(session, placed):
            selection = ET.SubElement(
                source,
                "PlainTextSelection",
                {
                    "guid": _guid("selection", guid, str(coding)),
                    "name": self._evidence(coding),
                    "startPosition": str(start),
                    "endPosition": str(end),
                    **self._made(session, coding),
                },
            )
            self._coding(selection, guid, session, coding)

    def _audio_source(
        self,
        session: Transcript,
        key: str,
        start_s: float,
        held: list[Segment],
        sound: bytes,
        place: int,
        of: int,
    ) -> None:
        guid = _guid("source", session.session_id, key)
        name = self._name(session) + (f" ({place + 1} of {of})" if of > 1 else "")
        source = self._source("AudioSource", guid, session, name)
        source.set("path", self._file(guid, "ogg", sound))
        text, placed = _lines(held)
        script_guid = _guid("transcript", guid)
        script = ET.SubElement(
            source,
            "Transcript",
            {
                "guid": script_guid,
                "name": xml_text(name),
                "plainTextPath": self._file(script_guid, "txt", text.encode()),
                **self._when(session),
            },
        )
        for item in placed:
            for end, position, at_s in (
                (False, item.start, item.segment.start_s),
                (True, item.end, item.segment.end_s),
            ):
                ET.SubElement(
                    script,
                    "SyncPoint",
                    {
                        "guid": self._sync(script_guid, item.segment, end=end),
                        "position": str(position),
                        "timeStamp": str(max(0, round((at_s - start_s) * 1000))),
                    },
                )
        segments = {item.segment.id: item.segment for item in placed}
        for _, _, coding in self._coded(session, placed):
            segment = segments[self._bundle.codings[coding].segment]
            selection = ET.SubElement(
                script,
                "TranscriptSelection",
                {
                    "guid": _guid("selection", guid, str(coding)),
                    "name": self._evidence(coding),
                    "fromSyncPoint": self._sync(script_guid, segment, end=False),
                    "toSyncPoint": self._sync(script_guid, segment, end=True),
                    **self._made(session, coding),
                },
            )
            self._coding(selection, guid, session, coding)

    def _source(self, tag: str, guid: str, session: Transcript, name: str) -> ET.Element:
        source = ET.Element(tag, {"guid": guid, "name": xml_text(name), **self._when(session)})
        ET.SubElement(source, "Description").text = xml_text(self._bundle.note)
        self._sources.append(source)
        self._of_participant.setdefault(session.participant, []).append(guid)
        return source

    def _coded(self, session: Transcript, placed: list[_Placed]) -> Iterator[tuple[int, int, int]]:
        """Begin and end in the source's text, and the coding's place in the bundle."""
        where = {item.segment.id: item for item in placed}
        for number, coding in enumerate(self._bundle.codings):
            if coding.session_id == session.session_id and (item := where.get(coding.segment)) is not None:
                # What XML cannot hold is not in the text: positions after it move.
                before = len(xml_text(item.segment.text[: coding.start]))
                inside = len(xml_text(item.segment.text[coding.start : coding.end]))
                yield item.start + before, item.start + before + inside, number

    def _coding(self, selection: ET.Element, guid: str, session: Transcript, number: int) -> None:
        element = ET.SubElement(
            selection,
            "Coding",
            {"guid": _guid("coding", guid, str(number)), **self._made(session, number)},
        )
        ET.SubElement(element, "CodeRef", {"targetGUID": _guid("code", self._bundle.codings[number].code)})

    def _evidence(self, number: int) -> str:
        return xml_text(flat(self._bundle.codings[number].evidence))[:255]

    def _made(self, session: Transcript, number: int) -> dict[str, str]:
        author = self._bundle.codings[number].author
        guid = _guid("user", author.kind, str(author))
        self._users[guid] = f"{author} ({author.kind})"
        return {"creatingUser": guid, "creationDateTime": self._time(session)}

    def _when(self, session: Transcript) -> dict[str, str]:
        return {"creatingUser": _guid("user", ORIGIN), "creationDateTime": self._time(session)}

    def _time(self, session: Transcript) -> str:
        moment = session.ended_at or session.joined_at or _EPOCH
        return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"

    def _sync(self, guid: str, segment: Segment, *, end: bool) -> str:
        return _guid("sync", guid, str(segment.index), "end" if end else "start")

    def _name(self, session: Transcript) -> str:
        return f"{session.participant}, {session.session_id}"

    def _file(self, guid: str, kind: str, content: bytes) -> str:
        self._files[f"sources/{guid}.{kind}"] = content
        return f"internal://{guid}.{kind}"

    def archive(self) -> bytes:
        """The whole as a zip: `project.qde`, and the sources beside it."""
        moments = [self._time(session) for session in self._bundle.sessions]
        root = ET.Element(
            "Project",
            {
                "xmlns": PROJECT,
                "name": xml_text(flat(self._bundle.title)),
                "origin": ORIGIN,
                "creatingUserGUID": _guid("user", ORIGIN),
                "creationDateTime": max(moments, default=f"{_EPOCH:%Y-%m-%dT%H:%M:%SZ}"),
            },
        )
        users = ET.SubElement(root, "Users")
        for guid, name in self._users.items():
            ET.SubElement(users, "User", {"guid": guid, "name": xml_text(name)})
        if self._bundle.codebook.codes:
            _codes(ET.SubElement(root, "CodeBook"), self._bundle.codebook)
        if self._of_participant:
            cases = ET.SubElement(root, "Cases")
            for participant, guids in self._of_participant.items():
                case = ET.SubElement(
                    cases, "Case", {"guid": _guid("case", participant), "name": xml_text(participant)}
                )
                for guid in guids:
                    ET.SubElement(case, "SourceRef", {"targetGUID": guid})
        if self._sources:
            ET.SubElement(root, "Sources").extend(
                # The standard's order of kinds.
                sorted(self._sources, key=lambda source: source.tag != "TextSource")
            )
        ET.SubElement(root, "Description").text = xml_text(self._bundle.note)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in {"project.qde": _xml(root), **self._files}.items():
                archive.writestr(zipfile.ZipInfo(name, _ZIP_TIME), content, zipfile.ZIP_DEFLATED)
        return out.getvalue()
