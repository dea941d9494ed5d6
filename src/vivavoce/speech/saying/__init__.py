"""How a written text is said: figures, dates, money, addresses and signs as words, decoration dropped. Pure, no I/O.

An engine calls `tokens(text, language)` with its voice's language (`en-US`, `de`), has `engines.text.pieces` cut them
and pronounces the pieces. Sentence punctuation stays at its word, so that cutting and melody work as with the written
text. Each token's `start` and `end` say where in the WRITTEN text it stands: that is how words are timed.

    said = tokens("It costs $3.50, Dr. Smith.", "en")
    text = " ".join(token.spoken for token in said)      # "It costs three dollars and fifty cents, Doctor Smith."
    said[2].written                                      # "$3.50,"

`abbreviated(text, end, language)` tells a full stop that ends a sentence from one that does not, for those who cut a
text before it is whole.

`refuse(text, language)` raises a `SpeechRejected` for a text that a voice cannot say. The server asks it before an
engine gets the text, so an engine may take `tokens` to be not empty.

English, German, French and Spanish are said in full; Italian, Portuguese and Dutch by the common rules; other languages
have their numbers said where num2words knows them, and keep the rest.
"""

from vivavoce.speech.saying import abbreviations
from vivavoce.speech.saying.languages import idiom_of
from vivavoce.speech.saying.speakable import refuse
from vivavoce.speech.saying.tokens import Token, spoken, tokens

__all__ = ["Token", "abbreviated", "refuse", "spoken", "tokens"]


def abbreviated(text: str, end: int, language: str) -> bool:
    """See `abbreviations.abbreviated`.

    Args:
        text: as it was written.
        end: after a full stop.
        language: a BCP 47 tag.
    """
    return abbreviations.abbreviated(text, end, idiom_of(language))
