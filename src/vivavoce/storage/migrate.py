"""Bring a database to this version's tables, or say why not.

A database that is at `HEAD` is recognised by a query. Alembic takes as long to import as PostgreSQL takes to start, so
it is imported where a database is not.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from vivavoce.storage.engine import explain, make_sync_engine
from vivavoce.storage.errors import DatabaseBehind, DatabaseNewer

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0008"
"""The revision this version needs: the last one in `migrations/versions`."""

LOCK_KEY = 0x76697661
"""Of the advisory lock that lets one migration run at a time; a transaction's lock, so it works behind PgBouncer."""

LOCK_TIMEOUT_S = 60


def migrate(url: str) -> None:
    """Bring the database to `HEAD`, in one transaction. Blocking: call it in a thread.

    Raises:
        DatabaseNewer: a newer version has been here.
        StorageUnavailable: the database does not answer.
        DiskFull: there is no room for it; nothing was changed.
    """
    with _connected(url, "bring the database up to date") as connection:
        connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_S}s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
        found = _found(connection)
        if found == HEAD:
            return
        _refuse_newer(found)
        _upgrade(connection)


def check_version(url: str) -> None:
    """Make sure that the database is at `HEAD`. Blocking: call it in a thread.

    Raises:
        DatabaseNewer: a newer version has been here.
        DatabaseBehind: it must be migrated first.
        StorageUnavailable: the database does not answer.
    """
    with _connected(url, "look at the database's version") as connection:
        found = _found(connection)
    if found != HEAD:
        _refuse_newer(found)
        raise DatabaseBehind(found, ours=HEAD)


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
    """The revision that the database is at; None: it has no tables of ours."""
    if connection.execute(text("SELECT to_regclass('alembic_version')")).scalar_one() is None:
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _upgrade(connection: Connection) -> None:
    from alembic import command

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)


def _refuse_newer(found: str | None) -> None:
    from alembic.script import ScriptDirectory

    known = {revision.revision for revision in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise DatabaseNewer(found)


def _config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "vivavoce.storage:migrations")
    return config
