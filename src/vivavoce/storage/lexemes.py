"""What full-text search makes of words: PostgreSQL's own stemming by language, pairs of letters where none are spaced.

PostgreSQL parts a text at spaces, so a Japanese sentence would be one word to it, and the extension that knows better
(`pg_trgm`) is not in every server. Letters of scripts without spaces are kept as overlapping pairs instead, and asked
as phrases of pairs, as Lucene's CJKBigramFilter does (https://lucene.apache.org, `analysis-common`): whatever is asked
is found as it stands, wherever a word may begin.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator

from vivavoce.protocol.languages import LANGUAGES, base_language

PLAIN = "simple"
"""PostgreSQL's configuration that neither stems nor leaves words out."""

PAIRED = "paired"
"""Ours, of texts that are kept as pairs; PostgreSQL knows none of that name."""

MOST_PLACES = 16_383
"""Of a `tsvector`; PostgreSQL's manual, section 12.11."""

_SHARED = {"nb": "norwegian", "nn": "norwegian", "no": "norwegian"}

_UNSPACED = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f"  # Myanmar
    "\u1780-\u17ff"  # Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"  # kana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)
_RUN = re.compile(rf"[{_UNSPACED}]+|[^\W{_UNSPACED}]+")
_HAS_UNSPACED = re.compile(f"[{_UNSPACED}]")
_TERM = re.compile(r'-?"[^"]*"|\S+')


def configuration(text: str, language: str | None, known: Collection[str]) -> str:
    """How a text is to be kept: by a configuration of PostgreSQL's, or as `PAIRED`.

    Args:
        text: what was said.
        language: it was said in; None: nobody knows.
        known: the server's configurations, by name.
    """
    if _HAS_UNSPACED.search(text):
        return PAIRED
    base = "" if language is None else base_language(language)
    name = _SHARED.get(base, LANGUAGES.get(base, "").lower())
    return name if name in known else PLAIN


def pairs(text: str) -> str:
    """A text as a `tsvector` in PostgreSQL's notation: pairs of unspaced letters, and other words as they are.

    The last letter of a run stands alone besides, so that every letter begins something.
    """
    places: dict[str, list[int]] = {}
    for place, lexeme in enumerate(_lexemes(text), start=1):
        if place > MOST_PLACES:
            break
        places.setdefault(lexeme, []).append(place)
    # PostgreSQL keeps 255 places of a lexeme.
    return " ".join(f"{_quoted(lexeme)}:{','.join(map(str, at[:255]))}" for lexeme, at in places.items())


def asked(words: str) -> str:
    """What is sought in pairs, as a `tsquery` in PostgreSQL's notation; empty: nothing that can be found.

    As PostgreSQL's `websearch_to_tsquery` reads it: all words, `or` between two for either, `-` before one for none.
    """
    alternatives: list[list[str]] = [[]]
    for term in _TERM.findall(plain(words)):
        if term == "or":
            alternatives.append([])
            continue
        found = _phrase(term)
        if found:
            alternatives[-1].append(f"!({found})" if term.startswith("-") else f"({found})")
    return " | ".join("(" + " & ".join(terms) + ")" for terms in alternatives if terms)


def sought(words: str) -> list[str]:
    """The runs of letters that are asked for, for showing where they stand."""
    return [
        run for term in _TERM.findall(plain(words)) if not term.startswith("-") for run in _RUN.findall(term)
    ]


def plain(text: str) -> str:
    """Without differences of case and of width, in as many characters where Unicode has one for each."""
    return unicodedata.normalize("NFKC", text).lower()


def _lexemes(text: str) -> Iterator[str]:
    for run in _RUN.findall(plain(text)):
        if _HAS_UNSPACED.match(run):
            yield from (run[at : at + 2] for at in range(len(run)))
        else:
            yield run


def _phrase(term: str) -> str:
    runs = _RUN.findall(term)
    parts: list[str] = []
    for place, run in enumerate(runs, start=1):
        if not _HAS_UNSPACED.match(run):
            parts.append(_quoted(run))
            continue
        parts += [_quoted(run[at : at + 2]) for at in range(len(run) - 1)]
        if place < len(runs):
            parts.append(_quoted(run[-1]))  # something else follows, so it ends there
        elif len(run) == 1:
            parts.append(f"{_quoted(run)}:*")
    return " <-> ".join(parts)


def _quoted(lexeme: str) -> str:
    return "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"
