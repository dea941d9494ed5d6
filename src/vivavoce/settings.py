"""Every setting once, typed. Unknown or misspelt ones are refused with the nearest name.

Sources, the first that names a setting wins: `VIVAVOCE_*` environment variables (`__` steps into a group,
`VIVAVOCE_WEB__PORT`; lists are separated by commas), then a TOML file (`VIVAVOCE_CONFIG`, else `vivavoce.toml`
in the working directory), then the defaults below. An empty variable is as good as none, but for a list,
which it empties. Secrets are `SecretStr`: never printed, never logged.
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, get_origin

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from vivavoce.errors import VivavoceError

PREFIX = "VIVAVOCE_"
CONFIG_VARIABLE = "VIVAVOCE_CONFIG"
DEFAULT_CONFIG = Path("vivavoce.toml")

SettingPath = tuple[str, ...]


class SettingsError(VivavoceError):
    """One or more settings are unknown or have a value that does not fit."""

    code = "settings_invalid"


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class WebSettings(_Group):
    """Where the pages and the API listen."""

    host: str = Field(default="127.0.0.1", description="address to listen on; 0.0.0.0 is every interface")
    port: int = Field(default=8080, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    public_url: str | None = Field(
        default=None,
        description="what participants' links start with, https://host; default http://host:port",
    )
    ice_servers: tuple[str, ...] = Field(default=(), description="STUN and TURN URLs given to browsers")

    @field_validator("public_url")
    @classmethod
    def _origin_only(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"https?://[^/\s?#@]+/?", value):
            raise PydanticCustomError(
                "origin", "it should be like https://interviews.example, without a path"
            )
        return None if value is None else value.rstrip("/")

    @field_validator("ice_servers")
    @classmethod
    def _ice_urls(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for url in value:
            if not re.match(r"(stun|turn)s?:\S+$", url):
                raise PydanticCustomError("ice_url", "each should be like stun:host:port or turn:host:port")
        return value


class SpeechSettings(_Group):
    """The speech server. Without a `url` one is started here as a child process."""

    url: str | None = Field(
        default=None, description="a speech server that runs already; without it one is started here"
    )
    engines: tuple[Literal["whisper", "kokoro", "piper"], ...] = Field(
        default=("whisper", "kokoro"), description="engines the speech server started here loads"
    )
    stt_model: str = Field(default="whisper", description="model that hears, as the speech server names it")
    stt_threads: int = Field(default=2, ge=1, le=64, description="CPU threads for hearing")
    tts_threads: int = Field(default=2, ge=1, le=64, description="CPU threads for speaking")
    voices: tuple[str, ...] = Field(
        default=(),
        description="a language's usual voice, like de=piper/de_DE-thorsten-medium; without it a built-in one",
    )

    @field_validator("voices")
    @classmethod
    def _usual_voices(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\s*=\s*[^=/\s]+/[^=]*[^=\s]", entry):
                raise PydanticCustomError("usual_voice", "each should be like de=piper/de_DE-thorsten-medium")
        return value


class HostSettings(_Group):
    """The agent host."""

    slots: int = Field(default=4, ge=1, le=500, description="sessions this process may hold at once")


class TurnSettings(_Group):
    """End-of-turn detection that holds for every study; profiles in the study refine it."""

    detector: Literal["v1-mini", "none"] = Field(
        default="v1-mini", description="end-of-turn model; none leaves it to silence and wording"
    )


class LogSettings(_Group):
    """What is logged, and in which shape."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="the least severe message that is logged"
    )
    format: Literal["text", "json"] = Field(default="text", description="text for people, json for machines")


