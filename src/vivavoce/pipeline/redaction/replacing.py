"""Placeholders put in the place of what was found, in a segment's texts and in its words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from vivavoce.pipeline.alignment import timed
from vivavoce.pipeline.redaction.finding import Found, placeholder
from vivavoce.pipeline.redaction.redacted import Finding, TextOf
from vivavoce.pipeline.transcript import Segment, Word


@dataclass(frozen=True, slots=True)
class _Token:
    """A word of a text: its characters, and its times where they are known."""

    start: int
    end: int
    timed: Word | None = None


def replaced(
    segment: Segment, in_text: Sequence[Found], in_live: Sequence[Found]
) -> tuple[Segment, list[Finding]]:
    """A segment without what was found in it, and what is to be known of that.

    Args:
        segment: the original.
        in_text: found in its `text`; in order, none overlapping another.
        in_live: found in its `live_text`, likewise.

    Returns:
        the redacted segment, whose words are still those of its text, and the findings of both texts. Words that are
        not those of the text they come with are dropped: nobody could say which of them to take out.
    """
    tokens = _of_words(segment)
    words: tuple[Word, ...] = ()
    if tokens is not None:
        words = _words(segment.text, tokens, in_text)
    live = _of_live(segment)
    findings = _findings(segment, "text", tokens or _split(segment.text), in_text)
    findings += _findings(segment, "live_text", live, in_live)
    return (
        segment.model_copy(
            update={
                "text": without(segment.text, in_text),
                "live_text": without(segment.live_text, in_live),
                "words": words,
            }
        ),
        findings,
    )


def without(text: str, found: Sequence[Found]) -> str:
    """The text with placeholders."""
    at, pieces = 0, list[str]()
    for one in found:
        pieces += [text[at : one.start], placeholder(one.kind)]
        at = one.end
    return "".join([*pieces, text[at:]])


def _of_words(segment: Segment) -> list[_Token] | None:
    """Where a segment's words stand in its text; None: it has none, or they are another text's."""
    tokens: list[_Token] = []
    at = 0
    for word in segment.words:
        start = segment.text.find(word.text, at)
        if start < 0 or segment.text[at:start].strip():
            return None
        at = start + len(word.text)
        tokens.append(_Token(start, at, word))
    return tokens if tokens and not segment.text[at:].strip() else None


def _of_live(segment: Segment) -> list[_Token]:
    tokens = _split(segment.live_text)
    if not segment.words or not tokens:
        return tokens
    times = timed(segment.live_text, segment.words, start_s=segment.start_s, end_s=segment.end_s)
    return [_Token(token.start, token.end, word) for token, word in zip(tokens, times, strict=True)]


def _split(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    for word in text.split():
        start = text.index(word, at)
        at = start + len(word)
        tokens.append(_Token(start, at))
    return tokens


def _reach(tokens: Sequence[_Token], one: Found) -> tuple[int, int]:
    """The first and the last word that something found has a part of."""
    inside = [place for place, token in enumerate(tokens) if token.start < one.end and one.start < token.end]
    return inside[0], inside[-1]


def _findings(
    segment: Segment, of: TextOf, tokens: Sequence[_Token], found: Sequence[Found]
) -> list[Finding]:
    findings: list[Finding] = []
    moved = 0
    for one in found:
        first, last = _reach(tokens, one)
        begin, end = tokens[first].timed, tokens[last].timed
        start = one.start + moved
        length = len(placeholder(one.kind))
        moved += length - (one.end - one.start)
        start_s = segment.start_s if begin is None else begin.start_s
        findings.append(
            Finding(
                kind=one.kind,
                segment=segment.index,
                of=of,
                start=start,
                end=start + length,
                first_word=first,
                last_word=last,
                start_s=start_s,
                end_s=max(start_s, segment.end_s if end is None else end.end_s),
                rule=one.rule,
                score=one.score,
            )
        )
    return findings


def _words(text: str, tokens: Sequence[_Token], found: Sequence[Found]) -> tuple[Word, ...]:
    """The words of the text with placeholders: what a placeholder stands for has become one word."""
    groups: list[tuple[int, int, list[Found]]] = []
    for one in found:
        first, last = _reach(tokens, one)
        if groups and first <= groups[-1][1]:
            groups[-1] = (groups[-1][0], max(last, groups[-1][1]), [*groups[-1][2], one])
        else:
            groups.append((first, last, [one]))
    words: list[Word] = []
    edges = [(-1, -1, list[Found]()), *groups, (len(tokens), len(tokens), [])]
    for (_, before, _), (first, last, inside) in pairwise(edges):
        words += [word for token in tokens[before + 1 : first] if (word := token.timed) is not None]
        if not inside:
            continue
        begin, end = tokens[first].timed, tokens[last].timed
        if begin is None or end is None:
            continue
        at = tokens[first].start
        moved = [Found(one.kind, one.start - at, one.end - at, one.rule, one.score) for one in inside]
        words.append(
            Word(
                text=without(text[at : tokens[last].end], moved),
                start_s=begin.start_s,
                end_s=max(begin.start_s, end.end_s),
            )
        )
    return tuple(words)
