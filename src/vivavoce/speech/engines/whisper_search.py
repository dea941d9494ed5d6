"""Writes down encoded sounds token by token: several side by side, each with its own limit and its own end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vivavoce.speech.engines.whisper_network import Encoded, Floats, Network, together

NEVER = np.float32(-1e9)
"""Added to the likelihood of a token that may not come."""


@dataclass(frozen=True, slots=True)
class Marks:
    """The tokens that are no words, as far as the search needs them. Every token above `end` is such a mark."""

    end: int
    begin: int
    no_speech: int


@dataclass(frozen=True, slots=True)
class Written:
    """A text for a sound.

    Attributes:
        tokens: its words, without marks.
        score: the mean log probability of its tokens and its end.
        no_speech: how likely the model thought it that nobody speaks.
        capped: it reached its limit before its end.
    """

    tokens: tuple[int, ...]
    score: float
    no_speech: float
    capped: bool


@dataclass(frozen=True, slots=True)
class _Line:
    """A beginning of a text, and the sum of its tokens' log probabilities."""

    tokens: tuple[int, ...]
    total: float

    def score(self, *, ended: bool) -> float:
        return self.total / max(1, len(self.tokens) + ended)


@dataclass(slots=True)
class _Text:
    """One sound's search: the lines that are still open, one a row of the network's, and those that have ended."""

    cap: int
    lines: list[_Line]
    ended: list[_Line]
    no_speech: float
    over: bool = False


class Search:
    """A search of the likeliest texts, a token a step.

    Args:
        network: the model.
        marks: its tokens that are no words.
        sounds: one for each text.
        starts: what each text begins with, marks and words of a prompt before them; all of one length.
        caps: the most tokens of each text.
        width: how many lines are followed for each text; 1 takes the likeliest token each time.
    """

    def __init__(
        self,
        network: Network,
        marks: Marks,
        sounds: Sequence[Encoded],
        starts: Sequence[Sequence[int]],
        caps: Sequence[int],
        width: int,
    ) -> None:
        self._network = network
        self._marks = marks
        self._sounds = together(sounds)
        self._past = network.nothing_yet(len(sounds))
        self._width = width
        self._next = np.array(starts, np.int64)
        length = self._next.shape[1]
        self._wanted = [list(starts[0]).index(marks.begin), length - 1]
        room = network.longest - length
        self.texts = [_Text(min(cap, room), [_Line((), 0.0)], [], 0.0) for cap in caps]
        self._open = list(self.texts)
        self._later = np.zeros(network.vocabulary, np.float32)
        self._later[list(network.never)] = NEVER
        self._later[marks.end + 1 :] = NEVER
        self._first = self._later.copy()
        self._first[list(network.never_first)] = NEVER

    @property
    def over(self) -> bool:
        """Whether every text has its end."""
        return all(text.over for text in self.texts)

    def advance(self, tokens: int) -> None:
        """Go on by so many tokens, or to the end."""
        for _ in range(tokens):
            if self.over:
                return
            self._step()

    def written(self, index: int) -> Written | None:
        """The text of a sound; None while it is not finished."""
        text = self.texts[index]
        if not text.over:
            return None
        ended = bool(text.ended)
        best = max(text.ended or text.lines, key=lambda line: line.score(ended=ended))
        return Written(best.tokens, best.score(ended=ended), text.no_speech, capped=not ended)

    def _step(self) -> None:
        logits, self._past = self._network.step(self._sounds, self._past, self._next, self._wanted)
        first = len(self._wanted) > 1
        if first:
            for text, row in zip(self._open, logits[:, 0], strict=True):
                text.no_speech = float(np.exp(row[self._marks.no_speech] - _log_sum(row)))
        self._wanted = [0]
        likely = logits[:, -1] + (self._first if first else self._later)
        likely -= _log_sum(likely)[:, None]
        rows: list[int] = []
        tokens: list[int] = []
        at = 0
        for text in self._open:
            count = len(text.lines)
            chosen = self._choose(text, likely[at : at + count]) if not text.over else [(0, self._marks.end)]
            rows += [at + parent for parent, _ in chosen]
            tokens += [token for _, token in chosen]
            at += count
        self._keep(rows, tokens)

    def _choose(self, text: _Text, likely: Floats) -> list[tuple[int, int]]:
        """Carry on a text's lines by a token each: (which line it carries on, the token)."""
        totals = likely + np.array([line.total for line in text.lines], np.float32)[:, None]
        going: list[tuple[int, int]] = []
        lines: list[_Line] = []
        for rank, place in enumerate(_best(totals, 2 * self._width if self._width > 1 else 1)):
            parent, token = divmod(int(place), totals.shape[1])
            line, total = text.lines[parent], float(totals[parent, token])
            if token == self._marks.end:
                if rank < self._width:
                    text.ended.append(_Line(line.tokens, total))
            elif len(lines) < self._width:
                lines.append(_Line((*line.tokens, token), total))
                going.append((parent, token))
        if len(text.ended) >= self._width or not lines or len(lines[0].tokens) >= text.cap:
            text.over = True
            text.lines = lines[:1] or text.lines[:1]
            return [(0, self._marks.end)]
        text.lines = lines
        return going

    def _keep(self, rows: list[int], tokens: list[int]) -> None:
        """Go on with these rows. Those of texts that are over go when they are half: leaving any out copies all."""
        still = sum(len(text.lines) for text in self._open if not text.over)
        if 2 * still <= len(rows):
            left = [text.over for text in self._open for _ in text.lines]
            rows = [row for row, gone in zip(rows, left, strict=True) if not gone]
            tokens = [token for token, gone in zip(tokens, left, strict=True) if not gone]
            self._open = [text for text in self._open if not text.over]
        if rows:
            self._past = self._past.rows(rows)
            self._sounds = self._sounds.rows(rows)
            self._next = np.array(tokens, np.int64)[:, None]


def _log_sum(rows: Floats) -> Floats:
    """The logarithm of the sum of what the last dimension's values are the logarithms of."""
    top = rows.max(axis=-1)
    return top + np.log(np.exp(rows - top[..., None]).sum(axis=-1))


def _best(totals: Floats, most: int) -> NDArray[np.int64]:
    """The places of the highest values in a table read row by row, the highest first."""
    flat = totals.reshape(-1)
    if most == 1:
        return np.array([flat.argmax()])
    some = np.argpartition(flat, -most)[-most:]
    return some[np.argsort(-flat[some])]
