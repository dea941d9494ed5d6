"""Where somebody is to be reached: e-mail and web addresses, written or as spoken, and where
somebody lives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from vivavoce.pipeline.redaction.finding import Found
from vivavoce.pipeline.redaction.lexicon import Lexicon

TOP_LEVEL = (
    "com|org|net|edu|gov|info|io|eu|de|fr|es|uk|us|at|ch|it|nl|be|ca|me|mx|ar|cl|pe|app|dev|blog|tv"
    "|co|ie|pt|pl|se"
    "|no|dk"
)
"""Domains that end a spoken address. Others are found when written."""

PROVIDERS = (
    "gmail|g mail|googlemail|hotmail|outlook|yahoo|gmx|web|icloud|me|proton|protonmail|proton mail"
    "|posteo|mailbox|live|aol"
    "|free|orange|laposte|la poste|sfr|wanadoo|t online|t-online|freenet|msn|ymail|zoho|fastmail"
    "|telefonica|terra|bluewin"
)
"""Who has mailboxes: what stands before `at` and one of them is one."""

MAIL_REACH = 60
"""Characters before a spoken address in which `e-mail` or the like may stand."""

SITE_REACH = 40

_WRITTEN_EMAIL = re.compile(r"\w[\w.+-]*@[\w-]+(?:\.[\w-]+)+")
_WRITTEN_SITE = re.compile(
    rf"(?:https?://|www\.)[^\s,;]+\w|\b[\w-]+(?:\.[\w-]+)*\.(?:{TOP_LEVEL})\b(?:/[\w/-]+)?", re.IGNORECASE
)
_PROFILE = re.compile(
    r"\b(?:linkedin\.com/in|facebook\.com|instagram\.com|github\.com|twitter\.com|x\.com|tiktok\.com"
    r"|youtube\.com)/[\w@./-]*\w",
    re.IGNORECASE,
)
_HANDLE = re.compile(r"(?<![\w@.])@\w[\w.]{2,}")
_ATOM = r"\w[\w.+-]*"


def emails(text: str, lexicon: Lexicon) -> Iterator[Found]:
    """E-mail addresses, and names on platforms as they are written, with their `@`."""
    for match in _WRITTEN_EMAIL.finditer(text):
        yield Found("e-mail", match.start(), match.end(), "contacts/e-mail", 0.99)
    for match in _HANDLE.finditer(text):
        yield Found(
            "web", match.start(), match.end() - (text[match.end() - 1] == "."), "contacts/handle", 0.9
        )
    if not lexicon.at:
        return
    for match in _spoken_email(lexicon).finditer(text):
        local = match["local"].strip()
        last = re.split(r"[\s,]+", local)[-1].lower()
        cued = re.search(
            lexicon.mail, text[max(0, match.start() - MAIL_REACH) : match.start()], re.IGNORECASE
        )
        made = len(re.split(r"[\s,]+", local)) > 1 or any(character.isdigit() for character in local)
        unlike = last in lexicon.not_local
        if not unlike and (match["provider"] or cued or made or lexicon.at.startswith("aro")):
            start = match.start("local") + _leading(match["local"])
            yield Found("e-mail", start, match.end(), "contacts/spoken-e-mail", 0.95)


def sites(text: str, lexicon: Lexicon) -> Iterator[Found]:
    """Web addresses of somebody's own. Others say where somebody shops or reads, which is what
    studies ask about."""
    for match in _PROFILE.finditer(text):
        yield Found("web", match.start(), match.end(), "contacts/profile", 0.9)
    if not lexicon.own_site:
        return
    for pattern in (_WRITTEN_SITE, _spoken_site(lexicon)):
        for match in pattern.finditer(text):
            before = text[max(0, match.start() - SITE_REACH) : match.start()]
            if re.search(lexicon.own_site, before, re.IGNORECASE):
                yield Found("web", match.start(), match.end(), "contacts/own-site", 0.85)


def addresses(text: str, lexicon: Lexicon) -> Iterator[Found]:
    """Streets with a house number, with what follows of postcode and place."""
    for pattern in _streets(lexicon):
        for match in pattern.finditer(text):
            yield Found("address", match.start(), match.end(), "contacts/street", 0.85)


@cache
def _streets(lexicon: Lexicon) -> tuple[re.Pattern[str], ...]:
    said = "|".join(sorted(map(re.escape, lexicon.number_words), key=len, reverse=True))
    number = rf"(?:\b\d{{1,5}}[a-d]?\b|\b(?:{said})\b(?:[ -](?:{said}|hundred)\b){{0,3}})"
    after = r"(?:,? (?:in |à |en )?\d{4,5},? (?-i:[A-ZÀ-Ý])[\w-]+)?"
    word = (
        r"(?!(?:and|or|of|the|years?|months?|minutes?|hours?|people|times|ago|on|in|down|across|from"
        r"|way|big|busy|long|block"
        r"s?|doors?|whole|side|main|dead|small|quiet|kids|children|floor|miles|cars|shops|at|to|is|was"
        r"|different)\b)[\w'’-]+"
    )
    return tuple(
        re.compile(pattern.format(n=number, w=word) + after, re.IGNORECASE) for pattern in lexicon.streets
    )


@cache
def _spoken_email(lexicon: Lexicon) -> re.Pattern[str]:
    said = "|".join(sorted(map(re.escape, lexicon.number_words), key=len, reverse=True))
    joint = rf"(?:{lexicon.dot}|{lexicon.dash})"
    numbers = rf"(?:[\s,-]+(?:\d+|(?:{said})\b))*"
    local = rf"(?:(?:\b\w[\s,]+){{2,}})?{_ATOM}{numbers}(?:[\s,]+{joint}[\s,]+(?:(?:\w[\s,]+){{2,}})?{_ATOM}{numbers})*"
    ends = rf"(?:[\s,]*(?:{lexicon.dot}|\.)[\s,]*(?:{TOP_LEVEL})\b)+"
    name = rf"(?:(?P<provider>(?:{PROVIDERS})(?=[\s,.-]))|{_ATOM}(?:\s+{joint}\s+{_ATOM})*?(?:\s+{_ATOM})??)"
    return re.compile(
        rf"\b(?P<local>{local})[\s,]+(?:{lexicon.at})[\s,]+(?:{name}{ends}|[\w-]+\.(?:{TOP_LEVEL})\b)",
        re.IGNORECASE,
    )


@cache
def _spoken_site(lexicon: Lexicon) -> re.Pattern[str]:
    joint = rf"(?:{lexicon.dot}|{lexicon.dash})"
    return re.compile(
        rf"\b(?:(?:www|w w w|double u double u double u)\s+(?:{lexicon.dot})\s+)?[\w-]+"
        rf"(?:\s+{joint}\s+[\w-]+)*?(?:\s+(?:{lexicon.dot})\s+(?:{TOP_LEVEL})\b)+",
        re.IGNORECASE,
    )


def _leading(local: str) -> int:
    """Characters before the mailbox proper: a word such as `is` that spelled letters were taken to
    follow."""
    match = re.match(r"(?:(?:a|i|es|is|y)\s+)(?=\w{2,})", local, re.IGNORECASE)
    return match.end() if match else 0
