"""Which voice speaks: the one that was asked for, or the usual one of the text's language. Pure.

A request names one of the engine's voices, or none ("default", "auto"), or one of OpenAI's, which stands for a voice of
that gender in the text's language where the engine has none of that name.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from vivavoce.speech.errors import SpeechRejected
from vivavoce.speech.messages import Voice
from vivavoce.speech.upstream.listing import ANY_LANGUAGE

USUAL: Final = (
    "en=kokoro/af_heart",
    "en=piper/en_US-joe-medium",
    "en-GB=kokoro/bf_emma",
    "es=kokoro/ef_dora",
    "fr=kokoro/ff_siwis",
    "de=piper/de_DE-thorsten-medium",
)
"""The usual voices, `language=engine/voice`, where the settings name none. Of several engines' for a language the first
is the one that is wanted."""

OPENAI: Final[Mapping[str, Literal["female", "male"]]] = {
    "alloy": "female", "ash": "male", "ballad": "male", "cedar": "male", "coral": "female", "echo": "male",
    "fable": "male", "marin": "female", "nova": "female", "onyx": "male", "sage": "female", "shimmer": "female",
    "verse": "male",
}  # fmt: skip
"""OpenAI's voices (openai-python 3.54, `speech_create_params.py`) and as what they are heard; "alloy" and "fable" are
heard as either."""

WHICHEVER: Final = frozenset({"", "default", "auto"})
"""Names that leave the choice to the server."""

_NEAR: Final = 3
"""Voices that an error names."""


@dataclass(frozen=True, slots=True)
class Casting:
    """The usual voices of one server.

    Args:
        entries: `language=engine/voice`; they go before the built-in ones.
    """

    entries: Sequence[str] = ()
    _usual: tuple[tuple[str, str, str], ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_usual", tuple(map(_entry, (*self.entries, *USUAL))))

    def engine(self, language: str | None, able: Mapping[str, Sequence[Voice]]) -> str | None:
        """The engine for a language where a request names none.

        Args:
            language: BCP 47; None: English, or whatever the first engine speaks.
            able: the voices of the engines that speak, by the engine's name, in the order of preference.

        Returns:
            None where no engine speaks the language.
        """
        wanted = language or "en"
        for usual, engine, voice in self._usual:
            if _matches(usual, wanted) and any(one.id == voice for one in able.get(engine, ())):
                return engine
        found = next((name for name, voices in able.items() if _speaking(voices, wanted)), None)
        return next(iter(able), None) if found is None and language is None else found

    def voice(
        self,
        engine: str,
        voices: Sequence[Voice],
        wanted: str | None,
        language: str | None,
        *,
        fallback: bool = False,
    ) -> Voice:
        """The voice of an engine that speaks a text.

        Args:
            engine: its name.
            voices: what it has; one of the language `mul` speaks any.
            wanted: a voice's id, a name of OpenAI's, or None, "default" or "auto" for the language's usual one.
            language: BCP 47, what the text is in; None: the voice's language.
            fallback: take the language's usual voice where the one that is wanted is unknown or of another language.

        Raises:
            SpeechRejected: `voice_unknown`, `voice_language`; the next step names voices that would do.
        """
        name = wanted or ""
        language = None if language is None else language.replace("_", "-")
        found = _named(voices, name)
        if found is not None and (language is None or _speaks(found, language)):
            return found
        if name.lower() in WHICHEVER or (fallback and name.lower() not in OPENAI):
            return self._usual_of(engine, voices, language)
        if found is None and name.lower() not in OPENAI:
            raise _unknown(engine, voices, name, language)
        if found is not None and name.lower() not in OPENAI:
            raise _of_another_language(found, voices, str(language))
        return self._alike(engine, voices, name.lower(), language)

    def _usual_of(self, engine: str, voices: Sequence[Voice], language: str | None) -> Voice:
        """A language's usual voice; without a language English's, or the engine's first."""
        tag = language or "en"
        entries = [entry for entry in self._usual if entry[1] == engine and _matches(entry[0], tag)]
        # What is set for the very region goes before what is set for the language.
        entries.sort(key=lambda entry: entry[0].lower() != tag.lower())
        named = [one for _, _, id in entries if (one := _named(voices, id)) is not None]
        able = [*named, *_speaking(voices, tag), *(voices if language is None else ())]
        if not able:
            raise _no_voice(engine, voices, language)
        return able[0]

    def _alike(self, engine: str, voices: Sequence[Voice], name: str, language: str | None) -> Voice:
        """What stands for a voice of OpenAI's: of its name, else of its gender, else the usual one."""
        usual = self._usual_of(engine, voices, language)
        tag = language or base_language(usual.language)
        able = [usual, *(one for one in _speaking(voices, tag) if one != usual)]
        near = [one for one in able if one.language.lower() == tag.lower()] or able
        for one in near:
            if _own_name(one) == name:
                return one
        gender = OPENAI[name]
        alike = [one for one in near if one.gender == gender and _own_name(one) not in OPENAI]
        # Different names are different voices, as far as there are any.
        order = [one for one, its in OPENAI.items() if its == gender].index(name)
        return alike[order % len(alike)] if alike else usual


