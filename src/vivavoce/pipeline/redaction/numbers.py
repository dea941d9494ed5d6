"""Numbers that say who somebody is: telephone, card, account, passport, postcode, and dates of birth."""

from __future__ import annotations

import re
from collections.abc import Iterator

from vivavoce.pipeline.redaction.counting import Part, Run, runs
from vivavoce.pipeline.redaction.finding import Found
from vivavoce.pipeline.redaction.lexicon import Lexicon

PHONE_DIGITS = range(7, 16)
"""E.164 allows 15; shorter than 7 are extensions, prices and years."""

CUED_DIGITS = 5
"""From here on a number is personal if a word such as `phone` stands before it."""

CARD_DIGITS = range(13, 20)
"""ISO/IEC 7812-1: a primary account number; its last digit is a checksum (Luhn)."""

CUED_CARD_DIGITS = range(12, 20)
"""Of a card where a word says so: recognisers lose a digit."""

IBAN_LENGTH = range(15, 35)
"""ISO 13616-1: from Norway's 15 characters to the standard's limit of 34."""

CUED_IBAN_LENGTH = 8
"""Characters of an account number where a word says that it is one."""

POSTCODE_DIGITS = range(4, 7)

CUE_REACH = 60
"""Characters before a number in which its cue may stand."""

UNIT_REACH = 14
"""Characters after a number in which its unit may stand."""

BIRTH_REACH = 80
"""Characters of an answer in which a date of birth that was asked for stands."""

_DATE = re.compile(r"\b(?:\d{1,2}[./-]\s?\d{1,2}[./-]\s?(?:19|20)?\d\d|(?:19|20)\d\d-\d\d-\d\d)\b")
_WORD = re.compile(r"\d+(?:st|nd|rd|th|er|º|ª)?\b\.?|[^\W\d_]+(?:['’-][^\W\d_]+)*")


def numbers(text: str, lexicon: Lexicon, *, asked: str = "") -> Iterator[Found]:
    """Telephone and card numbers, IBANs, numbers of offices and insurers, postcodes.

    Args:
        text: what is looked through.
        lexicon: of its language.
        asked: what the other speaker had said before; may be the cue.
    """
    for run in runs(text, lexicon):
        before = f"{asked[-CUE_REACH:]} {text[: run.start]}"[-CUE_REACH:].lower()
        account = _account(run, cued=_said(lexicon.iban, before))
        if account is not None:
            yield account
            continue
        if _said(lexicon.id, before) and (identity := _identity(run)) is not None:
            yield identity
            continue
        for part in _figures(run):
            if (found := _number(part, text, before, lexicon)) is not None:
                yield found


def births(text: str, lexicon: Lexicon, *, asked: str = "") -> Iterator[Found]:
    """Dates of birth: a date after words that say that it is one, or a question for it. A year alone
    is none."""
    if not lexicon.born:
        return
    for cue in re.finditer(rf"\b(?:{lexicon.born})\b[\s,:]*", text, re.IGNORECASE):
        if (span := _date(text, cue.end(), lexicon)) is not None:
            yield Found("birth-date", *span, "numbers/born", 0.9)
    if _said(lexicon.birth_asked, asked.lower()):
        for word in _WORD.finditer(text, 0, BIRTH_REACH):
            if (span := _date(text, word.start(), lexicon)) is not None:
                yield Found("birth-date", *span, "numbers/born-asked", 0.85)
                return


def luhn(digits: str) -> bool:
    """Whether the last digit is the checksum of those before it (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def iban(text: str) -> bool:
    """Whether a text without spaces has an IBAN's form and its checksum (ISO 13616-1)."""
    if len(text) not in IBAN_LENGTH or re.fullmatch(r"[A-Z]{2}\d\d[A-Z0-9]+", text) is None:
        return False
    return int("".join(str(int(character, 36)) for character in text[4:] + text[:4])) % 97 == 1


def _said(cue: str, before: str) -> bool:
    return bool(cue) and re.search(cue, before) is not None


