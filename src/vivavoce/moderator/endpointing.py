"""When is the participant's turn over? Silence, what was said, and how it sounded, weighed by the turn profile.

No single cue is safe: the local detectors call 40-80 % of some unfinished sentences complete. So a sentence that hangs
("because …", "um") waits long whatever the detector says, one that sounds unfinished waits longer, and one that is
complete in word and sound is answered after the profile's shortest wait.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from vivavoce.protocol.study import TurnProfile

Reason = Literal["complete", "sounds_unfinished", "hangs", "thinking"]

UNLIKELY = 0.30
"""Below this the local detector (livekit v1-mini) means «not finished»; its own thresholds are 0.20-0.40 a language."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


HANGING: dict[str, frozenset[str]] = {
    "en": _words(
        """and but or so because if when while that which who whose where as than like although though unless until
        the a an my your his her its our their this these some any every
        of to in on at by for from with about into over after before between through without under during
        is are was were am be been being have has had do does did will would could should can may might must
        i'm we're they're you're it's i've we've i'd he she we they i
        um uh er erm hmm mm well basically actually"""
    ),
    "de": _words(
        """und aber oder weil dass wenn als ob sondern denn sowie während obwohl damit bis
        der die das den dem des ein eine einen einem einer mein meine dein sein ihr unser
        in im an am auf aus bei beim mit nach von vom zu zum zur über unter vor für um durch gegen ohne zwischen
        ist sind war waren bin habe hat hatte haben wird würde kann könnte muss soll ich wir sie er
        äh ähm hm also"""
    ),
    "fr": _words(
        """et mais ou donc car parce que qu' quand si comme lorsque puisque qui dont où alors
        le la les l' un une des du de d' mon ma mes ton ta ses son notre votre leur ce cette ces
        à au aux en dans sur sous avec pour par sans chez entre vers
        est sont était étaient suis ai a avait ont je j' nous vous ils elles il elle
        euh hum ben enfin"""
    ),
    "es": _words(
        """y e pero o u porque que si cuando como aunque mientras donde quien pues entonces
        el la los las un una unos unas mi mis tu tus su sus nuestro este esta estos estas
        a al de del en con por para sin sobre entre hasta desde hacia
        es son era eran soy he ha había han estoy está yo nosotros ellos ella él
        eh em bueno"""
    ),
}
"""Words a finished sentence hardly ends with: conjunctions, articles, prepositions, auxiliaries, subjects, fillers."""

HANGING_ENDS: dict[str, tuple[str, ...]] = {
    "ja": (
        "けど",
        "けれど",
        "けれども",
        "ですが",
        "ますが",
        "えーと",
        "えっと",
        "ええと",
        "あのう",
        "あのー",
        "なんか",
        "まあ",
    )
}
"""The same for a language that is written without spaces: how the last of its text reads."""

THINKING: dict[str, tuple[str, ...]] = {
    "en": ("let me think", "let me see", "give me a second", "give me a moment", "one moment", "hold on"),
    "de": ("lass mich überlegen", "lassen sie mich überlegen", "moment", "mal überlegen", "warten sie"),
    "fr": (
        "laissez-moi réfléchir",
        "laisse-moi réfléchir",
        "un instant",
        "attendez",
        "voyons",
        "comment dire",
    ),
    "es": ("déjame pensar", "déjeme pensar", "un momento", "espera", "espere", "a ver"),
    "ja": ("ちょっと待ってください", "少し待ってください", "考えさせてください", "そうですねえ"),
}
"""Phrases that ask for time, at the end of what was said."""

_ENDING_ON_FINISHED_VERB = re.compile(
    r"\b(?:i am|i was|i have|i do|i did|i would|we are|we do|they are|it is|it was)$"
)
"""«Yes, I am.», «We do.»: an auxiliary that stands for its verb ends a sentence."""

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]*)?")


@dataclass(frozen=True)
class Judgement:
    """How long to wait, in seconds since the participant's last voiced sound, and why."""

    wait_s: float
    reason: Reason


def judge(text: str, *, language: str, probability: float | None, profile: TurnProfile) -> Judgement:
    """Say how long the participant must have been silent for the turn to be over.

    Args:
        text: what they said in this turn so far, as transcribed.
        language: of the session, e.g. `en` or `en-GB`.
        probability: the local detector's, 0-1, that the turn is complete; None where there is none.
        profile: the phase's turn profile.
    """
    cue = _cue(text, language.split("-")[0].lower())
    if cue is not None:
        return Judgement(profile.thinking_wait_s, cue)
    if probability is not None and probability < UNLIKELY:
        doubt = 1 - probability / UNLIKELY
        wait = profile.min_wait_s + (profile.max_wait_s - profile.min_wait_s) * doubt
        return Judgement(wait, "sounds_unfinished")
    return Judgement(profile.min_wait_s, "complete")


def _cue(text: str, language: str) -> Reason | None:
    plain = text.strip().casefold().replace("’", "'")
    bare = plain.rstrip(".!?…, -–—。、！？")
    if any(bare.endswith(phrase) for phrase in THINKING.get(language, ())):
        return "thinking"
    if plain.endswith(("...", "…", ",", "、", "-", "–", "—")) or bare.endswith(
        HANGING_ENDS.get(language, ())
    ):
        return "hangs"
    words = _WORD.findall(bare)
    if not words or words[-1] not in HANGING.get(language, frozenset()):
        return None
    if len(words) > 1 and plain.endswith((".", "!", "?")) and _ENDING_ON_FINISHED_VERB.search(bare):
        return None
    return "hangs"
