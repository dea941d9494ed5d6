"""Every setting once, typed. Unknown or misspelt ones are refused with the nearest name.

Sources, the first that names a setting wins: `VIVAVOCE_*` environment variables (`__` steps into a group,
`VIVAVOCE_WEB__PORT`; lists are separated by commas), then a TOML file (`VIVAVOCE_CONFIG`, else `vivavoce.toml`
in the working directory), then the defaults below. An empty variable is as good as none, but for a list,
which it empties. Secrets are `SecretStr`: never printed, never logged.

A group may be a mapping of things that the user names, such as `speech.upstreams`. In rows and lists of settings `NAME`
stands for the name; in a variable its hyphens are underscores (`VIVAVOCE_SPEECH__UPSTREAMS__MY_FISH__URL`).
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, cast, get_args, get_origin
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from vivavoce.errors import VivavoceError

PREFIX = "VIVAVOCE_"
CONFIG_VARIABLE = "VIVAVOCE_CONFIG"
DEFAULT_CONFIG = Path("vivavoce.toml")

SettingPath = tuple[str, ...]

NAME = "NAME"
"""Stands for a name that the user gives, in the paths of settings."""

LOCAL_ENGINES = ("whisper", "kokoro", "piper")


class SettingsError(VivavoceError):
    """One or more settings are unknown or have a value that does not fit."""

    code = "settings_invalid"


class ProfileUnknown(SettingsError):
    """A model profile was named that the settings do not have."""

    code = "llm_profile_unknown"


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


class UpstreamSettings(_Group):
    """A speech server elsewhere, on a GPU or hosted, that an engine here stands for."""

    kind: Literal["openai", "voxtral", "fish"] = Field(
        description="its API: openai (any OpenAI-compatible server), voxtral (vLLM-Omni) or fish (Fish Speech)"
    )
    url: str = Field(description="where it is, like http://gpu.example:8091")
    api_key: SecretStr | None = Field(default=None, description="its key, if it wants one")
    model: str | None = Field(
        default=None, description="the model to ask for; with kind fish: of Fish Audio's hosted API"
    )
    role: Literal["tts", "stt"] = Field(
        default="tts", description="tts speaks; stt transcribes, which only kind openai can"
    )
    voices: tuple[str, ...] = Field(
        default=(), description="its voices, each a name or name=language; without them it is asked"
    )
    languages: tuple[str, ...] = Field(
        default=(), description="languages it may be asked for, like de; without them any"
    )
    sample_rate: int | None = Field(
        default=None,
        ge=8000,
        le=48_000,
        description="Hz of its sound; without it 24000, and 44100 with kind fish",
    )
    response_format: Literal["wav", "pcm"] = Field(
        default="wav", description="with kind openai: what to ask for; pcm for servers that hold a wav back"
    )
    socket: bool = Field(default=False, description="with kind voxtral: speak over its WebSocket")
    concurrency: int | None = Field(
        default=None, ge=1, le=256, description="requests at once; without it 8, and 1 with kind fish"
    )
    connect_s: float = Field(default=3.0, gt=0, le=60, description="seconds to connect")
    first_byte_s: float = Field(default=15.0, gt=0, le=600, description="seconds to the first sound")
    between_s: float = Field(default=10.0, gt=0, le=600, description="seconds between two pieces of sound")
    whole_s: float = Field(default=180.0, gt=0, le=3600, description="seconds for a whole request")

    @field_validator("url")
    @classmethod
    def _plain_url(cls, value: str) -> str:
        if not _is_server(value):
            raise PydanticCustomError(
                "upstream_url",
                "it should be like http://gpu.example:8091, with the key in api_key and nothing behind the path",
            )
        return value.rstrip("/")

    @field_validator("voices")
    @classmethod
    def _named_voices(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            if not re.fullmatch(r"[^=]*[^=\s](=[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)?", entry):
                raise PydanticCustomError("upstream_voice", "each should be like nova or nova=de-DE")
        return value

    @model_validator(mode="after")
    def _of_its_kind(self) -> UpstreamSettings:
        if self.kind == "openai" and not self.model:
            raise PydanticCustomError("upstream_model", "kind openai needs the name of a model")
        if self.role == "stt" and self.kind != "openai":
            raise PydanticCustomError("upstream_role", "only kind openai can have role stt")
        if self.response_format != "wav" and self.kind != "openai":
            raise PydanticCustomError("upstream_format", "response_format belongs to kind openai")
        if self.socket and self.kind != "voxtral":
            raise PydanticCustomError("upstream_socket", "socket belongs to kind voxtral")
        return self


class SpeechSettings(_Group):
    """The speech server. Without a `url` one is started here as a child process."""

    url: str | None = Field(
        default=None, description="a speech server that runs already; without it one is started here"
    )
    upstreams: Mapping[str, UpstreamSettings] = Field(
        default={}, description="speech servers elsewhere that engines here stand for, by the engine's name"
    )
    engines: tuple[str, ...] = Field(
        default=("whisper", "kokoro"),
        description="engines the speech server started here runs: whisper, kokoro, piper, and names of upstreams",
    )
    stt_model: str = Field(default="whisper", description="model that hears, as the speech server names it")
    stt_threads: int = Field(default=2, ge=1, le=64, description="CPU threads for hearing")
    tts_threads: int = Field(default=2, ge=1, le=64, description="CPU threads for speaking")
    voices: tuple[str, ...] = Field(
        default=(),
        description="a language's usual voice, like de=piper/de_DE-thorsten-medium; without it a built-in one",
    )
    cache_dir: Path = Field(
        default=Path("~/.cache/vivavoce/speech"),
        description="where speech is kept that was made with the cache on; shared between servers",
    )
    cache_mb: int = Field(
        default=512, ge=0, le=1_000_000, description="MiB that kept speech may take; 0 turns the cache off"
    )

    @field_validator("voices")
    @classmethod
    def _usual_voices(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        known = ["kokoro", "piper", *info.data.get("upstreams", {})]
        for entry in value:
            found = re.fullmatch(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*\s*=\s*([^=/\s]+)/[^=]*[^=\s]", entry)
            if found is None:
                raise PydanticCustomError("usual_voice", "each should be like de=piper/de_DE-thorsten-medium")
            # Where the upstreams do not fit, theirs is the error to show.
            if found[1] not in known and "upstreams" in info.data:
                raise PydanticCustomError(
                    "usual_engine",
                    "no engine {name} speaks; there are {known}",
                    {"name": found[1], "known": ", ".join(known)},
                )
        return value

    @field_validator("upstreams")
    @classmethod
    def _upstream_names(cls, value: Mapping[str, UpstreamSettings]) -> Mapping[str, UpstreamSettings]:
        for name in value:
            if name in LOCAL_ENGINES or not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
                raise PydanticCustomError(
                    "upstream_name",
                    "the name of an upstream should be like my-fish: small letters, digits and single hyphens,"
                    " and not that of an engine of ours",
                )
        return value

    @field_validator("engines")
    @classmethod
    def _known_engines(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        known = [*LOCAL_ENGINES, *info.data.get("upstreams", {})]
        for name in value:
            # Where the upstreams do not fit, theirs is the error to show.
            if name not in known and "upstreams" in info.data:
                near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
                raise PydanticCustomError(
                    "engine", "there is no engine {name}; {hint}", {"name": name, "hint": hint}
                )
        return value


class HostSettings(_Group):
    """The agent host."""

    slots: int = Field(default=4, ge=1, le=500, description="sessions this process may hold at once")


class TurnSettings(_Group):
    """End-of-turn detection that holds for every study; profiles in the study refine it."""

    detector: Literal["v1-mini", "none"] = Field(
        default="v1-mini", description="end-of-turn model; none leaves it to silence and wording"
    )


class LlmProfile(_Group):
    """A language model behind an OpenAI-compatible server, and how long it is waited for."""

    base_url: str = Field(description="the server's OpenAI-compatible API: http://host:port/v1")
    model: str = Field(min_length=1, description="the model's name at that server")
    api_key: SecretStr | None = Field(default=None, description="if the server wants one")
    temperature: float | None = Field(
        default=None, ge=0, le=2, description="default: the server's own; lower is steadier"
    )
    first_word_s: float = Field(
        default=4.0, gt=0, le=60, description="seconds to the first word; then the study's words are said"
    )
    stall_s: float = Field(default=3.0, gt=0, le=60, description="seconds between two pieces of an answer")
    reply_s: float = Field(
        default=15.0, gt=0, le=120, description="seconds for a whole reply, tools included"
    )

    @field_validator("base_url")
    @classmethod
    def _http(cls, value: str) -> str:
        if not re.fullmatch(r"https?://[^\s?#]+", value):
            raise PydanticCustomError("base_url", "it should be like http://127.0.0.1:8000/v1")
        return value.rstrip("/")


class LlmSettings(_Group):
    """Language models that may moderate. Profiles are tables of the file: `[llm.profiles.NAME]`."""

    default: str | None = Field(default=None, description="profile of studies that name none")
    unreviewed_prompts: bool = Field(
        default=False,
        description="publish and hold studies with prompt packs that no native speaker has reviewed; "
        "for rehearsals",
    )
    profiles: Mapping[str, LlmProfile] = Field(
        default={}, description="language models that studies may name, by a name of yours"
    )

    @field_validator("profiles")
    @classmethod
    def _profile_names(cls, value: Mapping[str, LlmProfile]) -> Mapping[str, LlmProfile]:
        for name in value:
            if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
                raise PydanticCustomError(
                    "profile_name", "a profile's name is small letters, digits and hyphens, like my-model"
                )
        return value

    def profile(self, name: str | None) -> tuple[str, LlmProfile]:
        """A profile by its name, with that name; the default one for None.

        Raises:
            ProfileUnknown: there is none.
        """
        wanted = name or self.default
        if wanted is None:
            raise ProfileUnknown(
                "No model profile is named, and there is no default one.",
                next_step="Set VIVAVOCE_LLM__DEFAULT, or name a `profile` in the study's `moderator`.",
            )
        found = self.profiles.get(wanted)
        if found is None:
            raise ProfileUnknown(f"There is no model profile {wanted!r}.", next_step=self._nearest(wanted))
        return wanted, found

    def _nearest(self, wanted: str) -> str:
        close = difflib.get_close_matches(wanted, list(self.profiles), n=1, cutoff=0.5)
        if close:
            return f"Did you mean {close[0]!r}?"
        known = ", ".join(self.profiles)
        return (
            f"There are: {known}." if known else f"Add a table [llm.profiles.{wanted}] to the settings file."
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
    llm: LlmSettings = LlmSettings()
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
    return [
        _row(concrete, field, settings, sources.get(concrete, "default"))
        for path, field in _fields(Settings)
        for concrete in _concrete(path, settings.model_dump()) or [path]
    ]


def defaults() -> list[SettingRow]:
    """Every setting with its default, whatever the environment says."""
    return [_row(path, field, Settings(), "default") for path, field in _fields(Settings)]


def names() -> list[str]:
    """Every setting as its environment variable, in the order of the tree."""
    return [_variable(path) for path, _ in _fields(Settings)]


def _load(environ: Mapping[str, str], config: Path | None) -> tuple[Settings, dict[SettingPath, str]]:
    tree, file = _from_file(environ, config)
    sources = {
        concrete: str(file)
        for path, _ in _fields(Settings)
        for concrete in _concrete(path, tree)
        if _has(tree, concrete)
    }
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
    if settings.llm.default is not None:
        settings.llm.profile(settings.llm.default)
    absolute = {
        "data_dir": settings.data_dir.expanduser().absolute(),
        "models_dir": settings.models_dir.expanduser().absolute(),
        "wording_dir": settings.wording_dir.expanduser().absolute(),
        "speech": settings.speech.model_copy(
            update={"cache_dir": settings.speech.cache_dir.expanduser().absolute()}
        ),
    }
    return settings.model_copy(update=absolute), sources


def _fields(model: type[BaseModel], prefix: SettingPath = ()) -> Iterator[tuple[SettingPath, FieldInfo]]:
    for name, field in model.model_fields.items():
        group, step = _group(field)
        if group is not None:
            yield from _fields(group, (*prefix, name, *step))
        else:
            yield (*prefix, name), field


def _group(field: FieldInfo) -> tuple[type[BaseModel] | None, SettingPath]:
    """The group that a field is, and the further step into it where it is a mapping of such."""
    kind, step = field.annotation, ()
    if get_origin(kind) is Mapping:
        kind, step = get_args(kind)[1], (NAME,)
    return (kind, step) if isinstance(kind, type) and issubclass(kind, BaseModel) else (None, ())


def _concrete(path: SettingPath, tree: Mapping[str, Any]) -> list[SettingPath]:
    """A path with the names that a tree has where the path has `NAME`; itself where it has none."""
    if NAME not in path:
        return [path]
    at = path.index(NAME)
    node: Any = tree
    for step in path[:at]:
        node = node.get(step) if isinstance(node, dict) else None
    names = list(cast("dict[str, Any]", node)) if isinstance(node, dict) else []
    return [(*path[:at], name, *path[at + 1 :]) for name in names]


def _variable(path: SettingPath) -> str:
    return PREFIX + "__".join(path).upper().replace("-", "_")


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
    ours = [name for name in environ if name.upper().startswith(PREFIX) and name != CONFIG_VARIABLE]
    found = {name: _setting(name) for name in ours}
    unknown = [name for name, setting in found.items() if setting is None]
    if unknown:
        raise SettingsError(
            " ".join(f"There is no setting {name}." for name in unknown),
            next_step=" ".join(dict.fromkeys(_nearest_variable(name) for name in unknown)),
        )
    for name, setting in found.items():
        assert setting is not None
        path, field = setting
        if _is_list(field):
            yield path, [part.strip() for part in environ[name].split(",") if part.strip()]
        elif environ[name]:
            yield path, environ[name]


def _setting(variable: str) -> tuple[SettingPath, FieldInfo] | None:
    """The setting that a variable names."""
    for path, field in _fields(Settings):
        if (name := _given_name(path, variable)) is not None:
            return tuple(name if step == NAME else step for step in path), field
    return None


def _given_name(path: SettingPath, variable: str) -> str | None:
    """What a variable has where the path has `NAME` ("" where it has none); None: it is another setting's."""
    if NAME not in path:
        return "" if variable == _variable(path) else None
    at = path.index(NAME)
    before, after = _variable(path[:at]) + "__", "__" + "__".join(path[at + 1 :]).upper()
    found = re.fullmatch(re.escape(before) + "([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)" + re.escape(after), variable)
    return None if found is None else found[1].lower().replace("_", "-")


