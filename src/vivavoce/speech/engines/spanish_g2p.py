"""Spanish text to the phonemes Kokoro was trained on. Spanish is written nearly as it is said, so rules are enough.

The pronunciation is the one most speakers have and all understand: z and soft c are said s, ll and y are apart. The
alphabet is misaki's: I, W, A, Y are the diphthongs of "hay", "auto", "ley", "soy".
"""

from __future__ import annotations

import re
from typing import Final

from vivavoce.speech.engines.phonemes import Sound

_WORD: Final = re.compile(r"[a-záéíóúüñ]+|[.,;:!?…—()\"“”]", re.IGNORECASE)

_VOWELS: Final = "aeiouáéíóúü"
_STRONG: Final = "aeoáéó"
_ACCENTS: Final = {"á": "a", "é": "e", "í": "i", "ó": "o", "ú": "u"}

# Words that lean on the next one; every other word has a stress of its own.
_WEAK: Final = frozenset(
    {
        "el", "la", "los", "las", "lo", "un", "una", "unos", "unas", "de", "del", "a", "al", "en", "y", "e",
        "o", "u", "que", "con", "por", "para", "sin", "mi", "mis", "tu", "tus", "su", "sus", "me", "te", "se",
        "le", "les", "nos", "os", "si", "pero", "como", "cuando", "donde", "porque", "ni", "",
    }
)  # fmt: skip
_X_AS_J: Final = ("méxic", "mexic", "texas", "texan", "oaxac")

_PLAIN: Final = {
    "f": "f",
    "k": "k",
    "l": "l",
    "m": "m",
    "n": "n",
    "ñ": "ɲ",
    "p": "p",
    "s": "s",
    "t": "t",
    "w": "w",
}
_STOPS: Final = {"b": "b", "v": "b", "d": "d", "g": "ɡ"}
_SOFT: Final = {"b": "β", "d": "ð", "ɡ": "ɣ"}
_VOWEL_SOUNDS: Final = frozenset("aeiouIWAYʊ")
_DIPHTHONGS: Final = {"ai": "I", "au": "W", "ei": "A", "oi": "Y", "eu": "eʊ", "ou": "oʊ"}


def spanish(text: str) -> list[Sound]:
    """A text's sounds, with its punctuation."""
    said: list[Sound] = []
    before = ""
    for match in _WORD.finditer(text):
        token = match.group().lower()
        if token.isalpha():
            if said:
                said.append(Sound(" ", None))
            token = word(token, after_vowel=before in _VOWEL_SOUNDS)
            said.append(Sound(token, match.start()))
        else:
            said.append(Sound(token, None))
        before = token[-1:] or before
    return said


def word(letters: str, *, after_vowel: bool = False) -> str:
    """One word, in lower case; `after_vowel` when the word before it ends in one and nothing parts them."""
    syllabic = _nuclei(letters)
    stressed = None if letters in _WEAK else _stress(letters, syllabic)
    said = ""
    index = 0
    while index < len(letters):
        nucleus = next((n for n in syllabic if n[0] == index), None)
        if nucleus is not None:
            start, end = nucleus
            said += _nucleus(letters[start:end], stressed=nucleus == stressed)
            index = end
        else:
            sound, used = _consonant(letters, index, letters[:index], initial=not said)
            if sound in _SOFT and (said[-1:] not in "mnɲ" if said else after_vowel):
                # Between vowels, and after most consonants, these are not quite closed.
                sound = sound if said[-1:] == "l" and sound == "d" else _SOFT[sound]
            said += sound
            index += used
    return said


def _nuclei(letters: str) -> list[tuple[int, int]]:
    """The syllables' vowels as [start, end) of letters: a strong vowel with the weak ones that lean on it."""
    found: list[tuple[int, int]] = []
    index = 0
    while index < len(letters):
        if not _is_vowel(letters, index):
            index += 1
            continue
        end = index + 1
        strong = letters[index] in _STRONG or letters[index] in "íú"
        while end < len(letters) and _is_vowel(letters, end):
            next_strong = letters[end] in _STRONG
            apart = letters[end] in "íú" or letters[end - 1] in "íú" or (strong and next_strong)
            if apart:
                break
            strong = strong or next_strong
            end += 1
        found.append((index, end))
        index = end
    return found


def _is_vowel(letters: str, index: int) -> bool:
    letter = letters[index]
    if letter == "y":
        return index == len(letters) - 1
    if (
        letter == "u"
        and index
        and letters[index - 1] in "gq"
        and letters[index + 1 : index + 2] in tuple("eiéí")
    ):
        return False
    return letter in _VOWELS


def _stress(letters: str, nuclei: list[tuple[int, int]]) -> tuple[int, int] | None:
    if not nuclei:
        return None
    for nucleus in nuclei:
        if any(letter in _ACCENTS for letter in letters[slice(*nucleus)]):
            return nucleus
    final = letters[-1] not in "aeiouns"
    return nuclei[-1] if final or len(nuclei) == 1 else nuclei[-2]


def _nucleus(vowels: str, *, stressed: bool) -> str:
    """The sound of a syllable's vowels: glides around the vowel that is heard."""
    plain = "".join(_ACCENTS.get(letter, letter) for letter in vowels).replace("y", "i").replace("ü", "u")
    heart = next((at for at, letter in enumerate(plain) if letter in "aeo"), len(plain) - 1)
    before = plain[:heart].replace("i", "j").replace("u", "w")
    rest = plain[heart:]
    after = _DIPHTHONGS.get(rest, rest)
    return before + ("ˈ" if stressed else "") + after


def _consonant(letters: str, index: int, before: str, *, initial: bool) -> tuple[str, int]:
    """The sound at a consonant, and how many letters it takes."""
    letter, after = letters[index], letters[index + 1 : index + 2]
    soft = after in tuple("eiéí")
    pair = letter + after
    if pair in ("ch", "ll", "rr"):
        return {"ch": "ʧ", "ll": "ʎ", "rr": "r"}[pair], 2
    if letter == "c":
        return ("s" if soft else "k"), 1
    if letter == "q":
        return "k", 2 if after == "u" else 1
    if letter == "g" and soft:
        return "x", 1
    if letter == "g" and after == "u" and letters[index + 2 : index + 3] in tuple("eiéí"):
        return "ɡ", 2
    if letter == "x":
        return ("x" if letters.startswith(_X_AS_J) else "s" if initial else "ks"), 1
    if letter == "r":
        return ("r" if initial or before[-1:] in ("n", "l", "s") else "ɾ"), 1
    if letter in _STOPS:
        return _STOPS[letter], 1
    return {"h": "", "j": "x", "y": "ʝ", "z": "s", **_PLAIN}.get(letter, ""), 1
