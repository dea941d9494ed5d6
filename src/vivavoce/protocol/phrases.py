"""Phrases with choices and gaps, compiled to an automaton over words.

The notation: words as spoken; `(a|b)` one of them; `[a|b]` one of them or nothing; `...` up to eight words of any
kind. For scripts without spaces every letter is a word. Case, accents, apostrophes and hyphens do not matter. Matching
takes time linear in the utterance: what somebody says must never be able to stall the conversation, as it could with
backtracking regular expressions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from vivavoce.protocol.words import tokens

_PIECE = re.compile(r"\.\.\.|[()\[\]|]|[^\s()\[\]|.]+")
_GAP = 8
# Japanese and Chinese words are about two letters long.
_GAP_LETTERS = 16


def letters(text: str) -> list[str]:
    """The folded letters and figures of a text, for scripts without spaces; those that there are do not matter."""
    return list("".join(tokens(text)))


class PhraseSet:
    """Matches a whole sequence of words against phrases.

    Args:
        phrases: in the notation above; any of them may match.
        around: phrases that may stand before, after and (if `several`) between them, any number of times.
        several: whether more than one phrase may follow each other.
        cut: makes words of the phrases as somebody else makes them of what is said: `words.tokens` or `letters`.
    """

    def __init__(
        self,
        phrases: Sequence[str],
        *,
        around: Sequence[str] = (),
        several: bool = False,
        cut: Callable[[str], list[str]] = tokens,
    ) -> None:
        self._cut = cut
        self._gap = _GAP_LETTERS if cut is letters else _GAP
        self._by_word: list[dict[str, set[int]]] = []
        self._by_any: list[set[int]] = []
        self._free: list[set[int]] = []
        self._start = self._state()
        self._end = self._state()
        for phrase in phrases:
            self._free[self._compile(phrase, self._start)].add(self._end)
        for phrase in around:
            for place in (self._start, self._end):
                self._free[self._compile(phrase, place)].add(place)
        if several:
            self._free[self._end].add(self._start)

    def matches(self, words: Sequence[str]) -> bool:
        """Whether all the words (folded, as `cut` gives them) are one of the phrases."""
        states = self._reach({self._start})
        for word in words:
            if not states:
                return False
            states = self._reach(
                {
                    after
                    for state in states
                    for after in self._by_word[state].get(word, set()) | self._by_any[state]
                }
            )
        return self._end in states

    def _state(self) -> int:
        self._by_word.append({})
        self._by_any.append(set())
        self._free.append(set())
        return len(self._free) - 1

    def _reach(self, states: set[int]) -> set[int]:
        todo = list(states)
        while todo:
            fresh = self._free[todo.pop()] - states
            states |= fresh
            todo += fresh
        return states

    def _compile(self, phrase: str, start: int) -> int:
        pieces = _PIECE.findall(phrase)
        end, used = self._choice(pieces, 0, start)
        if used != len(pieces):
            raise ValueError(f"unbalanced brackets in the phrase {phrase!r}")
        return end

    def _choice(self, pieces: list[str], at: int, start: int) -> tuple[int, int]:
        end = self._state()
        while True:
            last, at = self._sequence(pieces, at, start)
            self._free[last].add(end)
            if at == len(pieces) or pieces[at] != "|":
                return end, at
            at += 1

    def _sequence(self, pieces: list[str], at: int, state: int) -> tuple[int, int]:
        while at < len(pieces) and pieces[at] not in "|)]":
            piece = pieces[at]
            if piece in "([":
                end, at = self._choice(pieces, at + 1, state)
                if at == len(pieces) or pieces[at] != {"(": ")", "[": "]"}[piece]:
                    raise ValueError(f"unbalanced brackets in the phrase {' '.join(pieces)!r}")
                if piece == "[":
                    self._free[state].add(end)
                state = end
            elif piece == "...":
                for _ in range(self._gap):
                    after = self._state()
                    self._by_any[state].add(after)
                    self._free[state].add(after)
                    state = after
            else:
                for word in self._cut(piece):
                    after = self._state()
                    self._by_word[state].setdefault(word, set()).add(after)
                    state = after
            at += 1
        return state, at
