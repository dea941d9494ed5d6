"""What the rules know of a language: its number words, and the words that personal data follows or
is said with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from num2words import num2words

from vivavoce.protocol.languages import base_language

COUNTED = 1000
"""Number words below that are known: telephone numbers are said in groups of three digits at most."""


@dataclass(frozen=True, eq=False)
class Lexicon:
    """A language's words, all in lower case; patterns are regular expressions without groups that have numbers.

    Attributes:
        language: ISO 639-1 code; none for what is written alike in all of them.
        more_numbers: number words beside those of num2words, and what they stand for, in digits.
        repeats: `double` and `triple`, and how often the next digit stands.
        fillers: words inside a number that are none of it, such as `then`.
        plus: how the sign before a country's code is said.
        units: what a number is no telephone number before: money, people, percent.
        dot: how the signs of an address are spoken.
        at: likewise.
        dash: likewise, those that stand between two words.
        mail: what an e-mail address follows.
        own_site: what a web address of somebody's own follows.
        not_local: words before `at` that are no mailbox: `I looked at example dot com` names a site.
        months: their names.
        ordinals: of days.
        dates: words inside a date.
        born: what a date of birth follows.
        birth_asked: a question for it.
        phone: what a telephone number follows, or is asked for with.
        card: likewise a card's.
        iban: likewise an account's.
        id: likewise a passport's, an insurance's.
        postcode: likewise a postcode.
        introductions: what a name follows, in any spelling.
        introductions_capital: what a name follows if it has a capital.
        relations: what a name with a capital follows: titles and kin.
        name_asked: a question for a name.
        spelled: what a spelled word follows.
        answers: words before the name in an answer to that.
        after_name: words that end a name, or that are none.
        common: names that are words, too: they count with a surname, or in the middle of a sentence where only names
            have capitals.
        places: names that are places, months, brands, too: with a surname only.
        before_place: words that a place follows and no person.
        nouns_capital: every noun has a capital, so that it says nothing of a name.
        streets: patterns of an address, with `{n}` for a number and `{w}` for a word.
    """

    language: str = ""
    more_numbers: Mapping[str, str] = field(default_factory=dict[str, str])
    repeats: Mapping[str, int] = field(default_factory=dict[str, int])
    fillers: frozenset[str] = frozenset()
    plus: frozenset[str] = frozenset()
    units: str = ""
    dot: str = ""
    at: str = ""
    dash: str = ""
    mail: str = r"e-?mail|@"
    own_site: str = ""
    not_local: frozenset[str] = frozenset()
    months: str = ""
    ordinals: str = ""
    dates: str = ""
    born: str = ""
    birth_asked: str = ""
    phone: str = r"whatsapp|tel\b"
    card: str = r"visa|mastercard|amex"
    iban: str = r"iban"
    id: str = ""
    postcode: str = ""
    introductions: str = ""
    introductions_capital: str = ""
    relations: str = ""
    name_asked: str = ""
    spelled: str = ""
    answers: str = ""
    after_name: frozenset[str] = frozenset()
    common: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()
    before_place: frozenset[str] = frozenset()
    nouns_capital: bool = False
    streets: tuple[str, ...] = ()

    @cached_property
    def numbers(self) -> Mapping[str, str]:
        """Number words, those of several words with single spaces between them, and their digits."""
        if not self.language:
            return self.more_numbers
        said = {
            num2words(number, lang=self.language).replace("-", " ").lower(): str(number)
            for number in range(COUNTED)
        }
        return said | dict(self.more_numbers)

    @cached_property
    def number_words(self) -> frozenset[str]:
        """The single words of numbers below 100."""
        return frozenset(
            word for words, digits in self.numbers.items() if len(digits) < 3 for word in words.split()
        )

    @cached_property
    def longest_number(self) -> int:
        """Words of the number with most of them."""
        return max((words.count(" ") + 1 for words in self.numbers), default=1)


def words(text: str) -> frozenset[str]:
    """The words of a text as a set."""
    return frozenset(text.split())


def lexicons(language: str | None) -> tuple[Lexicon, ...]:
    """Those to read a text with: its language's; all where nobody knows it; what is written alike in all of them where
    there are no rules for it.
    """
    from vivavoce.pipeline.redaction.english import ENGLISH
    from vivavoce.pipeline.redaction.french import FRENCH
    from vivavoce.pipeline.redaction.german import GERMAN
    from vivavoce.pipeline.redaction.japanese import JAPANESE
    from vivavoce.pipeline.redaction.spanish import SPANISH

    there = {lexicon.language: lexicon for lexicon in (ENGLISH, GERMAN, FRENCH, SPANISH, JAPANESE)}
    if language is None:
        return tuple(there.values())
    lexicon = there.get(base_language(language))
    return (ANY,) if lexicon is None else (lexicon,)


ANY = Lexicon()
"""What is written alike in all languages: figures, e-mail addresses, IBANs."""
