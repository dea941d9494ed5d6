"""Judges a moderator's sentence by its conduct, at once and without a model. Pure.

What cannot be recognised by its beginning is not looked for: a sentence that is withheld by mistake costs a moment of
naturalness, but a judge that withholds too much leaves no conversation.
"""

from __future__ import annotations

import re
from functools import cache

from vivavoce.protocol.conduct import CONDUCT
from vivavoce.protocol.guard import Check
from vivavoce.protocol.languages import base_language
from vivavoce.protocol.phrases import PhraseSet
from vivavoce.protocol.prompts.pack import Pack
from vivavoce.protocol.study import Study
from vivavoce.protocol.wordings import wordings
from vivavoce.protocol.words import find_phrase, fold, sentences, tokens

GRAVE: frozenset[Check] = frozenset({"advice", "disclosure"})
"""After these nothing more of the reply is heard: it may build on them, or come from whoever steers the model."""

LEAK_LETTERS = 36
LEAK_LETTERS_UNSPACED = 16
"""So many letters in a row out of what a model was told are no coincidence: about eight words."""

_WINDOW = 8
"""Words of a clause that are looked at: a phrase and what a gap may take."""

_CLAUSE = re.compile(r"[,;:–—.!?…、。，；]+\s*")
_QUESTION = re.compile(r"[^?？]*[?？]")
_UNSPACED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")


def leads(text: str, language: str) -> bool:
    """Whether a question suggests its answer.

    Args:
        text: one or several sentences; the questions among them are looked at.
        language: its code.
    """
    phrases = CONDUCT.get(base_language(language))
    if phrases is None:
        return False
    if phrases.anywhere:
        return find_phrase(text, phrases.leading) is not None
    found = _compiled(phrases.leading)
    tags = _compiled(phrases.tags, open_ended=False)
    return any(
        found.matches(tokens(question)[:_WINDOW]) or tags.matches(tokens(_clauses(question)[-1]))
        for question in _questions(text)
        if tokens(question)
    )


class Conduct:
    """Judges sentences of one study in one language.

    Args:
        study: its policy, and what a model is told of it.
        language: of the session.
        pack: what a model is told besides.
    """

    def __init__(self, study: Study, language: str, pack: Pack) -> None:
        self._checks = study.guard.checks
        self._language = language
        self._phrases = CONDUCT.get(base_language(language))
        self._pack = pack
        told = [pack.role, *pack.rules, *pack.freedom.model_dump().values(), study.moderator.style]
        for phase in study.phases:
            told += [phase.objective, phase.tone, phase.instructions]
        self._told = "\n".join(_letters(text) for text in told if text)
        self._public = "\n".join(_letters(text) for text in wordings(study, language))

    def without_praise(self, sentence: str) -> tuple[str, str]:
        """A sentence without the clauses at its beginning that only praise, and those clauses.

        “Great, and what happened then?” is “And what happened then?” and “Great,”.
        """
        if "praise" not in self._checks:
            return sentence, ""
        rest = sentence
        while rest and not self._pack.praises(rest):
            clause = _CLAUSE.search(rest)
            if clause is None or not self._pack.praises(rest[: clause.start()]):
                break
            rest = rest[clause.end() :]
        if self._pack.praises(rest):
            rest = ""
        removed = sentence[: len(sentence) - len(rest)].strip()
        return (rest[:1].upper() + rest[1:] if removed else rest), removed

    def breaches(self, sentence: str, *, asks: bool) -> tuple[Check, ...]:
        """What is wrong with a sentence; nothing if it may be said.

        Args:
            sentence: a whole one.
            asks: whether it wants an answer: only a question can be a leading one.
        """
        found: list[Check] = []
        if asks and leads(sentence, self._language):
            found.append("leading")
        if not asks and self._advises(sentence):
            found.append("advice")
        if self._discloses(sentence) or self._leaks(sentence):
            found.append("disclosure")
        return tuple(check for check in found if check in self._checks)

    def _advises(self, sentence: str) -> bool:
        phrases = self._phrases
        if phrases is None or phrases.anywhere:
            return phrases is not None and find_phrase(sentence, phrases.advice) is not None
        advice, reports = _compiled(phrases.advice), _compiled(phrases.reports)
        for clause in _clauses(sentence):
            words = tokens(clause)[:_WINDOW]
            if reports.matches(words):
                return False  # “You said, you should …”
            if advice.matches(words):
                return True
        return False

    def _discloses(self, sentence: str) -> bool:
        phrases = self._phrases
        if phrases is None or phrases.anywhere:
            return phrases is not None and find_phrase(sentence, phrases.disclosure) is not None
        words = tokens(sentence)
        disclosure = _compiled(phrases.disclosure)
        return any(disclosure.matches(words[start : start + _WINDOW]) for start in range(len(words)))

    def _leaks(self, sentence: str) -> bool:
        """Whether it has a stretch of what the model was told that is no wording of the study."""
        letters = _letters(sentence)
        length = LEAK_LETTERS_UNSPACED if _UNSPACED.search(sentence) else LEAK_LETTERS
        stretches = (letters[start : start + length] for start in range(len(letters) - length + 1))
        return any(stretch in self._told and stretch not in self._public for stretch in stretches)


def _questions(text: str) -> list[str]:
    """The sentences with a question mark; all of them where there is none: what was transcribed may lack it."""
    marked = [question for question in _QUESTION.findall(text) if question.strip()]
    return [part for question in marked for part in sentences(question)[-1:]] or sentences(text)


def _clauses(sentence: str) -> list[str]:
    return [clause for clause in _CLAUSE.split(sentence) if clause.strip()] or [sentence]


def _letters(text: str) -> str:
    return "".join(tokens(fold(text)))


@cache
def _compiled(phrases: tuple[str, ...], *, open_ended: bool = True) -> PhraseSet:
    return PhraseSet([f"({phrase}) ..." if open_ended else phrase for phrase in phrases])
