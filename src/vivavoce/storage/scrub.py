"""Have PostgreSQL let go of what was deleted: until a table is vacuumed, deleted rows are in its files.

An ordinary VACUUM makes their room free for others and leaves the bytes where they were; VACUUM FULL writes the table
anew and locks it meanwhile. What remains is in three more places: the planner's statistics, which hold samples of
columns; the write-ahead log, until its segments are removed; and old snapshots, whose transactions keep deleted rows
alive. (PostgreSQL 18, chapters 24.1, 28.5 and 73.6; that the bytes stay is shown by `tests/integration/storage`.)
"""

from __future__ import annotations

import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from vivavoce.session.errors import StorageUnavailable
from vivavoce.storage.engine import storage_errors
from vivavoce.storage.erasure import dropped
from vivavoce.storage.tables import CodebookRow, EventRow, InvitationRow, SessionRow

TIMEOUT_S = 1800.0
"""Seconds for all of it: tables of some gigabytes are written anew in minutes."""

LOCK_S = 60
"""Seconds that a table may be in use before it is given up to vacuum it; interviews use them for milliseconds."""

OLD_S = 60.0
"""Seconds that older transactions get to end."""

LOOK_S = 0.2

QUEUES = ("procrastinate_jobs", "procrastinate_events", "job_failures")

_HORIZON = text("SELECT CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text)::xid")

CLEARS_STATISTICS = 180_000
"""From this version on PostgreSQL can be told to forget its samples. ANALYZE alone keeps those of a table that is empty
now; in older versions they go with the next rows that the table has."""

_VERSION = text("SELECT current_setting('server_version_num')::int")

_CLEAR = text(
    """
    SELECT pg_clear_attribute_stats(schemaname, tablename, attname, inherited)
    FROM pg_stats WHERE schemaname = current_schema() AND tablename = :table
    """
)

_OLDER = text(
    """
    SELECT count(*) FROM pg_stat_activity
    WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid() AND datname = current_database()
      AND age(backend_xmin) > age(CAST(CAST(:horizon AS text) AS xid))
    """
)


async def scrub(engine: AsyncEngine, *, whole: bool) -> None:
    """Vacuum every table that holds content of sessions, and have the planner forget its samples of them.

    Args:
        engine: of the database.
        whole: also write the tables anew and remove the write-ahead log so far. Locks the tables meanwhile; wants a
            database of our own, for it needs a superuser's rights.

    Raises:
        StorageUnavailable: a table stayed in use, or an old transaction did not end; what was deleted stays deleted,
            and doing it again does the rest.
    """
    touched = sorted({table.name for table in dropped()} | {*QUEUES, *_LOGS})
    autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
    async with (
        storage_errors("vacuum the tables", timeout_s=TIMEOUT_S),
        autocommit.connect() as connection,
    ):
        try:
            await connection.execute(text("SET statement_timeout = 0"))
            await connection.execute(text(f"SET lock_timeout = '{LOCK_S}s'"))
            if whole:
                await _wait_for_older(connection)
            how = "FULL, ANALYZE" if whole else "ANALYZE"
            newest = (await connection.execute(_VERSION)).scalar_one() >= CLEARS_STATISTICS
            for table in touched:
                if newest:
                    await connection.execute(_CLEAR, {"table": table})
                await connection.execute(text(f'VACUUM ({how}) "{table}"'))
            if whole:
                await connection.execute(text("VACUUM (FULL) pg_statistic"))
                # What was written until now is then before the last checkpoint, and its segments go.
                for statement in ("CHECKPOINT", "SELECT pg_switch_wal()", "CHECKPOINT"):
                    await connection.execute(text(statement))
        finally:
            # It goes back to the pool without what was set here.
            await connection.invalidate()


_LOGS = tuple(row.__tablename__ for row in (SessionRow, EventRow, InvitationRow, CodebookRow))


async def _wait_for_older(connection: AsyncConnection) -> None:
    horizon = (await connection.execute(_HORIZON)).scalar_one()
    deadline = asyncio.get_running_loop().time() + OLD_S
    while (await connection.execute(_OLDER, {"horizon": str(horizon)})).scalar_one():
        if asyncio.get_running_loop().time() > deadline:
            raise StorageUnavailable(
                f"A transaction that began before the erasure has been open for {OLD_S:.0f} s, and keeps what was "
                "deleted alive.",
                next_step="End it (see pg_stat_activity), then run the same command again.",
            )
        await asyncio.sleep(LOOK_S)
