"""Data folders, engines and studies for the tests of storage."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from vivavoce.storage.embedded import EmbeddedPostgres, embedded_postgres
from vivavoce.storage.engine import make_engine
from vivavoce.storage.migrate import migrate


@pytest.fixture(scope="session")
def made_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a migrated database in it, stopped; to be copied."""
    folder = tmp_path_factory.mktemp("made") / "data"
    with embedded_postgres(folder, durable=False) as url:
        migrate(url)
    return folder


@pytest.fixture
def data_folder(made_folder: Path, tmp_path: Path) -> Iterator[Path]:
    """A data folder of this test's own, with a migrated database in it, stopped."""
    folder = tmp_path / "vv"
    subprocess.run(["cp", "-a", made_folder, folder], check=True)
    yield folder
    EmbeddedPostgres(folder).stop()


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = make_engine(database_url)
    yield engine
    await engine.dispose()


@pytest.fixture(scope="session")
def demo_yaml() -> str:
    """The demo study's file."""
    return (Path(__file__).parents[3] / "studies" / "demo.yaml").read_text(encoding="utf-8")
