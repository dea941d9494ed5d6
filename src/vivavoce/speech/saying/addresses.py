"""E-mail addresses, links, handles and file names, as a person would dictate them."""

from __future__ import annotations

import re
from typing import Final

from vivavoce.speech.saying.context import Said
from vivavoce.speech.saying.idiom import Idiom, Words

_GENERIC: Final = (
    "com|org|net|edu|gov|mil|int|info|biz|app|dev|online|shop|site|blog|cloud|museum|health|academy|eu"
)
_COUNTRIES: Final = "de|fr|uk|ch|nl|pl|se|dk|fi|cz|io|ai|ca|au|br|mx|ar|jp|cn|ru|pt|gr|hu|ro|ie|nz|kr|za|tr"
_HOST: Final = r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,8}"
_URL: Final = re.compile(
    rf"(?:https?://|ftp://|www\.)[^\s<>\"'“”»]{{1,2000}}|{_HOST}(?:{_GENERIC}|{_COUNTRIES})(?![\w-])(?::\d{{1,5}})?(?:/[^\s<>\"'“”»]{{0,2000}})?",
    re.IGNORECASE,
)
_EMAIL: Final = re.compile(
    r"(?:mailto:)?[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}(?![\w@])", re.IGNORECASE
)
_HANDLE: Final = re.compile(r"@(\w[\w.]{0,60}\w|\w)")
_HASHTAG: Final = re.compile(r"#([^\W\d]\w{0,100})")
_FILE: Final = re.compile(
    r"[\w-]{1,100}\.(?:pdf|txt|docx?|xlsx?|pptx?|csv|md|py|js|ts|html?|css|json|ya?ml|toml|xml|png|jpe?g|gif|svg|mp[34]|wav|zip|gz|exe|ini|sh)(?![\w])"
)
_TRAILING: Final = ".,;:!?)]}…"

_RUNS: Final = re.compile(r"[^\W\d_]+|\d+|[\W_]")
_VOWELS: Final = frozenset("aeiouyäöüáéíóúàèìòùâêîôûœæ")


def address(text: str, at: int, idiom: Idiom) -> Said | None:
    """An e-mail address, a link, a handle, a hashtag or a file name that begins here."""
    words = idiom.words
    for pattern in (_EMAIL, _URL):
        match = pattern.match(text, at)
        if match is None:
            continue
        written = match.group().rstrip(_TRAILING)
        if pattern is _URL and (
            "." not in written.split("/")[-1] and "/" not in written and "." not in written
        ):
            continue
        bare = re.sub(r"^(?:mailto:|https?://|ftp://)", "", written, flags=re.IGNORECASE).rstrip("/")
        if bare:
            return Said(at, at + len(written), _dictated(bare, idiom, words))
    if text[at] == "@" and (match := _HANDLE.match(text, at)):
        return Said(at, match.end(), f"{words.at} {_dictated(match.group(1), idiom, words)}")
    if text[at] == "#" and (match := _HASHTAG.match(text, at)):
        return Said(at, match.end(), f"{words.hashtag} {_dictated(_parted(match.group(1)), idiom, words)}")
    if match := _FILE.match(text, at):
        return Said(at, match.end(), _dictated(match.group(), idiom, words))
    return None


def _dictated(written: str, idiom: Idiom, words: Words) -> str:
    signs = {
        "@": words.at,
        ".": words.dot,
        "/": words.slash,
        "-": words.dash,
        "_": words.underscore,
        "+": words.plus,
        "&": words.and_,
        "=": words.equals,
        "#": words.hash,
        "%": words.percent,
        "~": "",
    }
    said: list[str] = []
    host = written.rpartition("@")[2].partition("/")[0]
    country = len(written.partition("/")[0]) - 2 if "." in host and not host[-3:-2].isalpha() else -1
    for match in _RUNS.finditer(written):
        run = match.group()
        if run.isdecimal():
            said.append(_number(run, idiom))
        elif run[0].isalpha():
            said.append(idiom.spelt(run) if match.start() == country else _letters(run, idiom))
        else:
            said.append(signs.get(run, ""))
    return " ".join(part for part in said if part)


def _number(figures: str, idiom: Idiom) -> str:
    if len(figures) == 4 and figures[:2] in ("19", "20"):
        return idiom.year(int(figures))
    return idiom.whole(figures) if len(figures) <= 2 else idiom.digits(figures)


def _letters(run: str, idiom: Idiom) -> str:
    """A word; letters that make none are said one by one."""
    spelt = len(run) == 1 or (len(run) <= 5 and not set(run.lower()) & _VOWELS)
    return idiom.spelt(run) if spelt else run


def _parted(tag: str) -> str:
    """ "ClimateAction" as its words."""
    return re.sub(r"(?<=[a-zß-öø-ÿ])(?=[A-ZÀ-Þ])", " ", tag).replace("_", " ")
