"""Every setting once, typed. Unknown or misspelt ones are refused with the nearest name.

Sources, the first that names a setting wins: `VIVAVOCE_*` environment variables (`__` steps into a group,
`VIVAVOCE_WEB__PORT`), then a TOML file (`VIVAVOCE_CONFIG`, else `vivavoce.toml` in the working directory),
then the defaults below. Secrets are `SecretStr`: never printed, never logged.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from vivavoce.errors import VivavoceError

PREFIX = "VIVAVOCE_"
CONFIG_VARIABLE = "VIVAVOCE_CONFIG"
DEFAULT_CONFIG = Path("vivavoce.toml")


class SettingsError(VivavoceError):
    """One or more settings are unknown or have a value that does not fit."""

    code = "settings_invalid"


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class WebSettings(_Group):
    """Where the pages and the API listen."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535, description="0 takes a free port")
    public_url: str | None = Field(
        default=None, description="what participants' links start with; default http://host:port"
    )
    ice_servers: tuple[str, ...] = Field(default=(), description="STUN/TURN URLs given to browsers")


class SpeechSettings(_Group):
    """The speech server. Without a `url` one is started here as a child process."""

    url: str | None = None
    engines: tuple[Literal["whisper", "kokoro", "piper"], ...] = ("whisper", "kokoro")
    stt_model: str = "whisper"
    stt_threads: int = Field(default=2, ge=1, le=64)
    tts_threads: int = Field(default=2, ge=1, le=64)


class HostSettings(_Group):
    """The agent host: how many sessions this process may hold at once."""

    slots: int = Field(default=4, ge=1, le=500)


class TurnSettings(_Group):
    """End-of-turn detection that holds for every study; profiles in the study refine it."""

    detector: Literal["v1-mini", "none"] = "v1-mini"


class LogSettings(_Group):
    """What is logged, and in which shape."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


class Settings(_Group):
    """The whole tree. Build it with `load`."""

    data_dir: Path = Field(
        default=Path(".vivavoce"), description="database, recordings and keys of the one-machine shape"
    )
    models_dir: Path = Field(
        default=Path("~/.cache/vivavoce/models"),
        description="where pulled speech models are kept; shared between data folders",
    )
    database_url: SecretStr | None = Field(
        default=None, description="postgresql://…; without it a PostgreSQL of our own runs in data_dir"
    )
    recordings_url: str | None = Field(
        default=None,
        description="object store, s3://bucket/prefix or file:///path; default data_dir/recordings",
    )
    web: WebSettings = WebSettings()
    speech: SpeechSettings = SpeechSettings()
    host: HostSettings = HostSettings()
    turn: TurnSettings = TurnSettings()
    log: LogSettings = LogSettings()

    PREFIX: ClassVar[str] = PREFIX


def load(environ: Mapping[str, str] | None = None, *, config: Path | None = None) -> Settings:
    """Read the settings.

    Args:
        environ: the environment; default `os.environ`.
        config: a TOML file that must exist; default `VIVAVOCE_CONFIG`, else `vivavoce.toml` if it is there.

    Raises:
        SettingsError: an unknown name, a value that does not fit, or an unreadable file.
    """
    environ = os.environ if environ is None else environ
    tree = _from_file(environ, config)
    for path, value in _from_environment(environ):
        node = tree
        for step in path[:-1]:
            branch = node.setdefault(step, {})
            if not isinstance(branch, dict):
                raise SettingsError(
                    f"{_variable(path)} sets a part of {step!r}, which the file gives as a plain value.",
                    next_step=f"Make [{step}] a table in the file.",
                )
            node = branch
        node[path[-1]] = value
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        raise _explain(error) from None
    return settings.model_copy(
        update={
            "data_dir": settings.data_dir.expanduser().absolute(),
            "models_dir": settings.models_dir.expanduser().absolute(),
        }
    )


def names() -> list[str]:
    """Every setting as its environment variable, in the order of the tree."""
    return [_variable(path) for path in _paths(Settings)]


def _paths(model: type[BaseModel], prefix: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _paths(kind, (*prefix, name))
        else:
            yield (*prefix, name)


def _variable(path: tuple[str, ...]) -> str:
    return PREFIX + "__".join(path).upper()


def _from_file(environ: Mapping[str, str], config: Path | None) -> dict[str, Any]:
    named = config or (Path(environ[CONFIG_VARIABLE]) if environ.get(CONFIG_VARIABLE) else None)
    path = named or DEFAULT_CONFIG
    if named is None and not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"The settings file {path} cannot be read: {error.strerror}.",
            next_step=f"Check the path, or unset {CONFIG_VARIABLE}.",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The settings file {path} is not TOML: {error}.", next_step="Mend the line it names."
        ) from error


def _from_environment(environ: Mapping[str, str]) -> Iterator[tuple[tuple[str, ...], Any]]:
    known = {_variable(path): path for path in _paths(Settings)}
    for variable, value in environ.items():
        if not variable.startswith(PREFIX) or variable == CONFIG_VARIABLE:
            continue
        path = known.get(variable)
        if path is None:
            raise SettingsError(f"There is no setting {variable}.", next_step=_nearest(variable, list(known)))
        yield path, _split(value) if _is_list(path) else value


def _is_list(path: tuple[str, ...]) -> bool:
    model: type[BaseModel] = Settings
    for step in path[:-1]:
        kind = model.model_fields[step].annotation
        assert isinstance(kind, type) and issubclass(kind, BaseModel)
        model = kind
    return "tuple" in str(model.model_fields[path[-1]].annotation)


def _split(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def _nearest(name: str, candidates: list[str]) -> str:
    close = difflib.get_close_matches(name, candidates, n=1, cutoff=0.5)
    return f"Did you mean {close[0]}?" if close else "`vivavoce settings` lists them all."


def _explain(error: ValidationError) -> SettingsError:
    problems: list[str] = []
    hints: list[str] = []
    dotted = [".".join(path) for path in _paths(Settings)]
    for item in error.errors(include_input=False, include_url=False):
        where = ".".join(str(step) for step in item["loc"])
        if item["type"] == "extra_forbidden":
            problems.append(f"There is no setting {where}.")
            hints.append(_nearest(where, dotted))
        else:
            problems.append(f"{where} does not fit: {item['msg']}.")
    return SettingsError(
        " ".join(problems), next_step=" ".join(hints) or "`vivavoce settings` shows what each one takes."
    )