def _is_server(url: str) -> bool:
    """Whether a URL is that of a server: no user, no query, a port that can be one."""
    try:
        parts = urlsplit(url)
        plain = parts.port != 0 and not (parts.username or parts.password or parts.query or parts.fragment)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and plain and not re.search(r"\s", url)


def _is_list(field: FieldInfo) -> bool:
    return get_origin(field.annotation) is tuple


def _nearest_variable(name: str) -> str:
    candidates = [*_named_alike(name.upper(), names(), "__"), CONFIG_VARIABLE]
    # Without the prefix, which would make everything look alike.
    bare = {variable.removeprefix(PREFIX): variable for variable in candidates}
    close = difflib.get_close_matches(name.upper().removeprefix(PREFIX), list(bare), n=1, cutoff=0.5)
    return f"Did you mean {bare[close[0]]}?" if close else "`vivavoce settings` lists them all."


def _nearest_name(name: str) -> str:
    dotted = _named_alike(name, [".".join(path) for path, _ in _fields(Settings)], ".")
    groups = list(dict.fromkeys(entry.split(".")[0] for entry in dotted if "." in entry))
    close = difflib.get_close_matches(name, dotted + groups, n=1, cutoff=0.5)
    return f"Did you mean {close[0]}?" if close else "`vivavoce settings` lists them all."


def _named_alike(given: str, settings: Sequence[str], step: str) -> list[str]:
    """Settings with what `given` has in the place of `NAME`, so that only the rest of it tells them apart."""
    alike: list[str] = []
    for setting in settings:
        before, found, after = setting.partition(f"{step}{NAME}{step}")
        named = given.removeprefix(before + step).split(step)[0] if given.startswith(before + step) else NAME
        alike.append(f"{before}{step}{named}{step}{after}" if found else setting)
    return alike


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
        if step == NAME:
            value = None if field.is_required() else field.default
            break
        value = value[step] if isinstance(value, Mapping) else getattr(value, step)
    return SettingRow(
        name=".".join(path),
        variable=_variable(path),
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
