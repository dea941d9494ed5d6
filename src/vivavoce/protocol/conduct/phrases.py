"""The shape of a language's phrases."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ConductPhrases:
    """One language's; see the package for what they mean."""

    leading: tuple[str, ...]
    advice: tuple[str, ...]
    disclosure: tuple[str, ...]
    tags: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()
    anywhere: bool = False
