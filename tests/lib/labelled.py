"""The sentences of `tests/data/pii`, with what is to be found in each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

PII = Path(__file__).parents[1] / "data" / "pii"

Part = Literal["development", "held_out"]
LANGUAGES = ("en", "de", "fr", "es", "ja")

_LABEL = re.compile(r"\{([a-z-]+)\|([^}]*)\}")


@dataclass(frozen=True)
class Sentence:
    """What somebody says, what was asked before, and the kind and place of all that is personal in it."""

    language: str
    asked: str
    text: str
    labels: tuple[tuple[str, int, int], ...]


def labelled(part: Part, language: str) -> list[Sentence]:
    lines = (PII / part / f"{language}.txt").read_text(encoding="utf-8").splitlines()
    return [_sentence(language, line) for line in lines if line.strip()]


def _sentence(language: str, line: str) -> Sentence:
    asked, _, marked = line.rpartition(" >> ")
    text, at = "", 0
    labels: list[tuple[str, int, int]] = []
    for match in _LABEL.finditer(marked):
        text += marked[at : match.start()]
        labels.append((match[1], len(text), len(text) + len(match[2])))
        text += match[2]
        at = match.end()
    return Sentence(language, asked, text + marked[at:], tuple(labels))
