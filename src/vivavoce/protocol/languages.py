"""Language codes: ISO 639-1, with an optional region (`pt-BR`)."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

_TABLE = """
aa Afar|ab Abkhazian|ae Avestan|af Afrikaans|ak Akan|am Amharic|an Aragonese|ar Arabic|as Assamese|av Avaric
ay Aymara|az Azerbaijani|ba Bashkir|be Belarusian|bg Bulgarian|bi Bislama|bm Bambara|bn Bengali|bo Tibetan|br Breton
bs Bosnian|ca Catalan|ce Chechen|ch Chamorro|co Corsican|cr Cree|cs Czech|cu Church Slavic|cv Chuvash|cy Welsh
da Danish|de German|dv Divehi|dz Dzongkha|ee Ewe|el Greek|en English|eo Esperanto|es Spanish|et Estonian|eu Basque
fa Persian|ff Fulah|fi Finnish|fj Fijian|fo Faroese|fr French|fy Western Frisian|ga Irish|gd Scottish Gaelic
gl Galician|gn Guarani|gu Gujarati|gv Manx|ha Hausa|he Hebrew|hi Hindi|ho Hiri Motu|hr Croatian|ht Haitian Creole
hu Hungarian|hy Armenian|hz Herero|ia Interlingua|id Indonesian|ie Interlingue|ig Igbo|ii Sichuan Yi|ik Inupiaq
io Ido|is Icelandic|it Italian|iu Inuktitut|ja Japanese|jv Javanese|ka Georgian|kg Kongo|ki Kikuyu|kj Kuanyama
kk Kazakh|kl Kalaallisut|km Khmer|kn Kannada|ko Korean|kr Kanuri|ks Kashmiri|ku Kurdish|kv Komi|kw Cornish|ky Kyrgyz
la Latin|lb Luxembourgish|lg Ganda|li Limburgish|ln Lingala|lo Lao|lt Lithuanian|lu Luba-Katanga|lv Latvian
mg Malagasy|mh Marshallese|mi Maori|mk Macedonian|ml Malayalam|mn Mongolian|mr Marathi|ms Malay|mt Maltese|my Burmese
na Nauru|nb Norwegian Bokmål|nd North Ndebele|ne Nepali|ng Ndonga|nl Dutch|nn Norwegian Nynorsk|no Norwegian
nr South Ndebele|nv Navajo|ny Chichewa|oc Occitan|oj Ojibwa|om Oromo|or Odia|os Ossetian|pa Punjabi|pi Pali|pl Polish
ps Pashto|pt Portuguese|qu Quechua|rm Romansh|rn Rundi|ro Romanian|ru Russian|rw Kinyarwanda|sa Sanskrit|sc Sardinian
sd Sindhi|se Northern Sami|sg Sango|si Sinhala|sk Slovak|sl Slovenian|sm Samoan|sn Shona|so Somali|sq Albanian
sr Serbian|ss Swati|st Southern Sotho|su Sundanese|sv Swedish|sw Swahili|ta Tamil|te Telugu|tg Tajik|th Thai
ti Tigrinya|tk Turkmen|tl Tagalog|tn Tswana|to Tonga|tr Turkish|ts Tsonga|tt Tatar|tw Twi|ty Tahitian|ug Uyghur
uk Ukrainian|ur Urdu|uz Uzbek|ve Venda|vi Vietnamese|vo Volapük|wa Walloon|wo Wolof|xh Xhosa|yi Yiddish|yo Yoruba
za Zhuang|zh Chinese|zu Zulu
"""

LANGUAGES: Mapping[str, str] = MappingProxyType(
    {
        code: name
        for line in _TABLE.split("\n")
        if line
        for code, _, name in (item.partition(" ") for item in line.split("|"))
    }
)
"""ISO 639-1 code → English name."""

RIGHT_TO_LEFT = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})
"""Languages written from the right, where their code names no script."""

_FROM_THE_RIGHT = frozenset({"arab", "hebr", "thaa", "syrc", "nkoo", "adlm"})

_CODE = re.compile(r"([a-z]{2})(-[A-Z]{2})?")


def base_language(code: str) -> str:
    """The language of a code, without its region."""
    return code.partition("-")[0]


def direction(code: str) -> Literal["ltr", "rtl"]:
    """Which way a language is written. A script decides over the language: az-Arab is from the right, ur-Latn not."""
    language, *subtags = code.lower().replace("_", "-").split("-")
    script = next((tag for tag in subtags if len(tag) == 4 and tag.isalpha()), None)
    right = script in _FROM_THE_RIGHT if script is not None else language in RIGHT_TO_LEFT
    return "rtl" if right else "ltr"


def is_language(code: str) -> bool:
    """Whether this is a code as study files write it: `en`, `pt-BR`."""
    match = _CODE.fullmatch(code)
    return match is not None and match.group(1) in LANGUAGES


def describe(code: str) -> str:
    """A code with its name: `Spanish (es)`."""
    return f"{LANGUAGES.get(base_language(code), 'unknown')} ({code})"


def nearest_code(written: str) -> str | None:
    """The code somebody may have meant: `EN`, `en_US`, `English`, `eng`."""
    tidy = written.strip().replace("_", "-")
    language, _, region = tidy.partition("-")
    code = language.lower() + (f"-{region.upper()}" if len(region) == 2 else "")
    if is_language(code):
        return code
    by_name = {name.casefold(): code for code, name in LANGUAGES.items()}
    named = difflib.get_close_matches(tidy.casefold()[:40], list(by_name), n=1, cutoff=0.75)
    if named:
        return by_name[named[0]]
    return language.lower()[:2] if len(language) == 3 and is_language(language.lower()[:2]) else None
