"""What a moderator does not say, whoever words it: leading questions, advice, talk about its instructions, praise.

By language: data for `protocol.conduct.judge`, in the notation of `protocol.phrases`; every phrase stands at the
beginning of a clause, and anything may follow it. The study checker knows leading questions from the same list.

- `leading`: a question that begins so has its answer in it.
- `tags`: at the end of a question, they ask for agreement.
- `advice`: tells the participant what to do.
- `reports`: what follows it in the sentence is the participant's opinion, mirrored.
- `disclosure`: speaks about the model or about what it was told; anywhere in a clause.
- `anywhere`: whether the phrases are looked for as they stand, anywhere: scripts without spaces have no words to count.
"""

from collections.abc import Mapping
from types import MappingProxyType

from vivavoce.protocol.conduct.english import ENGLISH
from vivavoce.protocol.conduct.french import FRENCH
from vivavoce.protocol.conduct.german import GERMAN
from vivavoce.protocol.conduct.japanese import JAPANESE
from vivavoce.protocol.conduct.phrases import ConductPhrases
from vivavoce.protocol.conduct.spanish import SPANISH

__all__ = ["CONDUCT", "ConductPhrases"]

CONDUCT: Mapping[str, ConductPhrases] = MappingProxyType(
    {"en": ENGLISH, "de": GERMAN, "fr": FRENCH, "es": SPANISH, "ja": JAPANESE}
)
"""By language. In a language that is not here only what a model was told word for word is recognised."""