class Settings(_Group):
    """The whole tree. Build it with `load`."""

    data_dir: Path = Field(
        default=Path(".vivavoce"), description="database, recordings and keys of the one-machine shape"
    )
    models_dir: Path = Field(
        default=Path("~/.cache/vivavoce/models"),
        description="where pulled speech models are kept; shared between data folders",
    )
    wording_dir: Path = Field(
        default=Path("~/.cache/vivavoce/wording"),
        description="where the sound of published wording is kept; shared between data folders",
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


def load(environ: Mapping[str, str] | None = None, *, config: Path | None = None) -> Settings:
    """Read the settings.

    Args:
        environ: the environment; default `os.environ`.
        config: a TOML file that must exist; default `VIVAVOCE_CONFIG`, else `vivavoce.toml` if it is there.

    Raises:
        SettingsError: an unknown name, a value that does not fit, or an unreadable file.
    """
    return _load(os.environ if environ is None else environ, config)[0]


def describe(environ: Mapping[str, str] | None = None, *, config: Path | None = None) -> list[SettingRow]:
    """Every setting with the value in force and where it came from. Takes and raises what `load` does."""
    settings, sources = _load(os.environ if environ is None else environ, config)
    return [_row(path, field, settings, sources.get(path, "default")) for path, field in _fields(Settings)]


def defaults() -> list[SettingRow]:
    """Every setting with its default, whatever the environment says."""
    return [_row(path, field, Settings(), "default") for path, field in _fields(Settings)]


def names() -> list[str]:
    """Every setting as its environment variable, in the order of the tree."""
    return [_variable(path) for path, _ in _fields(Settings)]


def _load(environ: Mapping[str, str], config: Path | None) -> tuple[Settings, dict[SettingPath, str]]:
    tree, file = _from_file(environ, config)
    sources = {path: str(file) for path, _ in _fields(Settings) if _has(tree, path)}
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
        sources[path] = "environment"
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        raise _explain(error) from None
    absolute = {
        "data_dir": settings.data_dir.expanduser().absolute(),
        "models_dir": settings.models_dir.expanduser().absolute(),
        "wording_dir": settings.wording_dir.expanduser().absolute(),
    }
    return settings.model_copy(update=absolute), sources


def _fields(model: type[BaseModel], prefix: SettingPath = ()) -> Iterator[tuple[SettingPath, FieldInfo]]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _fields(kind, (*prefix, name))
        else:
            yield (*prefix, name), field


def _variable(path: SettingPath) -> str:
    return PREFIX + "__".join(path).upper()


def _has(tree: Mapping[str, Any], path: SettingPath) -> bool:
    node: Any = tree
    for step in path:
        if not isinstance(node, dict) or step not in node:
            return False
        node = node[step]
    return True


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
    fields = {_variable(path): (path, field) for path, field in _fields(Settings)}
    ours = [name for name in environ if name.upper().startswith(PREFIX) and name != CONFIG_VARIABLE]
    unknown = [name for name in ours if name not in fields]
    if unknown:
        raise SettingsError(
            " ".join(f"There is no setting {name}." for name in unknown),
            next_step=" ".join(dict.fromkeys(_nearest_variable(name, list(fields)) for name in unknown)),
        )
    for name in ours:
        path, field = fields[name]
        if _is_list(field):
            yield path, [part.strip() for part in environ[name].split(",") if part.strip()]
        elif environ[name]:
            yield path, environ[name]


def _is_list(field: FieldInfo) -> bool:
    return get_origin(field.annotation) is tuple


def _nearest_variable(name: str, variables: Sequence[str]) -> str:
    # Without the prefix, which would make everything look alike.
    bare = {variable.removeprefix(PREFIX): variable for variable in (*variables, CONFIG_VARIABLE)}
    close = difflib.get_close_matches(name.upper().removeprefix(PREFIX), list(bare), n=1, cutoff=0.5)
    return f"Did you mean {bare[close[0]]}?" if close else "`vivavoce settings` lists them all."


def _nearest_name(name: str) -> str:
    dotted = [".".join(path) for path, _ in _fields(Settings)]
    groups = list(dict.fromkeys(entry.split(".")[0] for entry in dotted if "." in entry))
    close = difflib.get_close_matches(name, dotted + groups, n=1, cutoff=0.5)
    return f"Did you mean {close[0]}?" if close else "`vivavoce settings` lists them all."


def _explain(error: ValidationError) -> SettingsError:
    problems: list[str] = []
    hints: list[str] = []
    for item in error.errors(include_input=False, include_context=False, include_url=False):
        where = ".".join(str(step) for step in item["loc"])
        if item["type"] == "extra_forbidden":
            problems.append(f"There is no setting {where}.")
            hints.append(_nearest_name(where))
        else:
            problems.append(f"{where} does not fit: {item['msg']}.")
    return SettingsError(
        " ".join(problems),
        next_step=" ".join(dict.fromkeys(hints)) or "`vivavoce settings` shows what each one takes.",
    )


def _row(path: SettingPath, field: FieldInfo, settings: Settings, source: str) -> SettingRow:
    value: Any = settings
    for step in path:
        value = getattr(value, step)
    return SettingRow(
        name=".".join(path),
        variable=_variable(path),
        value=_shown(value),
        default=_shown(field.default),
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
