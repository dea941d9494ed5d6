"""The offer to go on in another language: its words, and what the participant makes of it.

A participant who begins in another language of the study is asked once, in that language, whether the interview shall
go on in it. `protocol.listening` says when.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from vivavoce.protocol.languages import base_language
from vivavoce.protocol.words import find_phrase, tokens

OfferLine = Literal["offer", "switched", "kept"]
"""`offer` asks; `switched` is said when it is accepted, `kept` when it is not, each in its own language."""

OFFER_LINES: Mapping[str, Mapping[OfferLine, str]] = MappingProxyType(
    {
        "en": {
            "offer": "You are speaking English. Shall we go on in English?",
            "switched": "Good, then we go on in English.",
            "kept": "All right, we stay with English.",
        },
        "de": {
            "offer": "Sie sprechen Deutsch. Sollen wir auf Deutsch weitermachen?",
            "switched": "Gut, dann machen wir auf Deutsch weiter.",
            "kept": "In Ordnung, wir bleiben bei Deutsch.",
        },
        "fr": {
            "offer": "Vous parlez français. Souhaitez-vous continuer en français ?",
            "switched": "Bien, nous continuons en français.",
            "kept": "Très bien, nous restons en français.",
        },
        "es": {
            "offer": "Está hablando en español. ¿Quiere que sigamos en español?",
            "switched": "Bien, entonces seguimos en español.",
            "kept": "De acuerdo, seguimos en español.",
        },
        "ja": {
            "offer": "日本語でお話しですね。このまま日本語で続けましょうか。",
            "switched": "では、日本語で続けます。",
            "kept": "わかりました。このまま日本語で続けます。",
        },
    }
)
"""Language → line → text. A regional code (`en-GB`) uses its language's. A language that is not here is offered where
the study words it."""

# How an answer to the offer begins; the longest beginning decides ("no hay problema" is no "no").
_YES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "en": ("yes", "yeah", "yep", "yup", "sure", "of course", "please", "okay", "ok", "gladly", "absolutely",
               "definitely", "that would be", "i would like that", "id like that", "lets do that", "no problem"),
        "de": ("ja", "jawohl", "gern", "gerne", "bitte", "klar", "natürlich", "sicher", "okay", "ok", "in ordnung",
               "einverstanden", "das wäre", "sehr gerne", "kein problem", "nichts dagegen"),
        "fr": ("oui", "ouais", "si", "volontiers", "bien sûr", "d'accord", "avec plaisir", "okay", "ok",
               "s'il vous plaît", "je veux bien", "je préfère", "pas de problème", "absolument"),
        "es": ("sí", "claro", "por supuesto", "vale", "de acuerdo", "por favor", "okay", "ok", "bueno", "me gustaría",
               "prefiero", "con gusto", "no hay problema", "sin problema", "mejor"),
        "ja": ("はい", "ええ", "うん", "お願い", "そうですね", "そうして", "いいです", "もちろん", "大丈夫です"),
    }
)  # fmt: skip
_NO: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "en": ("no", "nope", "nah", "not necessary", "dont bother", "id rather not", "i would rather not",
               "rather not"),
        "de": ("nein", "nee", "nö", "lieber nicht", "nicht nötig", "bitte nicht", "muss nicht"),
        "fr": ("non", "pas besoin", "pas la peine", "ce n'est pas la peine", "ce n'est pas nécessaire", "plutôt pas"),
        "es": ("no", "mejor no", "no hace falta", "no es necesario", "prefiero que no"),
        "ja": ("いいえ", "いや", "結構です", "いりません", "必要ありません", "そのままで"),
    }
)  # fmt: skip
_FILLERS = frozenset(
    {"ah", "ahm", "ähm", "also", "bien", "bueno", "eh", "euh", "hm", "hmm", "oh", "pues", "uh", "um", "well"}
)
_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "en": ("english", "englisch", "anglais", "inglés", "英語"),
        "de": ("german", "deutsch", "allemand", "alemán", "ドイツ語"),
        "fr": ("french", "französisch", "français", "francés", "フランス語"),
        "es": ("spanish", "spanisch", "espagnol", "español", "castellano", "スペイン語"),
        "ja": ("japanese", "japanisch", "japonais", "japonés", "日本語"),
    }
)


class LanguageOffer(BaseModel):
    """The study's `language_offer`: whether another language is offered at all, and the study's own words for it.

    `lines` are texts by line and language; what is not there is said in the words of `OFFER_LINES`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    made: bool = True
    lines: dict[OfferLine, dict[str, str]] = Field(default_factory=dict[OfferLine, dict[str, str]])

    def text(self, line: OfferLine, language: str) -> str | None:
        """A line in a language; None where nobody has worded it."""
        own = self.lines.get(line, {}).get(language)
        return own or OFFER_LINES.get(base_language(language), {}).get(line)

    def worded(self, language: str) -> bool:
        """Whether every line is there in a language."""
        return all(self.text(line, language) for line in ("offer", "switched", "kept"))


def accepted(text: str, *, offered: str, language: str, spoken: str | None) -> bool:
    """Whether an answer accepts the offer. What is neither a yes nor a no counts by the language it is in.

    Args:
        text: the answer, as transcribed.
        offered: the language that was offered.
        language: of the session.
        spoken: the language the answer is in, as far as that is sure.
    """
    plain = _begins(text, (offered, language))
    if plain is not None:
        return plain
    if find_phrase(text, _NAMES.get(base_language(offered), ())) is not None:
        return True
    if find_phrase(text, _NAMES.get(base_language(language), ())) is not None:
        return False
    return spoken is not None and base_language(spoken) == base_language(offered)


def _begins(text: str, languages: Sequence[str]) -> bool | None:
    """What the longest known beginning says; None where there is none."""
    words = tokens(text)
    while len(words) > 1 and words[0] in _FILLERS:
        words = words[1:]
    best: tuple[int, bool] | None = None
    for language in languages:
        for beginning, means in _beginnings(base_language(language)):
            length = sum(map(len, beginning))
            spaced = words[: len(beginning)] == list(beginning)
            unspaced = base_language(language) == "ja" and "".join(words).startswith("".join(beginning))
            if (spaced or unspaced) and (best is None or length > best[0]):
                best = length, means
    return best[1] if best is not None else None


@cache
def _beginnings(base: str) -> tuple[tuple[tuple[str, ...], bool], ...]:
    return tuple(
        (tuple(tokens(phrase)), means)
        for phrases, means in ((_YES.get(base, ()), True), (_NO.get(base, ()), False))
        for phrase in phrases
    )
