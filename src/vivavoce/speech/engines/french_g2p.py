"""French text to the phonemes Kokoro was trained on.

A word's sound comes from g2p2's model (MIT or Apache-2.0, trained on WikiPron's pronunciations). What a model of single
words cannot know is here: the small words, elision, liaison, and where a group of words has its stress.
"""

from __future__ import annotations

import importlib.util
import itertools
import lzma
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from g2p2 import Model

from vivavoce.speech.engines.phonemes import Sound
from vivavoce.speech.errors import EngineNotInstalled

Lookup = Callable[[str], str]
"""A word in lower case → its phonemes in IPA."""

_TOKEN: Final = re.compile(r"[a-zà-öø-ÿœ]+'?|[.,;:!?…—()«»]", re.IGNORECASE)

_KNOWN: Final = {
    "à": "a", "a": "a", "as": "a", "ai": "e", "y": "i", "et": "e", "est": "ɛ", "es": "ɛ", "en": "ɑ̃",
    "on": "ɔ̃", "un": "œ̃", "une": "yn", "le": "lə", "la": "la", "les": "le", "de": "də", "des": "de",
    "du": "dy", "au": "o", "aux": "o", "ce": "sə", "ces": "se", "cet": "sɛt", "cette": "sɛt", "se": "sə",
    "me": "mə", "te": "tə", "ne": "nə", "je": "ʒə", "que": "kə", "qui": "ki", "quoi": "kwa", "mes": "me",
    "tes": "te", "ses": "se", "nos": "no", "vos": "vo", "ou": "u", "où": "u", "là": "la", "eu": "y",
    "tu": "ty", "t": "t", "il": "il", "ils": "il", "elle": "ɛl", "elles": "ɛl", "nous": "nu", "vous": "vu",
    "leur": "lœʁ", "leurs": "lœʁ", "sont": "sɔ̃", "ont": "ɔ̃", "dans": "dɑ̃", "sans": "sɑ̃", "sous": "su",
    "chez": "ʃe", "plus": "ply", "tous": "tus", "tout": "tu", "toute": "tut", "toutes": "tut",
    "très": "tʁɛ", "si": "si", "pas": "pa", "par": "paʁ", "pour": "puʁ", "sur": "syʁ", "avec": "avɛk",
    "mais": "mɛ", "donc": "dɔ̃k", "puis": "pɥi", "deux": "dø", "trois": "tʁwa", "cinq": "sɛ̃k",
    "six": "sis", "huit": "ɥit", "dix": "dis", "vingt": "vɛ̃", "cent": "sɑ̃", "août": "ut", "fils": "fis",
    "sens": "sɑ̃s", "ans": "ɑ̃", "os": "ɔs", "femme": "fam", "femmes": "fam", "oui": "wi",
    "monsieur": "məsjø", "m": "məsjø", "mme": "madam", "euros": "øʁo", "hui": "dɥi", "temps": "tɑ̃",
    "quel": "kɛl", "quelle": "kɛl", "quels": "kɛl", "quelles": "kɛl", "ça": "sa",
}  # fmt: skip

_ELIDED: Final = {
    "l'": "l", "d'": "d", "j'": "ʒ", "n'": "n", "s'": "s", "c'": "s", "m'": "m", "t'": "t", "qu'": "k",
    "jusqu'": "ʒysk", "aujourd'": "oʒuʁ", "lorsqu'": "lɔʁsk", "puisqu'": "pɥisk", "quoiqu'": "kwak",
    "quelqu'": "kɛlk", "presqu'": "pʁɛsk",
}  # fmt: skip

# What is heard between these words and a vowel after them.
_LIAISON: Final = {
    **dict.fromkeys((
        "les", "des", "ces", "mes", "tes", "ses", "nos", "vos", "aux", "nous", "vous", "ils", "elles", "deux",
        "trois", "dans", "sans", "chez", "très", "plus", "quels", "quelles", "leurs", "plusieurs", "certains",
        "certaines", "quelques", "autres", "grands", "petits",
    ), "z"),
    **dict.fromkeys((
        "un", "mon", "ton", "son", "en", "on", "aucun", "bien", "rien",
    ), "n"),
    **dict.fromkeys((
        "est", "sont", "ont", "tout", "quand", "grand", "petit", "c'est", "vingt",
    ), "t"),
    "six": "z", "dix": "z",
}  # fmt: skip
_CHANGED: Final = {"six": "si", "dix": "di"}
"""How these sound before a liaison, or before a consonant."""

