"""Which word each phoneme says, where a phonemiser tells only the phonemes of a whole sentence.

espeak-ng parts words by spaces, but says some of them as one group ("of the" is ʌvðə), and some words as several. So
each word is also phonemised alone, and the two rows are laid beside each other in the way that fits best.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, groupby
from typing import Final

from vivavoce.speech.engines.phonemes import Sound
from vivavoce.speech.engines.text import Piece

MARKS: Final = frozenset(" ,.:;?!")
"""What stands between the phonemes of words in Piper, whose source is https://github.com/OHF-Voice/piper1-gpl."""

Groups = Sequence[Sequence[str]]
"""Phonemes of a sentence, in the groups between its spaces."""

_MERGED: Final = 4
"""Words that may be said as one group, or groups that one word may be said as."""

_MOVES: Final = (
    (1, 1),
    *((count, 1) for count in range(2, _MERGED + 1)),
    *((1, count) for count in range(2, _MERGED + 1)),
    (1, 0),
    (0, 1),
)
"""How many words and groups may go together."""

_LEFT_OVER: Final = 3
"""What it costs, beside its length, that a word or a group goes with nothing."""

_SLACK: Final = 5
"""How far the two rows may drift apart, beyond the difference of their lengths."""

_UNHEARD: Final = str.maketrans("", "", "ˈˌːˑ ")


def sentences(
    piece: Piece, phonemise: Callable[[str], Sequence[Sequence[str]]], alone: Callable[[str], str]
) -> list[tuple[Piece, list[Sound]]]:
    """A piece in the sentences that a phonemiser finds in it, with a sound for each of their phonemes.

    Args:
        piece: what is said.
        phonemise: a text → for each sentence its phonemes and `MARKS`.
        alone: a word → its phonemes, without marks.

    Returns:
        Those sentences in which there is something to say.
    """
    words = piece.text.split(" ")
    begins = [0, *accumulate(len(word) + 1 for word in words)]
    given = phonemise(piece.text)
    row = [phoneme for sentence in given for phoneme in (*sentence, " ")]
    groups = [list(run) for marks, run in groupby(row, key=MARKS.__contains__) if not marks]
    owners = iter(
        [owner for group in word_of_each(groups, [alone(word) for word in words]) for owner in group]
    )
    found: list[tuple[Piece, list[Sound]]] = []
    rest, gone, reached = piece, 0, -1
    for sentence in given:
        if MARKS.issuperset(sentence):
            continue
        own = [None if phoneme in MARKS else next(owners) for phoneme in sentence]
        said = [owner for owner in own if owner is not None] or [reached]
        if found:
            # A word that goes on from the sentence before is timed there.
            cut = begins[max(said[0], reached + 1)]
            head, rest = rest.parted(cut - gone)
            found[-1] = (head, found[-1][1])
            gone = cut
        at = [None if owner is None or begins[owner] < gone else begins[owner] - gone for owner in own]
        found.append((rest, list(map(Sound, sentence, at))))
        reached = said[-1]
    return found


def word_of_each(groups: Groups, words: Sequence[str]) -> list[list[int | None]]:
    """Which word each phoneme says.

    Args:
        groups: none of them empty.
        words: phonemes of the sentence's words, each phonemised alone; one that is empty says nothing.

    Returns:
        For each group, for each of its phonemes an index of `words`, never going back; None where none fits.
    """
    sounding = [index for index, word in enumerate(words) if word]
    found: list[list[int | None]] = []
    for mine, theirs in _pairs(groups, [words[index] for index in sounding]):
        for group in groups[theirs]:
            lengths = [len(words[index]) for index in sounding[mine]]
            shares = _shares(len(group), lengths) if lengths else [None] * len(group)
            found.append([None if share is None else sounding[mine][share] for share in shares])
    return found


def _shares(phonemes: int, lengths: Sequence[int]) -> list[int]:
    """Which of some words each phoneme of a group says: in proportion to how long they are alone."""
    ends = list(accumulate(lengths))
    middles = ((at + 0.5) * ends[-1] / phonemes for at in range(phonemes))
    return [next(index for index, end in enumerate(ends) if middle < end) for middle in middles]


def _pairs(groups: Groups, words: Sequence[str]) -> Iterator[tuple[slice, slice]]:
    """The two rows in step: which words go with which groups."""
    heard = ["".join(group).translate(_UNHEARD) for group in groups]
    alone = [word.translate(_UNHEARD) for word in words]
    # The cheapest way to each point of both rows, and the move that led there.
    best: dict[tuple[int, int], tuple[float, int, int]] = {(0, 0): (0.0, 0, 0)}
    drift = abs(len(heard) - len(alone)) + _SLACK
    for row in range(len(alone) + 1):
        for column in range(max(0, row - drift), min(len(heard), row + drift) + 1):
            if (row, column) not in best:
                continue
            so_far = best[row, column][0]
            for rows, columns in _MOVES:
                there = (row + rows, column + columns)
                if there[0] > len(alone) or there[1] > len(heard):
                    continue
                cost = so_far + _cost(alone[row : there[0]], heard[column : there[1]])
                if there not in best or cost < best[there][0]:
                    best[there] = (cost, rows, columns)
    row, column = len(alone), len(heard)
    moves: list[tuple[slice, slice]] = []
    while (row, column) != (0, 0):
        _, rows, columns = best[row, column]
        moves.append((slice(row - rows, row), slice(column - columns, column)))
        row, column = row - rows, column - columns
    return reversed(moves)


def _cost(words: Sequence[str], groups: Sequence[str]) -> int:
    word, group = "".join(words), "".join(groups)
    if not words or not groups:
        return _LEFT_OVER + len(word) + len(group)
    ends = (word[:1] != group[:1]) + (word[-1:] != group[-1:])
    return abs(len(word) - len(group)) + ends + len(words) + len(groups) - 2
