"""Transcripts as subtitles: SubRip and WebVTT, a cue a segment."""

from __future__ import annotations

from vivavoce.speech.transcript import Transcript


def srt(transcript: Transcript) -> str:
    """SubRip."""
    return "".join(
        f"{number}\n{_time(part.start_s, ',')} --> {_time(part.end_s, ',')}\n{_cue(part.text)}\n\n"
        for number, part in enumerate(transcript.segments, start=1)
    )


def vtt(transcript: Transcript) -> str:
    """WebVTT."""
    return "WEBVTT\n\n" + "".join(
        f"{_time(part.start_s, '.')} --> {_time(part.end_s, '.')}\n{_cue(part.text)}\n\n"
        for part in transcript.segments
    )


def _time(seconds: float, point: str) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{point}{rest % 1000:03}"


def _cue(text: str) -> str:
    # An arrow would begin a new cue.
    return text.replace("-->", "→")
