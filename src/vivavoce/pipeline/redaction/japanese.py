"""Japanese, as personal data is spoken in it: numbers digit by digit, addresses with their signs, names that are given.

It is written without spaces, so that its rules look for signs and not for words. What is in figures and Latin letters
the rules for all languages find.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from vivavoce.pipeline.redaction.finding import Found, Kind
from vivavoce.pipeline.redaction.lexicon import Lexicon
from vivavoce.pipeline.redaction.numbers import CARD_DIGITS, luhn

JAPANESE = Lexicon(
    language="ja",
    phone=r"電話|携帯|番号|連絡先|スマホ|ファックス|whatsapp|tel",
    card=r"カード|クレジット|visa|mastercard",
    iban=r"口座|iban",
    id=r"マイナンバー|免許|保険証|パスポート|旅券|年金",
    postcode=r"郵便番号",
)

CUE_REACH = 30
"""Characters before a number in which its cue may stand."""

LEAST_DIGITS = 7
"""Of a number that is looked at: a postcode has as many, a telephone number without its area nearly."""

PHONE_DIGITS = range(9, 13)
"""Of a number that begins with 0, its area included: ten or eleven (https://www.soumu.go.jp/, numbering plan), and one
that a recogniser lost or added."""

_DIGITS = {
    said: str(digit)
    for digit, many in enumerate(
        (
            "ゼロ ぜろ レイ れい マル まる 〇 ○ 零",
            "イチ いち 一",
            "ニ に 二",
            "サン さん 三",
            "ヨン よん シ し 四",
            "ゴ ご 五",
            "ロク ろく 六",
            "ナナ なな シチ しち 七",
            "ハチ はち 八",
            "キュウ きゅう ク く 九",
        )
    )
    for said in many.split()
}
_DIGIT = "|".join([*sorted(_DIGITS, key=len, reverse=True), r"\d"])
_GAP = r"(?:[\s、,，・./()（）\-‐–—−ー]|の|ハイフン|はいふん){0,4}"
_ONE = re.compile(_DIGIT)
_RUN = re.compile(rf"(?:{_DIGIT})(?:{_GAP}(?:{_DIGIT})){{{LEAST_DIGITS - 1},24}}")
_PARTICLES = frozenset("にしくご")
"""Digits that are parts of speech, too, where they stand beside figures or signs."""

_SIGN = r"A-Za-zＡ-Ｚａ-ｚ\dァ-ヶー・_+\-一-龯々〇"
_AT = r"(?:アットマーク|あっとまーく|アット|あっと|[@＠])"
_DOT = r"(?:ドット|どっと)"
_SPOKEN_AT = re.compile(_AT)
_TOP = r"(?:[A-Za-zＡ-Ｚａ-ｚ]{2,}|[ァ-ヶー]{2,}|こむ|ねっと|じぇーぴー)"
_PROVIDER = (
    r"(?:ジーメール|じーめーる|gmail|ヤフー|アイクラウド|icloud|ドコモ|docomo|ホットメール|アウトルック)"
)
_EMAIL = re.compile(
    rf"(?:(?:[{_SIGN}][\s、,]{{0,2}}){{1,32}}|(?:(?<=[はがも、。\s])|^)[ぁ-ん]{{2,20}}[\s、]{{0,2}}){_AT}[\s、]{{0,2}}"
    rf"(?:(?:[{_SIGN}ぁ-ん][\s、]?){{1,24}}?(?:{_DOT}\s?{_TOP}\s?)+|{_PROVIDER})",
    re.IGNORECASE,
)
_NAME = r"(?:[一-龯々]{1,6}|[ァ-ヶー・]{2,14}|[ぁ-ん]{2,9})(?:[\s　](?:[一-龯々]{1,4}|[ァ-ヶー]{2,8}|[ぁ-ん]{2,6}))?"
_NAMED = (
    re.compile(rf"(?:名前は|氏名は|わたくし|わたし|私)、?(?P<name>{_NAME})(?:です|と(?:申|もう|言い|いい))"),
    re.compile(rf"(?:^|[、。\s]|は)(?P<name>{_NAME})と(?:申し|もうし)"),
)


def spoken(text: str, *, participant: bool, asked: str = "") -> Iterator[Found]:
    """What is said as no other language says it.

    Args:
        text: what is looked through.
        participant: who says it; the moderator gives no name.
        asked: what the other speaker had said before; may be the cue of a number.
    """
    for match in _EMAIL.finditer(text) if _SPOKEN_AT.search(text) else ():
        yield Found("e-mail", match.start(), _end(text, match.start(), match.end()), "japanese/e-mail", 0.95)
    for match in _RUN.finditer(text):
        digits = _trimmed(match)
        kind = _kind(
            "".join(_digit(digit.group()) for digit in digits),
            f"{asked[-CUE_REACH:]} {text[max(0, match.start() - CUE_REACH) : match.start()]}"[-CUE_REACH:],
        )
        if kind is not None:
            yield Found(kind, digits[0].start(), digits[-1].end(), "japanese/digits", 0.85)
    if participant:
        for pattern in _NAMED:
            for match in pattern.finditer(text):
                yield Found("name", match.start("name"), match.end("name"), "japanese/introduced", 0.85)


def _end(text: str, start: int, end: int) -> int:
    return start + len(text[start:end].rstrip())


def _trimmed(run: re.Match[str]) -> list[re.Match[str]]:
    """The digits of a run without particles at its ends: 〇九〇…七八に is followed by one."""
    digits = list(_ONE.finditer(run.string, run.start(), run.end()))
    while len(digits) > 1 and _particle(digits[-1], digits[-2]):
        digits.pop()
    while len(digits) > 1 and _particle(digits[0], digits[1]):
        digits.pop(0)
    return digits


def _digit(said: str) -> str:
    return _DIGITS[said] if said in _DIGITS else str(int(said))


def _particle(digit: re.Match[str], beside: re.Match[str]) -> bool:
    return digit.group() in _PARTICLES and not "ぁ" <= beside.group()[0] <= "ん"


def _kind(digits: str, before: str) -> Kind | None:
    """What a number is; None: nobody's."""
    count = len(digits)
    if count < LEAST_DIGITS:
        return None
    if (count in CARD_DIGITS and luhn(digits)) or (count > LEAST_DIGITS and re.search(JAPANESE.card, before)):
        return "card"
    cues: tuple[tuple[str, Kind], ...] = (
        (JAPANESE.id, "id"),
        (JAPANESE.postcode, "address"),
        (JAPANESE.iban, "iban"),
    )
    for cue, kind in cues:
        if re.search(cue, before):
            return kind
    area = digits[0] == "0" and count in PHONE_DIGITS
    return "phone" if area or re.search(JAPANESE.phone, before) else None
