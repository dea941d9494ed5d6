"""The reference page of the study file tells the truth."""

from __future__ import annotations

import re
from pathlib import Path

from vivavoce.protocol.check import check_study
from vivavoce.protocol.lines import LINE_NAMES
from vivavoce.protocol.turns import LANGUAGE_FACTORS, TURN_PROFILES
from vivavoce.protocol.voices import DEFAULT_VOICES

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "study-file.md").read_text(encoding="utf-8")


def examples() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)


def test_the_smallest_study_is_right_as_it_stands() -> None:
    assert check_study(examples()[0].encode(), source="page").problems == ()


def test_the_parts_fit_into_it() -> None:
    smallest, *parts = examples()
    assert len(parts) == 6
    for part in parts:
        result = check_study((smallest + part).encode(), source="page")
        messages = [problem.message for problem in result.errors]
        assert all("is no language of this study" in message for message in messages), messages


def test_every_line_and_default_is_on_the_page() -> None:
    for name in LINE_NAMES:
        assert f"`{name}`" in PAGE
    for language, voice in DEFAULT_VOICES.items():
        assert f"`{voice.voice}` ({language})" in PAGE
    for name, profile in TURN_PROFILES.items():
        row = next(line for line in PAGE.splitlines() if line.startswith(f"| `{name}`"))
        numbers = [float(number) for number in re.findall(r"\d[\d.]*", row)]
        assert numbers == [
            profile.min_wait_s,
            profile.max_wait_s,
            profile.thinking_wait_s,
            profile.interruption_min_s,
        ]
    for language, factor in LANGUAGE_FACTORS.items():
        assert f"{language} {factor:g}" in PAGE