def _account(run: Run, *, cued: bool) -> Found | None:
    for first in range(len(run.parts)):
        characters = "".join(part.characters for part in run.parts[first:])
        if len(characters) < CUED_IBAN_LENGTH:
            break
        if re.match(r"[A-Z]{2}\d\d", characters) is None:
            continue
        # A recogniser's slip breaks the checksum; the word for it is enough then.
        for last in range(len(run.parts), first, -1):
            if iban("".join(part.characters for part in run.parts[first:last])):
                start, end = run.parts[first].start, run.parts[last - 1].end
                return Found("iban", start, end, "numbers/iban", 0.99)
        if cued and len(characters) >= IBAN_LENGTH.start:
            return Found("iban", run.parts[first].start, run.end, "numbers/iban-said", 0.9)
    digits = sum(len(part.characters) for part in run.parts if part.number)
    if cued and digits >= CUED_IBAN_LENGTH:
        return Found("iban", run.start, run.end, "numbers/account-said", 0.85)
    return None


def _identity(run: Run) -> Found | None:
    """The number of a paper, with its letters."""
    numbered = [place for place, part in enumerate(run.parts) if part.number]
    digits = sum(len(run.parts[place].characters) for place in numbered)
    if not numbered or digits < CUED_DIGITS - 1 or len(run.characters) < CUED_DIGITS:
        return None
    return Found("id", run.start, run.end, "numbers/id", 0.85)


def _figures(run: Run) -> Iterator[Run]:
    """The stretches of a run without letters."""
    parts: list[Part] = []
    for part in (*run.parts, None):
        if part is not None and part.number:
            parts.append(part)
        elif parts:
            begins = parts[0] is run.parts[0]
            yield Run(tuple(parts), run.start if begins else parts[0].start, run.plus and begins)
            parts = []


def _number(run: Run, text: str, before: str, lexicon: Lexicon) -> Found | None:
    digits, count = run.characters, len(run.characters)
    after = text[run.end : run.end + UNIT_REACH].lower()
    if lexicon.units and re.match(rf"[\s-]*(?:{lexicon.units})(?!\w)", after):
        return None
    card = _said(lexicon.card, before)
    if count in CARD_DIGITS and luhn(digits) and (card or len(set(digits)) > 2):
        return Found("card", run.start, run.end, "numbers/luhn", 0.95)
    if card and count in CUED_CARD_DIGITS:
        return Found("card", run.start, run.end, "numbers/card-said", 0.85)
    if count in POSTCODE_DIGITS and _said(lexicon.postcode, before):
        return Found("address", run.start, run.end, "numbers/postcode", 0.85)
    if run.counting:
        return None
    if CUED_DIGITS <= count < PHONE_DIGITS.stop and _said(lexicon.phone, before):
        return Found("phone", run.start, run.end, "numbers/phone-said", 0.85)
    if count in PHONE_DIGITS and (len(run.parts) > 2 or run.plus or digits[0] == "0" or count > 8):
        return Found("phone", run.start, run.end, "numbers/phone", 0.7)
    return None


def _date(text: str, start: int, lexicon: Lexicon) -> tuple[int, int] | None:
    """The date that begins there, with a day and a month; None: there is none."""
    if (written := _DATE.match(text, start)) is not None:
        return written.span()
    first = end = None
    numeric = months = 0
    at = start
    while (word := _WORD.match(text, at)) is not None:
        said = word.group().lower().rstrip(".")
        pieces = said.split("-")
        if said[0].isdigit() or all(piece in lexicon.number_words for piece in pieces):
            numeric += 1
        elif re.fullmatch(lexicon.months, said):
            months += 1
        elif all(re.fullmatch(lexicon.ordinals, piece) or piece in lexicon.number_words for piece in pieces):
            numeric += 1
        elif not re.fullmatch(lexicon.dates, said):
            break
        first = word.start() if first is None else first
        end = (
            word.end()
            if not re.fullmatch(lexicon.dates, said) or "hundert" in said or "tausend" in said
            else end
        )
        gap = re.compile(r"[\s,./-]{1,2}").match(text, word.end())
        if gap is None:
            break
        at = gap.end()
    if first is None or end is None or not ((months and numeric) or numeric > 2):
        return None
    return first, end - (text[end - 1] == ".")
