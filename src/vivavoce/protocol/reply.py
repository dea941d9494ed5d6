"""A model's words as they come: cut into sentences that may be spoken, the rest dropped.

Models write what nobody should hear: their thinking, markup, tool calls as text. Here it ends.
"""

from __future__ import annotations

import re

from vivavoce.protocol.requests import TOOLS
from vivavoce.protocol.words import count_words

LONGEST_SENTENCE = 400
"""Characters; about 25 seconds of speech. What goes on longer is no sentence but a model that has lost its way."""

_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:[^\W\d]|Dr|Mr|Mrs|Ms|Prof|St|ca|bzw|usw|Nr|vs|Sr|Sra|Mme|p\.\s?ex|z\.\s?B)\.$",
    re.IGNORECASE,
)
"""A full stop that ends no sentence."""

_END = re.compile(r"[.!?…。！？]+[\"'”»』」)]*(?=\s)|[。！？]+[」』)]*|\n+")
_THINKING = re.compile(r"<(think|thinking|reasoning)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_THINKING_OPEN = re.compile(r"<(?:think|thinking|reasoning)>", re.IGNORECASE)
_MARKUP = re.compile(r"[*_#`]+|^\s*(?:[-•]|\d+[.)])\s+|\((?:[^()]*)\)$|^\s*\[[^\]]*\]")
_MACHINE = re.compile(r"[{}]|<\|?/?\w+|\|>|" + "|".join(tool.tool for tool in TOOLS), re.IGNORECASE)


class Endless(Exception):
    """A model writes without ever ending a sentence."""


class Sentences:
    """Cuts a stream of text into whole sentences.

    Feeding raises Endless when a sentence grows beyond `LONGEST_SENTENCE`.
    """

    def __init__(self) -> None:
        self._pending = ""

    def feed(self, delta: str) -> list[str]:
        """Take the next piece of text; gives the sentences that are whole now, cleaned."""
        self._pending = _THINKING.sub("", self._pending + delta)
        if _THINKING_OPEN.search(self._pending):
            return []
        found: list[str] = []
        start = 0
        for match in _END.finditer(self._pending):
            piece = self._pending[start : match.end()]
            if _ABBREVIATION.search(piece):
                continue
            found.append(piece)
            start = match.end()
        self._pending = self._pending[start:]
        if len(self._pending) > LONGEST_SENTENCE or any(len(piece) > LONGEST_SENTENCE for piece in found):
            raise Endless
        return [sentence for sentence in map(clean, found) if sentence]

    def end(self) -> list[str]:
        """The stream is over: what is left, if it is a sentence."""
        rest, self._pending = self._pending, ""
        opened = _THINKING_OPEN.search(rest)
        if opened is not None:
            rest = rest[: opened.start()]
        sentence = clean(rest)
        return [sentence] if sentence else []


def writable(text: str) -> str:
    """A model's text without what neither the log's database nor another model's server takes: NUL, half characters."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode()


def clean(sentence: str) -> str:
    """A sentence without markup and stage directions; empty if it is not for ears at all."""
    # What is taken away may uncover more of it: a list in a quotation, a direction in stars.
    while (cleaned := _cleaned(sentence)) != sentence:
        sentence = cleaned
    return cleaned


def _cleaned(sentence: str) -> str:
    if _MACHINE.search(sentence):
        return ""
    printable = "".join(char if char.isprintable() else " " for char in sentence)
    text = " ".join(_MARKUP.sub("", printable.strip()).split())
    text = text.strip().strip('"“”„«»「」').strip()
    return text if count_words(text) else ""
