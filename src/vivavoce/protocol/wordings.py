"""Everything the moderator can ever say in a study, known before the interview begins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from vivavoce.protocol.lines import LINE_NAMES
from vivavoce.protocol.listening import others
from vivavoce.protocol.offer import OfferLine
from vivavoce.protocol.study import Study, Wording


def wordings(study: Study, language: str) -> tuple[str, ...]:
    """Every text that a move can be made of in this language, each once, in about the order they are needed.

    Raises:
        UnknownLanguage: the study has no such language.
    """
    texts = [wording.text(language) for wording in _all(study)]
    if study.moderator.thinks:
        texts.append(study.guard.line(language))
    return tuple(dict.fromkeys((*texts, *_offers(study, language))))


def _offers(study: Study, language: str) -> Iterator[str]:
    if others(study, language):
        for line in get_args(OfferLine):
            yield study.language_offer.text(line, language) or ""


def _all(study: Study) -> Iterator[Wording]:
    yield study.opening
    yield study.consent.disclosure
    for phase in study.path:
        if phase.intro is not None:
            yield phase.intro
        for question in phase.questions:
            yield question.wording
            if question.repeat is not None:
                yield question.repeat
    for probe in study.probes:
        yield probe.wording
    for name in LINE_NAMES:
        yield study.lines[name]
    yield study.closing
    if study.safety is not None:
        yield study.safety.closing
