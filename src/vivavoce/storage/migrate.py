"""Bring a database to this version's tables, or say why not."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from vivavoce.storage.engine import explain, make_sync_engine
from vivavoce.storage.errors import DatabaseBehind, DatabaseNewer

LOCK_KEY = 0x76697661
"""Of the advisory lock that lets one migration run at a time; a transaction's lock, so it works behind PgBouncer."""

LOCK_TIMEOUT_S = 60


def head() -> str:
    """The revision this version needs."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None
    return revision


def migrate(url: str) -> None:
    """Bring the database to `head()`, in one transaction. Blocking: call it in a thread.

    Raises:
        DatabaseNewer: a newer version has been here.
        StorageUnavailable: the database does not answer.
        DiskFull: there is no room for it; nothing was changed.
    """
    with _connected(url, "bring the database up to date") as connection:
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_S}s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
        found = _found(connection)
        if found == head():
            return
        _refuse_newer(found)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def check_version(url: str) -> None:
    """Make sure that the database is at `head()`. Blocking: call it in a thread.

    Raises:
        DatabaseNewer: a newer version has been here.
        DatabaseBehind: it must be migrated first.
        StorageUnavailable: the database does not answer.
    """
    with _connected(url, "look at the database's version") as connection:
        found = _found(connection)
    if found != head():
        _refuse_newer(found)
        raise DatabaseBehind(found, ours=head())


@contextmanager
def _connected(url: str, doing: str) -> Generator[Connection]:
    engine = make_sync_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
    except DBAPIError as error:
        explained = explain(error, doing)
        if explained is None:
            raise
        raise explained from error
    finally:
        engine.dispose()


def _found(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(found: str | None) -> None:
    script = ScriptDirectory.from_config(_config())
    if found is not None and found not in {revision.revision for revision in script.walk_revisions()}:
        raise DatabaseNewer(found)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "vivavoce.storage:migrations")
    return config
