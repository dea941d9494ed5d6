"""Opening the storage the settings name, alone or beside a running server."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from vivavoce.session.events import SessionScheduled
from vivavoce.settings import Settings, load
from vivavoce.storage.embedded import EmbeddedPostgres
from vivavoce.storage.errors import DatabaseBehind, DatabaseNewer, DataFolderEmpty, DataFolderInUse
from vivavoce.storage.migrate import HEAD
from vivavoce.storage.open import open_storage

AT = datetime(2030, 1, 1, tzinfo=UTC)
SCHEDULED = SessionScheduled(
    study_id="demo", study_hash="f", study_title="Demo", language="en", participant_id="p-1"
)

SERVER = """
import asyncio, sys
from vivavoce.settings import load
from vivavoce.storage.migrate import HEAD
from vivavoce.storage.open import open_storage

async def main():
    async with open_storage(load({"VIVAVOCE_DATA_DIR": sys.argv[1]}), exclusive=True):
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


@asynccontextmanager
async def server(folder: Path) -> AsyncGenerator[asyncio.subprocess.Process]:
    """A process of its own that serves the folder."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        SERVER,
        str(folder),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    while line := await process.stdout.readline():
        if line.strip() == b"ready":
            break
    else:
        raise AssertionError("the server did not start")
    try:
        yield process
    finally:
        if process.returncode is None:
            await asyncio.wait_for(process.communicate(b""), 60)


def there(path: Path) -> bool:
    return path.exists()


def settings(folder: Path, **more: str) -> Settings:
    return load({"VIVAVOCE_DATA_DIR": str(folder), **more})


async def test_a_new_folder_is_ready_to_use_and_keeps_what_it_got(tmp_path: Path) -> None:
    folder = tmp_path / "vv"
    async with open_storage(settings(folder), exclusive=True) as storage:
        await storage.sessions.create("s1", SCHEDULED, at=AT)
        assert await storage.studies.list() == []
        assert await storage.recordings.list() == []
        assert "vivavoce@" not in repr(storage)
    assert EmbeddedPostgres(folder).pid() is None
    async with open_storage(settings(folder), exclusive=False, create=False) as storage:
        assert [summary.session_id for summary in await storage.sessions.list()] == ["s1"]
    assert EmbeddedPostgres(folder).pid() is None


async def test_a_second_server_is_refused_and_told_by_whom(data_folder: Path) -> None:
    async with server(data_folder) as first:
        with pytest.raises(DataFolderInUse, match=f"process {first.pid}") as error:
            async with open_storage(settings(data_folder), exclusive=True):
                raise AssertionError("two servers")
        assert error.value.pid == first.pid
    async with open_storage(settings(data_folder), exclusive=True):
        pass


async def test_a_command_works_beside_the_server(data_folder: Path) -> None:
    async with server(data_folder) as process:
        pid = EmbeddedPostgres(data_folder).pid()
        async with open_storage(settings(data_folder), exclusive=False) as storage:
            await storage.sessions.create("s1", SCHEDULED, at=AT)
            assert len(await storage.sessions.list()) == 1
        assert EmbeddedPostgres(data_folder).pid() == pid
        assert process.returncode is None
    assert EmbeddedPostgres(data_folder).pid() is None


async def test_a_killed_server_is_followed_by_another(data_folder: Path) -> None:
    async with server(data_folder) as process:
        process.kill()
        await process.wait()
        async with open_storage(settings(data_folder), exclusive=True) as storage:
            await storage.sessions.create("s1", SCHEDULED, at=AT)
    assert EmbeddedPostgres(data_folder).pid() is None


async def test_looking_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(DataFolderEmpty, match="vivavoce serve"):
        async with open_storage(settings(tmp_path / "none"), exclusive=False, create=False):
            raise AssertionError("there is nothing to open")
    assert not there(tmp_path / "none")


async def test_a_folder_of_a_newer_version_is_left_alone_and_free(data_folder: Path) -> None:
    def set_version(version: str) -> None:
        postgres = EmbeddedPostgres(data_folder, durable=False)
        with psycopg.connect(postgres.attach()) as connection:
            connection.execute("UPDATE alembic_version SET version_num = %s", [version])
        postgres.detach()

    await asyncio.to_thread(set_version, "9999")
    for exclusive in (True, False):
        with pytest.raises(DatabaseNewer):
            async with open_storage(settings(data_folder), exclusive=exclusive):
                raise AssertionError("this version cannot read it")
        assert EmbeddedPostgres(data_folder).pid() is None
    await asyncio.to_thread(set_version, HEAD)
    async with open_storage(settings(data_folder), exclusive=True):
        pass


async def test_a_database_elsewhere_is_used_and_the_folder_left_alone(
    database_url: str, tmp_path: Path
) -> None:
    elsewhere = settings(tmp_path / "vv", VIVAVOCE_DATABASE_URL=database_url)
    async with open_storage(elsewhere, exclusive=True) as storage:
        await storage.sessions.create("s1", SCHEDULED, at=AT)
        async with open_storage(elsewhere, exclusive=False) as other:
            assert len(await other.sessions.list()) == 1
    assert not there(tmp_path / "vv" / "postgres")


async def test_a_command_does_not_change_a_database_elsewhere(database_url: str, tmp_path: Path) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("DROP TABLE alembic_version")
    elsewhere = settings(tmp_path / "vv", VIVAVOCE_DATABASE_URL=database_url)
    with pytest.raises(DatabaseBehind):
        async with open_storage(elsewhere, exclusive=False):
            raise AssertionError("it was not migrated")


async def test_a_start_that_is_called_off_leaves_nothing_running(data_folder: Path) -> None:
    async def start() -> None:
        async with open_storage(settings(data_folder), exclusive=True):
            await asyncio.Event().wait()

    for pause_s in (0.0, 0.05, 0.3):
        task = asyncio.create_task(start())
        await asyncio.sleep(pause_s)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert EmbeddedPostgres(data_folder).pid() is None
    async with open_storage(settings(data_folder), exclusive=True):
        pass