_ASPIRATED: Final = (
    "hach", "haie", "haine", "haï", "hall", "halt", "hamac", "hameau", "hanche", "hand", "hangar", "hant",
    "harcel", "hardi", "harem", "hareng", "haricot", "harnais", "hasard", "hâte", "hausse", "haut",
    "hérisson", "hernie", "héros", "hêtre", "heurt", "hibou", "hiérarch", "hockey", "holland", "homard",
    "hongr", "hont", "hors", "houle", "huit", "hurl", "onze", "oui", "yaourt", "yacht",
)  # fmt: skip

_WEAK: Final = frozenset(
    {
        "le", "la", "les", "de", "des", "du", "au", "aux", "ce", "ces", "cet", "cette", "se", "me", "te",
        "ne", "je", "que", "qui", "mes", "tes", "ses", "nos", "vos", "mon", "ton", "son", "ma", "ta", "sa",
        "notre", "votre", "leur", "leurs", "un", "une", "et", "ou", "en", "on", "il", "ils", "elle", "elles",
        "tu", "nous", "vous", "y", "à", "a", "ai", "as", "est", "es", "sont", "ont", "dans", "sans", "sous",
        "chez", "par", "pour", "sur", "avec", "mais", "si", "très", "plus", "pas", "tout", "",
    }
)  # fmt: skip
_FULL_VOWEL: Final = re.compile(r"[aɑeɛioɔøœuy](?:\u0303)?(?=[^aɑeɛioɔøœuy\u0303]*$)")
_VOWEL_LETTERS: Final = "aàâäeéèêëiîïoôöuùûüyœh"


@dataclass(frozen=True, slots=True)
class _Token:
    """A word or a mark in lower case; where it begins; `hyphened` to the word before it, as in "avez-vous"."""

    text: str
    at: int
    hyphened: bool


def french(text: str, lookup: Lookup) -> list[Sound]:
    """A text's sounds, with its punctuation."""
    tokens = list(_tokens(text.replace("’", "'")))
    said: list[Sound] = []
    joined = True
    for token, after in itertools.zip_longest(tokens, tokens[1:]):
        if token.text[0].isalpha():
            if not joined and not token.hyphened:
                said.append(Sound(" ", None))
            said.append(Sound(_word(token, after, lookup), token.at))
            joined = token.text.endswith("'")
        else:
            opening = " “" if said else "“"
            said.append(Sound({"«": opening, "»": "”"}.get(token.text, token.text), None))
            joined = False
    return said


def _tokens(text: str) -> Iterator[_Token]:
    for match in _TOKEN.finditer(text):
        hyphened = match.start() > 1 and text[match.start() - 1] == "-"
        yield _Token(match.group().lower(), match.start(), hyphened)


def _word(token: _Token, after: _Token | None, lookup: Lookup) -> str:
    """One word, with the consonant that links it to the next."""
    text = token.text
    if text.endswith("'"):
        return _ELIDED.get(text, text[0])
    word_follows = after is not None and after.text[0].isalpha()
    sound = _KNOWN.get(text) or _cleaned(lookup(text))
    if text in _CHANGED and word_follows:
        sound = _CHANGED[text]
    link = _LIAISON.get(text, "") if after is not None and _begins_with_vowel(after.text) else ""
    # Words with hyphens between them have one stress, on the last: "avez-vous", "là-bas".
    weak = (after is not None and after.hyphened) or (text in _WEAK and not token.hyphened)
    return (sound if weak else _stressed(sound)) + link


def _begins_with_vowel(word: str) -> bool:
    return word[0] in _VOWEL_LETTERS and not word.startswith(_ASPIRATED)


def _stressed(sound: str) -> str:
    """French stresses the last full vowel."""
    found = _FULL_VOWEL.search(sound)
    return sound if found is None else sound[: found.start()] + "ˈ" + sound[found.start() :]


def _cleaned(sound: str) -> str:
    """IPA as Kokoro knows it."""
    for given, known in (
        ("tʃ", "ʧ"),
        ("dʒ", "ʤ"),
        ("g", "ɡ"),
        ("͡", ""),
        ("‿", ""),
        (".", ""),
        ("ʀ", "ʁ"),
        ("r", "ʁ"),
    ):
        sound = sound.replace(given, known)
    return sound


def load_lookup() -> Lookup:
    """g2p2's French model, from its wheel; about 100 MB of memory and two seconds.

    Raises:
        EngineNotInstalled: the wheel with the model is not installed.
    """
    spec = importlib.util.find_spec("g2p2_group_romance")
    path = Path(spec.origin if spec is not None and spec.origin else "").parent / "fr.g2p.xz"
    if spec is None or not path.is_file():
        raise EngineNotInstalled(
            "The French pronunciations of g2p2-group-romance are not installed.",
            next_step="Install the release that Viva Voce's requirements pin.",
        )
    return Model.from_bytes(lzma.decompress(path.read_bytes())).phonemize
