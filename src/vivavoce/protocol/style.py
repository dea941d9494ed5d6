"""How a study's wordings sound: warnings about what is hard to hear or steers the answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from vivavoce.protocol.conduct.judge import leads
from vivavoce.protocol.cues import CUES
from vivavoce.protocol.languages import base_language, describe
from vivavoce.protocol.place import Notes
from vivavoce.protocol.problems import Path
from vivavoce.protocol.study import Study, Wording
from vivavoce.protocol.words import count_words, find_phrase

LONGEST_WORDING = 60
"""Words a participant can be expected to keep in mind: about 25 seconds of speech."""

# Two questions in one: people answer the second.
_DOUBLE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "en": ("and why", "and how", "and what", "and when", "and where", "and who", "or why", "or how"),
        "de": ("und warum", "und wie", "und was", "und wann", "und wo", "und wer", "und weshalb"),
        "fr": ("et pourquoi", "et comment", "et quand", "et où", "et qui", "et que", "et quel", "et quelle"),
        "es": ("y por qué", "y cómo", "y cuándo", "y dónde", "y quién", "y qué", "y cuál"),
    }
)

# One of these must be in a disclosure for it to say that no person is speaking.
_MACHINE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "en": (
            "ai",
            "artificial*",
            "computer*",
            "machine*",
            "automat*",
            "robot*",
            "software",
            "not a person",
            "not human",
        ),
        "de": (
            "ki",
            "künstlich*",
            "computer*",
            "maschine*",
            "automat*",
            "roboter*",
            "software",
            "kein mensch",
        ),
        "fr": (
            "ia",
            "artificielle",
            "artificiel",
            "ordinateur",
            "machine",
            "automat*",
            "robot",
            "logiciel",
            "programme",
        ),
        "es": (
            "ia",
            "artificial",
            "ordenador",
            "computadora",
            "máquina",
            "automát*",
            "robot",
            "software",
            "programa",
        ),
    }
)


def check_style(study: Study, notes: Notes) -> None:
    """.

    Ote wordings too long for one breath, leading or double questions, a disclosure that discloses nothing.
    """
    for path, wording in _spoken(study):
        for code, text in wording.root.items():
            _check_length((*path, code), text, notes)
    for path, wording in _questions(study):
        for code, text in wording.root.items():
            _check_question((*path, code), text, base_language(code), notes)
    for code, text in study.consent.disclosure.root.items():
        signs = _MACHINE.get(base_language(code))
        if text and signs is not None and find_phrase(text, signs) is None:
            notes.warn(
                ("consent", "disclosure", code),
                f"The disclosure in {describe(code)} does not seem to say that no person is speaking.",
                "Say it plainly: “You are talking with a computer program, not with a person.”",
            )
    for index, code in enumerate(study.languages):
        if base_language(code) not in CUES:
            notes.warn(
                ("languages", index),
                f"“Please repeat”, “I want to stop” and the like are not understood in {describe(code)} yet.",
                "Tell participants in the opening that they can leave with the button on the page.",
            )


def _check_length(path: Path, text: str, notes: Notes) -> None:
    words = count_words(text)
    if words > LONGEST_WORDING:
        notes.warn(
            path,
            f"This wording has {words} words; more than {LONGEST_WORDING} are hard to follow by ear.",
            "Shorten it, or move a part to the page (`about`, the consent text).",
        )


def _check_question(path: Path, text: str, language: str, notes: Notes) -> None:
    if leads(text, language):
        notes.warn(
            path, "This question suggests its answer.", "Ask openly: “How do you see …?”, “What was … like?”"
        )
    double = find_phrase(text, _DOUBLE.get(language, ()))
    if text.count("?") > 1 or double is not None:
        found = f"“{double}”" if double else "two question marks"
        notes.warn(
            path,
            f"This seems to ask two things at once ({found}).",
            "Ask one thing, and make the other a probe or a question of its own.",
        )


def _questions(study: Study) -> Iterator[tuple[Path, Wording]]:
    for p, phase in enumerate(study.phases):
        for q, question in enumerate(phase.questions):
            at: Path = ("phases", p, "questions", q)
            yield (*at, "wording"), question.wording
            if question.repeat is not None:
                yield (*at, "repeat"), question.repeat
    for index, probe in enumerate(study.probes):
        yield ("probes", index, "wording"), probe.wording


def _spoken(study: Study) -> Iterator[tuple[Path, Wording]]:
    yield ("opening",), study.opening
    yield ("closing",), study.closing
    yield ("consent", "disclosure"), study.consent.disclosure
    yield from _questions(study)
    for index, phase in enumerate(study.phases):
        if phase.intro is not None:
            yield ("phases", index, "intro"), phase.intro
    for name, wording in study.lines.items():
        yield ("lines", name), wording
    yield ("guard", "safe_line"), Wording(study.guard.safe_line)
    if study.safety is not None:
        yield ("safety", "closing"), study.safety.closing
