"""What participants say to steer an interview, by language: data for `protocol.intent`.

The notation is that of `protocol.phrases`: `(a|b)` one of them, `[a|b]` one of them or nothing, `...` some words.

- `alone`: the whole utterance, to the word.
- `whole`: the whole utterance, one or several of them, with `fillers` around and between.
- `strong`: a sentence of the utterance, with fillers around; so telling that more may be said beside it.
"""

from collections.abc import Mapping
from types import MappingProxyType

from vivavoce.protocol.cues.cue import Cue, LanguageCues
from vivavoce.protocol.cues.english import ENGLISH
from vivavoce.protocol.cues.french import FRENCH
from vivavoce.protocol.cues.german import GERMAN
from vivavoce.protocol.cues.japanese import JAPANESE
from vivavoce.protocol.cues.spanish import SPANISH

__all__ = ["CUES", "Cue", "LanguageCues"]

CUES: Mapping[str, LanguageCues] = MappingProxyType(
    {"en": ENGLISH, "de": GERMAN, "fr": FRENCH, "es": SPANISH, "ja": JAPANESE}
)
"""By language. In a language that is not here every utterance is read as an answer."""
