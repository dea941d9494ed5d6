"""A study at a glance: its phases, how much is said in each, and how long an interview may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from vivavoce.protocol.study import Phase, Study
from vivavoce.protocol.words import count_words

WORDS_A_SECOND = 3.0
"""How fast the moderator speaks: Kokoro's English voices said 2.7 to 3.6 words a second in eight sentences."""

# What an answer is taken to last, by the pace of its phase: a guess to plan with, interviews differ widely.
_ANSWER_S: Mapping[str, float] = MappingProxyType({"brisk": 12.0, "standard": 20.0, "reflective": 75.0})
_PROBED_SHARE = 0.5
_PROBE_ANSWER_SHARE = 0.5


@dataclass(frozen=True)
class QuestionOutline:
    """One question in one language. `probes` are the ids that may follow."""

    id: str
    wording: str
    required: bool
    words: int
    probes: tuple[str, ...]


@dataclass(frozen=True)
class PhaseOutline:
    """One phase. `words` are those of its intro and questions; `estimate_s` is them spoken, answered, some probed."""

    id: str
    title: str
    objective: str
    min_minutes: float
    max_minutes: float
    turn_profile: str
    words: int
    estimate_s: float
    questions: tuple[QuestionOutline, ...]


@dataclass(frozen=True)
class Outline:
    """The whole study in one language; `words` and `estimate_s` include opening and closing."""

    id: str
    title: str
    language: str
    content_hash: str
    hard_limit_minutes: float
    words: int
    estimate_s: float
    phases: tuple[PhaseOutline, ...]


def outline(study: Study, language: str) -> Outline:
    """Outline a study.

    Raises:
        UnknownLanguage: the study has no such language.
    """
    phases = tuple(_phase(phase, language) for phase in study.path)
    around = (study.opening, study.consent.disclosure, study.closing)
    framing = sum(count_words(wording.text(language)) for wording in around)
    return Outline(
        id=study.id,
        title=study.title.text(language),
        language=language,
        content_hash=study.content_hash,
        hard_limit_minutes=study.limits.hard_limit_minutes,
        words=framing + sum(phase.words for phase in phases),
        estimate_s=framing / WORDS_A_SECOND + sum(phase.estimate_s for phase in phases),
        phases=phases,
    )


def _phase(phase: Phase, language: str) -> PhaseOutline:
    questions = tuple(
        QuestionOutline(
            id=question.id,
            wording=question.wording.text(language),
            required=question.required,
            words=count_words(question.wording.text(language)),
            probes=question.probes if question.max_probes else (),
        )
        for question in phase.questions
    )
    intro = 0 if phase.intro is None else count_words(phase.intro.text(language))
    words = intro + sum(question.words for question in questions)
    answer_s = _ANSWER_S.get(phase.turn_profile, _ANSWER_S["standard"])
    answers = len(questions) + _PROBED_SHARE * _PROBE_ANSWER_SHARE * sum(
        1 for each in questions if each.probes
    )
    return PhaseOutline(
        id=phase.id,
        title=phase.title.text(language),
        objective=phase.objective,
        min_minutes=phase.min_minutes,
        max_minutes=phase.max_minutes,
        turn_profile=phase.turn_profile,
        words=words,
        estimate_s=words / WORDS_A_SECOND + answers * answer_s,
        questions=questions,
    )
