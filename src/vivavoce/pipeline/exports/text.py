"""Transcripts as JSON, as text to read, and as captions in step with the recording: WebVTT and SubRip."""

from __future__ import annotations

import html
import json
from typing import Any

from vivavoce.pipeline.exports.bundle import SPEAKERS, Bundle, ExportImpossible, clock, flat, head, said
from vivavoce.pipeline.transcript import Segment, Transcript

_NO_TAGS = str.maketrans("<>", "‹›")

MIN_CUE_S = 0.001
"""The resolution of the times: a cue must end after it starts."""


def to_json(bundle: Bundle) -> bytes:
    """JSON, indented; `Bundle.model_validate_json` reads it back, and `json_schema` describes it."""
    return (bundle.model_dump_json(indent=2) + "\n").encode()


def json_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the JSON export."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Bundle.model_json_schema(mode="serialization"),
    }


def schema_text() -> str:
    """`json_schema` as the file that stands in the documentation."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def to_text(bundle: Bundle) -> bytes:
    """Plain text to read: a head for each interview, then a line for each segment with the time it began."""
    return "\n\n".join(_script(bundle, session) for session in bundle.sessions).encode() or b"\n"


def to_vtt(bundle: Bundle) -> bytes:
    """WebVTT of one interview: a cue a segment, a voice tag a speaker. Segments that overlap are cues that do.

    Raises:
        ExportImpossible: the bundle is not one interview.
    """
    session = _one(bundle, "vtt")
    blocks = [
        "WEBVTT",
        f"NOTE {_line(session.study.title)}, session {_line(session.session_id)}, {_line(session.language)}. "
        + _line(bundle.note),
    ]
    blocks += [
        f"{_line(segment.id)}\n{_times(segment, '.')}\n"
        f"<v {SPEAKERS[segment.speaker]}>{html.escape(said(segment), quote=False)}"
        for segment in session.segments
    ]
    return ("\n\n".join(blocks) + "\n").encode()


def to_srt(bundle: Bundle) -> bytes:
    """SubRip of one interview: the speaker stands before the words. Players drop what looks like a tag, so none does.

    Raises:
        ExportImpossible: the bundle is not one interview.
    """
    session = _one(bundle, "srt")
    blocks = [
        f"{number}\n{_times(segment, ',')}\n{SPEAKERS[segment.speaker]}: {said(segment).translate(_NO_TAGS)}"
        for number, segment in enumerate(session.segments, start=1)
    ]
    return ("\n\n".join(blocks) + "\n").encode()


def _script(bundle: Bundle, session: Transcript) -> str:
    lines = [flat(f"{session.study.title} ({session.study.id})")]
    lines += [f"{name}: {value}" for name, value in head(session)[1:]]
    lines += [bundle.note, ""]
    width = max(len(name) for name in SPEAKERS.values())
    for segment in session.segments:
        codes = bundle.code_names(session, segment)
        lines.append(
            f"[{clock(segment.start_s)}] {SPEAKERS[segment.speaker]:<{width}}  {said(segment)}"
            + (f"  {{{codes}}}" if codes else "")
        )
    return "\n".join(lines) + "\n"


def _one(bundle: Bundle, format: str) -> Transcript:
    if len(bundle.sessions) != 1:
        raise ExportImpossible(
            f"{format} holds one interview, and {len(bundle.sessions)} were asked for.",
            next_step="Name one session, or take another format.",
        )
    return bundle.sessions[0]


def _line(text: str) -> str:
    """On one line, and never taken for the arrow between two times."""
    return flat(text).replace("-->", "→")


def _times(segment: Segment, point: str) -> str:
    end_s = max(segment.end_s, segment.start_s + MIN_CUE_S)
    return f"{_timestamp(segment.start_s, point)} --> {_timestamp(end_s, point)}"


def _timestamp(seconds: float, point: str) -> str:
    millis = round(seconds * 1000)
    hours, rest = divmod(millis, 3_600_000)
    return f"{hours:02}:{rest // 60_000:02}:{rest // 1000 % 60:02}{point}{rest % 1000:03}"
