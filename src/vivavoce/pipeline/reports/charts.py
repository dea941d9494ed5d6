"""Drawings that are read without colour: bars told apart by their filling, marks by their shape. SVG, no text, no ids.

Fillings are drawn line by line rather than by SVG's patterns: those need ids, and an HTML page holds many drawings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from vivavoce.pipeline.enrichment.findings import Coverage, SentimentLabel
from vivavoce.pipeline.reports.blocks import Picture

Filling = Literal["solid", "hatched", "dotted", "empty", "faint"]

INK = "#1d3f4f"
"""11:1 against white."""

STROKE = f'stroke="{INK}" stroke-width="1" fill="none"'

COVERAGE: dict[Coverage | None, tuple[str, Filling]] = {
    "covered": ("covered", "solid"),
    "touched": ("touched", "hatched"),
    "missed": ("missed", "empty"),
    None: ("not analysed", "faint"),
}
"""Names and fillings, in the order of a bar."""

MOODS: dict[SentimentLabel, tuple[str, Filling]] = {
    "positive": ("positive", "solid"),
    "mixed": ("mixed", "hatched"),
    "neutral": ("neutral", "empty"),
    "negative": ("negative", "dotted"),
    "unknown": ("not known", "faint"),
}

BAR_MM = (50.0, 4.0)
MARK_MM = (7.0, 3.6)
SCALE_MM = (24.0, 3.6)
UNIT = 4
"""SVG units in a millimetre."""


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a bar."""

    name: str
    count: int
    filling: Filling


def bar(shares: Sequence[Share], *, of: int) -> Picture:
    """A bar in parts; its full length is `of`."""
    width, height = (size * UNIT for size in BAR_MM)
    at, drawn = 0.5, ""
    for share in shares:
        if share.count and of:
            long = (width - 1) * share.count / of
            drawn += _box(at, long, height, share.filling)
            at += long
    alt = ", ".join(f"{share.name} {share.count}" for share in shares if share.count) or "nobody"
    return _picture(drawn, f"{alt}, of {of}", BAR_MM)


def coverage_bar(counts: Mapping[Coverage | None, int]) -> Picture:
    """How many respondents covered a topic, touched it, missed it."""
    shares = [Share(name, counts.get(what, 0), filling) for what, (name, filling) in COVERAGE.items()]
    return bar(shares, of=sum(share.count for share in shares))


def mood_bar(counts: Mapping[SentimentLabel, int]) -> Picture:
    """How many respondents sound how."""
    shares = [Share(name, counts.get(what, 0), filling) for what, (name, filling) in MOODS.items()]
    return bar(shares, of=sum(share.count for share in shares))


def swatch(name: str, filling: Filling) -> Picture:
    """A piece of a bar, for a key."""
    size = (5.0, 3.2)
    return _picture(_box(0.5, size[0] * UNIT - 1, size[1] * UNIT, filling), name, size)


def mark(coverage: Coverage | None, mood: SentimentLabel) -> Picture:
    """A topic in an interview: a disc that is full, half or empty, and the sign of the mood."""
    name = COVERAGE[coverage][0]
    if coverage not in ("covered", "touched"):
        return _picture(_disc(coverage), name, MARK_MM)
    signed = _disc(coverage) + _sign(mood, 20, MARK_MM[1] * UNIT / 2)
    return _picture(signed, f"{name}, {MOODS[mood][0]}", MARK_MM)


def disc(coverage: Coverage | None) -> Picture:
    """The disc of a mark alone, for a key."""
    return _picture(_disc(coverage), COVERAGE[coverage][0], (4.0, MARK_MM[1]))


def sign(mood: SentimentLabel) -> Picture:
    """The sign of a mood alone, for a key."""
    size = (4.0, MARK_MM[1])
    return _picture(_sign(mood, 8, size[1] * UNIT / 2), MOODS[mood][0], size)


