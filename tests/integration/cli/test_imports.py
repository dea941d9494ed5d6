"""What a command loads before it has anything to do with it: `vivavoce --help` is asked for by people, who wait.

`benchmarks/start.md` has the seconds; here are the modules that cost them.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = (
    "pydantic",
    "numpy",
    "httpx",
    "fastapi",
    "uvicorn",
    "sqlalchemy",
    "alembic",
    "livekit",
    "aiortc",
    "spacy",
)


@pytest.mark.parametrize(
    ("modules", "needed"),
    [
        ("vivavoce.cli.main", ()),
        # `make` asks each time whether all models are there.
        ("vivavoce.cli.models, vivavoce.settings, vivavoce.speech.store", ("pydantic",)),
        # The speech server's process is started before the rest is imported.
        ("vivavoce.settings, vivavoce.ops.serve", ("pydantic",)),
        # Nor does the process that sessions' processes are made of wait for it.
        ("vivavoce.cli.agent, vivavoce.agent.entry", ()),
        # A server whose interviews agent workers hold, and which has none of their libraries.
        (
            "vivavoce.ops.composition, vivavoce.ops.rooms",
            ("pydantic", "numpy", "httpx", "fastapi", "uvicorn", "sqlalchemy"),
        ),
        # Alembic is for a database that is not up to date.
        ("vivavoce.storage.open", ("pydantic", "sqlalchemy")),
    ],
)
def test_what_is_not_needed_is_not_loaded(modules: str, needed: tuple[str, ...]) -> None:
    script = f"import sys, {modules}; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert tuple(done.stdout.split()) == needed
