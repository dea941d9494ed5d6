"""Settings out of the environment and a file."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vivavoce.settings.errors import SettingsError
from vivavoce.settings.names import (
    CONFIG_VARIABLE,
    PREFIX,
    SettingPath,
    fields_of,
    has,
    is_list,
    nearest_name,
    nearest_variable,
    paths_in,
    setting_of,
    variable_of,
)
from vivavoce.settings.profiles import by_language
from vivavoce.settings.tree import Settings

DEFAULT_CONFIG = Path("vivavoce.toml")


def load(environ: Mapping[str, str] | None = None, *, config: Path | None = None) -> Settings:
    """Read the settings.

    Args:
        environ: the environment; default `os.environ`.
        config: a TOML file that must exist; default `VIVAVOCE_CONFIG`, else `vivavoce.toml` if it is there.

    Raises:
        SettingsError: an unknown name, a value that does not fit, or an unreadable file.
    """
    return read(os.environ if environ is None else environ, config)[0]


def read(environ: Mapping[str, str], config: Path | None) -> tuple[Settings, dict[SettingPath, str]]:
    """The settings, and where each one that is not a default came from. Raises what `load` does."""
    tree, file = _from_file(environ, config)
    sources = {
        concrete: str(file)
        for path, _ in fields_of(Settings)
        for concrete in paths_in(path, tree)
        if has(tree, concrete)
    }
    for path, value in _from_environment(environ):
        node = tree
        for step in path[:-1]:
            branch = node.setdefault(step, {})
            if not isinstance(branch, dict):
                raise SettingsError(
                    f"{variable_of(path)} sets a part of {step!r}, which the file gives as a plain value.",
                    next_step=f"Make [{step}] a table in the file.",
                )
            node = branch
        node[path[-1]] = value
        sources[path] = "environment"
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        raise _explained(error) from None
    if settings.llm.default is not None:
        settings.llm.profile(settings.llm.default)
    for _, name in by_language(settings.llm.per_language):
        settings.llm.profile(name)
    settings.guard.chosen(None)
    absolute = {
        "data_dir": settings.data_dir.expanduser().absolute(),
        "models_dir": settings.models_dir.expanduser().absolute(),
        "wording_dir": settings.wording_dir.expanduser().absolute(),
        "speech": settings.speech.model_copy(
            update={"cache_dir": settings.speech.cache_dir.expanduser().absolute()}
        ),
    }
    return settings.model_copy(update=absolute), sources


def _from_file(environ: Mapping[str, str], config: Path | None) -> tuple[dict[str, Any], Path]:
    named = config or (Path(environ[CONFIG_VARIABLE]) if environ.get(CONFIG_VARIABLE) else None)
    path = named or DEFAULT_CONFIG
    if named is None and not path.is_file():
        return {}, path
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")), path
    except OSError as error:
        raise SettingsError(
            f"The settings file {path} cannot be read: {error.strerror}.",
            next_step=f"Check the path, or unset {CONFIG_VARIABLE}.",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        # Not chained: the error object holds the file's text, secrets and all.
        reason = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "it is not UTF-8 text"
        raise SettingsError(
            f"The settings file {path} is not TOML: {reason}.", next_step="Mend the line it names."
        ) from None


def _from_environment(environ: Mapping[str, str]) -> Iterator[tuple[SettingPath, Any]]:
    ours = [name for name in environ if name.upper().startswith(PREFIX) and name != CONFIG_VARIABLE]
    found = {name: setting_of(name) for name in ours}
    unknown = [name for name, setting in found.items() if setting is None]
    if unknown:
        raise SettingsError(
            " ".join(f"There is no setting {name}." for name in unknown),
            next_step=" ".join(dict.fromkeys(nearest_variable(name) for name in unknown)),
        )
    for name, setting in found.items():
        assert setting is not None
        path, field = setting
        if is_list(field):
            yield path, [part.strip() for part in environ[name].split(",") if part.strip()]
        elif environ[name]:
            yield path, environ[name]


def _explained(error: ValidationError) -> SettingsError:
    problems: list[str] = []
    hints: list[str] = []
    for item in error.errors(include_input=False, include_context=False, include_url=False):
        where = ".".join(str(step) for step in item["loc"])
        if item["type"] == "extra_forbidden":
            problems.append(f"There is no setting {where}.")
            hints.append(nearest_name(where))
        else:
            problems.append(f"{where} does not fit: {item['msg']}.")
    return SettingsError(
        " ".join(problems),
        next_step=" ".join(dict.fromkeys(hints)) or "`vivavoce settings` shows what each one takes.",
    )
