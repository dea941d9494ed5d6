"""Pieces that the pages of both reports have: quotations, moods, quality, method; and how figures are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from vivavoce.pipeline.enrichment.findings import (
    Coverage,
    Measure,
    ModelUsed,
    Mood,
    QualityKind,
    Role,
    SentimentLabel,
    TopicOrigin,
)
from vivavoce.pipeline.exports.bundle import clock, flat
from vivavoce.pipeline.reports import charts
from vivavoce.pipeline.reports.blocks import (
    NO_BREAK,
    Block,
    Bullets,
    Cell,
    Heading,
    Key,
    Said,
    Table,
    Text,
    number,
    paragraph,
    row,
    words,
)
from vivavoce.pipeline.reports.english import author, versioned
from vivavoce.pipeline.reports.method import Method
from vivavoce.pipeline.reports.quoted import Quoted
from vivavoce.protocol.languages import describe

QUALITY: dict[QualityKind, str] = {
    "silence": "Silence",
    "short_answers": "Short answers",
    "straight_lining": "Same answers",
    "off_topic": "Off topic",
    "leading_questions": "Leading questions",
    "echo": "Echo",
}

ROLES: dict[Role, str] = {
    "embedding": "Likeness of texts",
    "sentiment": "Sentiment",
    "topics": "Topics",
    "coding": "Codes",
    "quotes": "Quotes",
    "summary": "Summary",
    "translation": "Translation",
}

Beside = Mapping[str, str]
"""The recordings that a report has beside it: by their keys, where each is from the report's own place, as a URL."""

ALONE: Beside = MappingProxyType({})
"""A report without any."""

RULES = "rules"
"""What findings call the rules that are ours."""

SENTIMENT = "Sentiment, −1 to +1"
"""The head of a column of `feeling`."""

COVERED = "Covered: more than a few words on it; touched: a few; missed: none."

ORIGINS: dict[TopicOrigin, str] = {"study": "of the study", "proposed": "found in what was said"}


def said(quote: Quoted, beside: Beside, *, name: bool = True) -> Said:
    """A quotation as a block; `name`: with the participant's pseudonym."""
    place = clock(quote.start_s)
    where = f"{place} in {quote.session_id}" if name else place
    link = None
    if quote.recording is not None and quote.at_s is not None:
        if (file := beside.get(quote.recording)) is not None:
            # A media fragment (W3C, Media Fragments URI 1.0, 4.2.1): players begin there.
            link = f"{file}#t={quote.at_s:.1f}"
        else:
            where += f", {quote.recording} at {quote.at_s:.0f} s"
    language = describe(quote.language) if quote.language else "language not known"
    mood = () if quote.sentiment == "unknown" else (charts.MOODS[quote.sentiment][0],)
    # Reasons come as sentences, from rules and from models; they stand in a row of other things here.
    why = (f"Reason: {flat(quote.why).rstrip('.')}",) if quote.why and not name else ()
    translation = quote.translation
    return Said(
        text=("… " if quote.before else "") + flat(quote.text) + (" …" if quote.after else ""),
        language=quote.language,
        source=" · ".join((*((quote.participant,) if name else ()), where, language, *mood, *why)),
        link=link,
        translation=None
        if translation is None
        else Text(flat(translation.text), language=translation.language),
        translated_by=""
        if translation is None
        else f"{describe(translation.language)}, by {author(translation.author)}",
    )


def feeling(mood: Mood) -> Cell:
    """A mean mood: where it lies, and as a figure."""
    return Cell((charts.scale(mood.score), Text(charts.signed(mood.score))))


def coverage_head(coverage: Coverage | None) -> Cell:
    """A column's head: the filling that a bar has for it, and its name."""
    name, filling = charts.COVERAGE[coverage]
    return Cell((charts.swatch("", filling), Text(name)), align="end")


def grid_key(discs: Sequence[Coverage | None]) -> Key:
    """What the marks of the grid mean, where there are these coverages."""
    return Key((*((charts.disc(disc), charts.COVERAGE[disc][0]) for disc in discs), *sign_key().items))


def sign_key() -> Key:
    """What the signs of moods mean."""
    signs: tuple[SentimentLabel, ...] = ("positive", "negative", "mixed", "neutral", "unknown")
    return Key(tuple((charts.sign(mood), charts.MOODS[mood][0]) for mood in signs))


def mood_key() -> Key:
    """What the fillings of a bar of moods mean."""
    return Key(tuple((charts.swatch(name, filling), name) for name, filling in charts.MOODS.values()))


def quality_table(measures: Sequence[Measure]) -> Table:
    """The quality of one interview, with the reasons."""
    return Table(
        caption="Quality of the interview",
        head=row("Measured", number("Share"), number("Flagged from"), "What was seen"),
        rows=tuple(
            row(
                words(QUALITY[measure.kind], strong=measure.flagged),
                number(percent(measure.value) + (" ▲" if measure.flagged else ""), strong=measure.flagged),
                number(percent(measure.threshold)),
                measure.note,
            )
            for measure in measures
        ),
        widths=(0.22, 0.12, 0.16, 0.5),
    )


def method_blocks(method: Method) -> list[Block]:
    """The section on method and limits."""
    blocks: list[Block] = [Heading("Method and limits")]
    rows = [
        row("Second pass of the recordings", name, "not said", "speech server", "any")
        for name in method.recognisers
    ]
    rows += [
        row(
            ROLES[part.used.role],
            "rules of this program" if part.used.name == RULES else part.used.name,
            # Of language models the provider is part of it, and has a column here.
            (part.used.version or "not said").removeprefix(f"{part.used.provider}, "),
            part.used.provider or "this machine",
            ", ".join(part.used.languages) or "any",
        )
        for part in method.parts
    ]
    if rows:
        blocks.append(
            Table(
                caption="Models, lexicons and rules that had a part",
                head=row("What", "By", "Version", "Ran at", "Languages"),
                rows=tuple(rows),
                widths=(0.26, 0.26, 0.18, 0.16, 0.14),
            )
        )
    else:
        blocks.append(paragraph("No model had a part in this."))
    blocks += [Heading("What is not known", 2), Bullets(method.limits)]
    return blocks


def version(content_hash: str) -> str:
    """A version of a study, as people tell it from another."""
    return content_hash[:8]


def models(used: ModelUsed) -> str:
    """A model's name and version."""
    if used.name == RULES:
        return f"rules of this program, version {used.version}"
    return versioned(used.name, used.version)


def lasting(seconds: float) -> str:
    """`12 min 5 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def percent(share: float | None) -> str:
    """`38 %` that no line parts, or a dash."""
    return "–" if share is None else f"{share * 100:.0f}{NO_BREAK}%"


def whole(value: float | None) -> str:
    """A figure without decimals, or a dash."""
    return "–" if value is None else f"{value:.0f}"


def sure(confidence: float | None) -> str:
    """A confidence, or a dash."""
    return "–" if confidence is None else f"{confidence:.2f}"


def names(languages: Sequence[str]) -> str:
    """Languages by their names."""
    return ", ".join(describe(code) for code in languages) or "none"