def scale(score: float | None) -> Picture:
    """Where a score lies from −1 to 1: a line with its middle marked, and a diamond."""
    width, height = (size * UNIT for size in SCALE_MM)
    middle = height / 2
    drawn = (
        f'<path d="M4 {middle}H{width - 4}M{width / 2} {middle - 4}v8M4 {middle - 2.5}v5M{width - 4} {middle - 2.5}v5" '
        f'stroke="#5f6f76" stroke-width="0.8" fill="none"/>'
    )
    if score is None:
        return _picture(drawn, "not known", SCALE_MM)
    at = _short(width / 2 + score * (width / 2 - 4))
    drawn += f'<path d="M{at} {middle - 5}l5 5-5 5-5-5z" fill="{INK}"/>'
    return _picture(drawn, signed(score), SCALE_MM)


def signed(score: float | None) -> str:
    """`+0.31` with a true minus, `0.00`, or a dash."""
    if score is None:
        return "–"
    return f"{score:+.2f}".replace("-", "−") if abs(score) >= 0.005 else "0.00"


def _picture(drawn: str, alt: str, size: tuple[float, float]) -> Picture:
    width, height = size
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}mm" height="{height:g}mm" '
        f'viewBox="0 0 {width * UNIT:g} {height * UNIT:g}">{drawn}</svg>'
    )
    return Picture(svg, alt, width, height)


def _box(at: float, long: float, high: float, filling: Filling) -> str:
    """A part of a bar from `at`, `long` units long, in a drawing `high` units high."""
    top, tall = 1.0, high - 2
    x, w = _short(at), _short(long)
    frame = f'<rect x="{x}" y="{top:g}" width="{w}" height="{tall:g}" '
    match filling:
        case "solid":
            return f'{frame}fill="{INK}"/>'
        case "empty":
            return f'{frame}fill="#fff" stroke="{INK}" stroke-width="1"/>'
        case "faint":
            return f'{frame}fill="#fff" stroke="#5f6f76" stroke-width="1" stroke-dasharray="2 2"/>'
        case "hatched":
            lines = ""
            offset = -tall
            while offset < long:
                begin, end = max(offset, 0.0), min(offset + tall, long)
                if end > begin:
                    lines += (
                        f"M{_short(at + begin)} {_short(top + tall - (begin - offset))}"
                        f"L{_short(at + end)} {_short(top + tall - (end - offset))}"
                    )
                offset += 5
            return f'{frame}fill="#e3ecef"/><path d="{lines}" {STROKE}/>{frame}{STROKE}/>'
        case "dotted":
            dots = "".join(
                f'<circle cx="{_short(at + 3 + 6 * column)}" cy="{_short(top + tall * (1 + 2 * line) / 4)}" r="1.4"/>'
                for column in range(int((long - 2) // 6) + 1)
                for line in range(2)
                if 3 + 6 * column < long - 1
            )
            return f'{frame}fill="#f6ede4"/><g fill="{INK}">{dots}</g>{frame}{STROKE}/>'


def _disc(coverage: Coverage | None) -> str:
    middle = MARK_MM[1] * UNIT / 2
    ring = f'<circle cx="7" cy="{middle}" r="5.2" {STROKE}/>'
    match coverage:
        case "covered":
            return f'<circle cx="7" cy="{middle}" r="5.7" fill="{INK}"/>'
        case "touched":
            return f'{ring}<path d="M7 {middle - 5.2}a5.2 5.2 0 0 0 0 10.4z" fill="{INK}"/>'
        case "missed":
            return ring
        case None:
            return f'<path d="M2 {middle}h10" {STROKE} stroke-dasharray="2 2"/>'


def _sign(mood: SentimentLabel, x: float, y: float) -> str:
    plus = f"M{x - 4} {y}h8M{x} {y - 4}v8"
    match mood:
        case "positive":
            path = plus
        case "negative":
            path = f"M{x - 4} {y}h8"
        case "mixed":
            path = f"M{x - 3.5} {y - 2}h7M{x} {y - 5.5}v7M{x - 3.5} {y + 5}h7"
        case "neutral":
            path = f"M{x - 4} {y - 2}h8M{x - 4} {y + 2}h8"
        case "unknown":
            path = f"M{x - 2.5} {y - 2.5}a2.6 2.6 0 1 1 3.6 2.6q-1.1 .6-1.1 2M{x} {y + 4.3}v1.3"
    return f'<path d="{path}" stroke="{INK}" stroke-width="1.6" fill="none"/>'


def _short(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
