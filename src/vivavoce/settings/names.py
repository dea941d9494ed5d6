"""What settings are called: in the file, `web.port`; in the environment, `VIVAVOCE_WEB__PORT`."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from vivavoce.settings.tree import PREFIX, Settings

CONFIG_VARIABLE = "VIVAVOCE_CONFIG"

SettingPath = tuple[str, ...]

NAME = "NAME"
"""Stands for a name that the user gives, in the paths of settings."""


def names() -> list[str]:
    """Every setting as its environment variable, in the order of the tree."""
    return [variable_of(path) for path, _ in fields_of(Settings)]


def fields_of(model: type[BaseModel], prefix: SettingPath = ()) -> Iterator[tuple[SettingPath, FieldInfo]]:
    """Every setting of a group and of the groups in it, with its path."""
    for name, field in model.model_fields.items():
        group, step = _group(field)
        if group is not None:
            yield from fields_of(group, (*prefix, name, *step))
        else:
            yield (*prefix, name), field


def _group(field: FieldInfo) -> tuple[type[BaseModel] | None, SettingPath]:
    """The group that a field is, and the further step into it where it is a mapping of such."""
    kind, step = field.annotation, ()
    if get_origin(kind) is Mapping:
        kind, step = get_args(kind)[1], (NAME,)
    return (kind, step) if isinstance(kind, type) and issubclass(kind, BaseModel) else (None, ())


def paths_in(path: SettingPath, tree: Mapping[str, Any]) -> list[SettingPath]:
    """A path with the names that a tree has where the path has `NAME`; itself where it has none."""
    if NAME not in path:
        return [path]
    at = path.index(NAME)
    node: Any = tree
    for step in path[:at]:
        node = node.get(step) if isinstance(node, dict) else None
    names = list(cast("dict[str, Any]", node)) if isinstance(node, dict) else []
    return [(*path[:at], name, *path[at + 1 :]) for name in names]


def variable_of(path: SettingPath) -> str:
    """The environment variable of a setting."""
    return PREFIX + "__".join(path).upper().replace("-", "_")


def has(tree: Mapping[str, Any], path: SettingPath) -> bool:
    """Whether a tree gives a setting."""
    node: Any = tree
    for step in path:
        if not isinstance(node, dict) or step not in node:
            return False
        node = node[step]
    return True


def setting_of(variable: str) -> tuple[SettingPath, FieldInfo] | None:
    """The setting that a variable names."""
    for path, field in fields_of(Settings):
        if (name := _given_name(path, variable)) is not None:
            return tuple(name if step == NAME else step for step in path), field
    return None


def _given_name(path: SettingPath, variable: str) -> str | None:
    """What a variable has where the path has `NAME` ("" where it has none); None: it is another setting's."""
    if NAME not in path:
        return "" if variable == variable_of(path) else None
    at = path.index(NAME)
    before, after = variable_of(path[:at]) + "__", "__" + "__".join(path[at + 1 :]).upper()
    found = re.fullmatch(re.escape(before) + "([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)" + re.escape(after), variable)
    return None if found is None else found[1].lower().replace("_", "-")


def is_list(field: FieldInfo) -> bool:
    """Whether a setting is a list, which a variable gives with commas."""
    return get_origin(field.annotation) is tuple


def nearest_variable(name: str) -> str:
    """What to do about a variable that there is not."""
    candidates = [*_named_alike(name.upper(), names(), "__"), CONFIG_VARIABLE]
    # Without the prefix, which would make everything look alike.
    bare = {variable.removeprefix(PREFIX): variable for variable in candidates}
    close = difflib.get_close_matches(name.upper().removeprefix(PREFIX), list(bare), n=1, cutoff=0.5)
    return f"Did you mean {bare[close[0]]}?" if close else "`vivavoce settings` lists them all."


def nearest_name(name: str) -> str:
    """What to do about a name in the file that there is not."""
    dotted = _named_alike(name, [".".join(path) for path, _ in fields_of(Settings)], ".")
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
