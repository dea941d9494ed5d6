"""Every command that README and docs name exists, with the options they give it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main

from vivavoce.cli.main import app

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMAND = re.compile(r"(?:^|`|\s)(?:\.venv/bin/)?(vivavoce [a-z][^`\n·]*)", re.MULTILINE)
TARGET = re.compile(r"(?:^ {4}|`)make ([a-z][a-z ]*)", re.MULTILINE)


def code(page: Path) -> list[str]:
    """The code of a page: indented or fenced blocks, and what stands between backticks."""
    text = page.read_text(encoding="utf-8")
    fenced = re.findall(r"```[a-z]*\n(.*?)```", text, re.DOTALL)
    return [*fenced, *re.findall(r"^ {4}\S.*$", text, re.MULTILINE), *re.findall(r"`[^`\n]+`", text)]


def commands() -> list[tuple[str, str]]:
    found: dict[tuple[str, str], None] = {}
    for page in PAGES:
        for piece in code(page):
            for match in COMMAND.findall(piece):
                found[(page.relative_to(ROOT).as_posix(), match.split("  #")[0].strip().rstrip("`"))] = None
    return list(found)


def resolve(words: list[str]) -> tuple[Any, list[str]]:
    """The command that the words name, and what is left of them."""
    command: Any = typer.main.get_command(app)
    rest = list(words)
    while (children := getattr(command, "commands", None)) and rest and not rest[0].startswith("-"):
        assert rest[0] in children, f"there is no command {rest[0]!r}"
        command = children[rest.pop(0)]
    return command, rest


def test_pages_name_commands() -> None:
    assert len(commands()) > 10


@pytest.mark.parametrize(("page", "line"), commands())
def test_a_named_command_exists_with_its_options(page: str, line: str) -> None:
    for part in re.split(r"\s(?:\||&&|>)\s", line):
        words = shlex.split(part.replace("…", ""), comments=True)
        if not words or words[0] != "vivavoce":
            continue
        command, rest = resolve([word for word in words[1:] if not re.fullmatch(r"[\[(].*|.*[\])]", word)])
        known = {option for parameter in command.params for option in parameter.opts} | {
            "--help",
            "--version",
        }
        for word in rest:
            if word.startswith("--"):
                assert word.split("=")[0] in known, f"{page}: `{line}`: {command.name} has no {word}"


def test_named_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    for page in PAGES:
        for piece in code(page):
            for names in TARGET.findall(piece):
                for name in names.split():
                    assert name in targets, f"{page.name} names `make {name}`"
