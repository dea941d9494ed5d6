"""What settings that people give a name to have in common: the name, a server's address, and a word on a wrong one."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from typing import LiteralString, Protocol

from pydantic_core import PydanticCustomError

LANGUAGE = r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*"
"""A language's tag, as a pattern."""


def is_name(name: str) -> bool:
    """Whether something may be called so: small letters, digits and single hyphens."""
    return re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name) is not None


def check_names(names: Collection[str], *, like: str) -> None:
    """See that profiles are called as they should be; an error for pydantic if not.

    Args:
        names: of the profiles.
        like: a name that would do.
    """
    if not all(map(is_name, names)):
        raise PydanticCustomError(
            "profile_name",
            "a profile's name is small letters, digits and hyphens, like {like}",
            {"like": like},
        )


class Replaceable(Protocol):
    """A profile that others may stand in for."""

    @property
    def fallbacks(self) -> tuple[str, ...]:
        """Their names, in order."""
        ...


def check_fallbacks(profiles: Mapping[str, Replaceable], *, error: LiteralString) -> None:
    """See that whoever stands in for a profile is another one that there is; an error for pydantic if not.

    Args:
        profiles: by name.
        error: the error's type.
    """
    for name, profile in profiles.items():
        for fallback in profile.fallbacks:
            if fallback == name or fallback not in profiles:
                raise PydanticCustomError(
                    error,
                    "the fallback {fallback} of {name} should be another profile",
                    {"fallback": fallback, "name": name},
                )


def api_url(url: str) -> str:
    """An API's address without a slash at its end; an error for pydantic if it is none."""
    if not re.fullmatch(r"https?://[^\s?#]+", url):
        raise PydanticCustomError("base_url", "it should be like http://127.0.0.1:8000/v1")
    return url.rstrip("/")


def nearest_profile(section: str, wanted: str, profiles: Collection[str]) -> str:
    """What to do about a profile that there is not.

    Args:
        section: of the settings file, whose `profiles` they are.
        wanted: its name.
        profiles: the names of those that there are.
    """
    close = difflib.get_close_matches(wanted, list(profiles), n=1, cutoff=0.5)
    if close:
        return f"Did you mean {close[0]!r}?"
    if profiles:
        return f"There are: {', '.join(profiles)}."
    return f"Add a table [{section}.profiles.{wanted}] to the settings file."


def by_language(entries: Sequence[str]) -> list[tuple[str, str]]:
    """Entries like `ja=my-ears` in their two parts, without the spaces that may be around them."""
    parts = (entry.partition("=") for entry in entries)
    return [(language.strip(), name.strip()) for language, _, name in parts]


def for_language(entries: Sequence[str], language: str) -> str | None:
    """What entries like `ja=my-ears` name for a language: for it as it is written, else for all its regions.

    Capitals make no difference: `pt-br` is `pt-BR`. Of two entries for one language the last counts.
    """
    named = {code.lower(): name for code, name in by_language(entries)}
    wanted = language.lower()
    return named.get(wanted) or named.get(wanted.partition("-")[0])