def _own_name(voice: Voice) -> str:
    """The name in an id such as `af_nova`."""
    return voice.id.lower().rpartition("_")[2]


def _entry(written: str) -> tuple[str, str, str]:
    """`language=engine/voice` in its parts."""
    language, _, rest = written.partition("=")
    engine, _, voice = rest.partition("/")
    return language.strip(), engine.strip(), voice.strip()


def _named(voices: Sequence[Voice], name: str) -> Voice | None:
    """A voice by its id; capitals matter only where two differ in nothing else."""
    exact = next((one for one in voices if one.id == name), None)
    return exact or next((one for one in voices if one.id.lower() == name.lower()), None)


def base_language(tag: str) -> str:
    """The language of a BCP 47 tag."""
    return tag.replace("_", "-").split("-")[0].lower()


def _matches(usual: str, language: str) -> bool:
    """Whether what is usual for one tag is so for another: "en" for "en-US" and "en", "en-GB" for "en-GB" only."""
    return usual.lower() in (language.lower(), base_language(language))


def _speaks(voice: Voice, language: str) -> bool:
    return voice.language == ANY_LANGUAGE or base_language(voice.language) == base_language(language)


def _speaking(voices: Sequence[Voice], language: str) -> list[Voice]:
    """The voices that speak a language: those of its region, those of the language, those that speak any."""

    def rank(voice: Voice) -> int:
        if voice.language == ANY_LANGUAGE:
            return 2
        return 0 if voice.language.lower() == language.lower() else 1

    return sorted((one for one in voices if _speaks(one, language)), key=rank)


def _unknown(engine: str, voices: Sequence[Voice], name: str, language: str | None) -> SpeechRejected:
    ids = [one.id for one in (_speaking(voices, language) if language else voices)]
    # A part of an id is as good a hint as one that is nearly the same.
    near = difflib.get_close_matches(name, ids, n=_NEAR, cutoff=0.5)
    near += [id for id in ids if name.lower() in id.lower() and id not in near]
    hint = f"Did you mean {_either(near[:_NEAR])}? " if near else f"It has {_some(ids)}. " if ids else ""
    return SpeechRejected(
        f"The engine {engine} has no voice {name!r}.",
        next_step=f"{hint}GET /v1/audio/voices lists all; without a voice you get the language's usual one.",
        reason="voice_unknown",
        param="voice",
    )


def _of_another_language(voice: Voice, voices: Sequence[Voice], language: str) -> SpeechRejected:
    able = [one.id for one in _speaking(voices, language)]
    hint = f"Voices for {language}: {_some(able)}." if able else f"No voice here speaks {language}."
    return SpeechRejected(
        f"The voice {voice.id!r} speaks {voice.language}, not {language!r}.",
        next_step=f'{hint} With "fallback": true such a request gets the usual one.',
        reason="voice_language",
        param="language",
    )


def _no_voice(engine: str, voices: Sequence[Voice], language: str | None) -> SpeechRejected:
    spoken = sorted({base_language(one.language) for one in voices})
    return SpeechRejected(
        f"The engine {engine} has no voice for {language!r}."
        if language
        else f"The engine {engine} has no voices.",
        next_step=f"It speaks {', '.join(spoken)}; choose another engine."
        if spoken
        else "Choose another engine.",
        reason="voice_language",
        param="language",
    )


def _some(ids: Sequence[str]) -> str:
    return ", ".join(ids[:_NEAR]) + (" …" if len(ids) > _NEAR else "")


def _either(ids: Sequence[str]) -> str:
    return " or ".join([", ".join(ids[:-1]), ids[-1]] if len(ids) > 1 else ids)
