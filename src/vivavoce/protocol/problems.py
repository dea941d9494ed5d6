"""What is wrong with a study file, where, and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vivavoce.errors import VivavoceError

Severity = Literal["error", "warning"]

Path = tuple[str | int, ...]
"""The way from the top of the file to a value: keys, and positions in lists from 0."""


@dataclass(frozen=True)
class Mark:
    """A place in the file; both count from 1, columns in characters."""

    line: int
    column: int


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    `path` names the value for people: `phases[0].questions[2].wording.es`. An error keeps the study from being used,
    a warning does not.
    """

    line: int
    column: int
    path: str
    severity: Severity
    message: str
    suggestion: str


class StudyError(VivavoceError):
    """A study file has errors; `problems` holds every one, and the warnings."""

    code = "study_invalid"

    def __init__(self, problems: tuple[Problem, ...], *, source: str) -> None:
        errors = [problem for problem in problems if problem.severity == "error"]
        first = errors[0]
        count = "1 error" if len(errors) == 1 else f"{len(errors)} errors, the first"
        super().__init__(
            f"The study file {source} has {count} on line {first.line}: {first.message}",
            next_step=f"{first.suggestion} `vivavoce study check {source}` lists everything.",
        )
        self.problems = problems
        self.source = source


def dotted(path: Path) -> str:
    """A path for people."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
