"""Every setting as a person reads it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from vivavoce.settings.names import NAME, SettingPath, fields_of, paths_in, variable_of
from vivavoce.settings.reading import read
from vivavoce.settings.tree import Settings


@dataclass(frozen=True)
class SettingRow:
    """One setting as a person reads it.

    `name` is its place in the file (`web.port`); `value` and `default` are None where there is none, and have
    secrets masked; `source` is `default`, `environment` or the file's path.
    """

    name: str
    variable: str
    value: str | None
    default: str | None
    source: str
    description: str


def describe(environ: Mapping[str, str] | None = None, *, config: Path | None = None) -> list[SettingRow]:
    """Every setting with the value in force and where it came from. Takes and raises what `load` does."""
    settings, sources = read(os.environ if environ is None else environ, config)
    return [
        _row(concrete, field, settings, sources.get(concrete, "default"))
        for path, field in fields_of(Settings)
        for concrete in paths_in(path, settings.model_dump()) or [path]
    ]


def defaults() -> list[SettingRow]:
    """Every setting with its default, whatever the environment says."""
    return [_row(path, field, Settings(), "default") for path, field in fields_of(Settings)]


def _row(path: SettingPath, field: FieldInfo, settings: Settings, source: str) -> SettingRow:
    value: Any = settings
    for step in path:
        if step == NAME:
            value = None if field.is_required() else field.default
            break
        value = value[step] if isinstance(value, Mapping) else getattr(value, step)
    return SettingRow(
        name=".".join(path),
        variable=variable_of(path),
        value=_shown(value),
        default=None if field.is_required() else _shown(field.default),
        source=source,
        description=field.description or "",
    )


def _shown(value: Any) -> str | None:
    if value is None or value == ():
        return None
    if isinstance(value, SecretStr):
        return str(value)  # pydantic's asterisks
    text = ", ".join(str(part) for part in value) if isinstance(value, tuple) else str(value)  # pyright: ignore[reportUnknownArgumentType]
    # A password inside a URL is a secret too.
    return re.sub(r"(?<=://)[^/@\s]+@", "**********@", text)
