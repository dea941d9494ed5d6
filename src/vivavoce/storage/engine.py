"""Connections to PostgreSQL: bounded, with time-outs, and with failures that say what to do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import psycopg
from psycopg import errors as pg
from sqlalchemy import URL, Engine, create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from vivavoce.session.errors import StorageUnavailable
from vivavoce.storage.errors import DatabaseUrlInvalid, DiskFull

CONNECT_TIMEOUT_S = 5
STATEMENT_TIMEOUT_S = 15
IDLE_TRANSACTION_S = 5
"""A process that hangs between two statements, suspended perhaps, gives up what it holds locked after this: a session's
lease among them, which another host may be waiting to take. Our own transactions take milliseconds."""

CALL_TIMEOUT_S = 20.0
POOL_TIMEOUT_S = 10.0
POOL_SIZE = 5
POOL_OVERFLOW = 10
BOUNCER_PARAMETER = "pgbouncer"


def parse_url(url: str) -> tuple[URL, bool]:
    """Read a database URL for psycopg 3.

    `?pgbouncer=true` says that a pooler in transaction mode stands between: no prepared statements, and no start-up
    options.

    Returns:
        the URL without that parameter, and whether it was set.

    Raises:
        DatabaseUrlInvalid: it is not a URL of PostgreSQL. The message does not repeat it: it may hold a password.
    """
    problem = DatabaseUrlInvalid(
        "The database URL is not one of PostgreSQL.",
        next_step="It should be like postgresql://user:password@host:5432/database.",
    )
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise problem from None
    if parsed.drivername not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise problem
    bouncer = str(parsed.query.get(BOUNCER_PARAMETER, "")).lower() in ("true", "1", "yes")
    return parsed.set(drivername="postgresql+psycopg").difference_update_query([BOUNCER_PARAMETER]), bouncer


def make_engine(url: str, *, pool_size: int = POOL_SIZE) -> AsyncEngine:
    """An engine with a bounded pool. Dispose of it when done.

    Raises:
        DatabaseUrlInvalid: see `parse_url`.
    """
    parsed, bouncer = parse_url(url)
    return create_async_engine(
        parsed,
        pool_size=pool_size,
        max_overflow=POOL_OVERFLOW,
        pool_timeout=POOL_TIMEOUT_S,
        pool_pre_ping=True,
        connect_args=connect_args(bouncer),
    )


def make_sync_engine(url: str) -> Engine:
    """An engine without a pool for migrations, which are synchronous and may take their time.

    Raises:
        DatabaseUrlInvalid: see `parse_url`.
    """
    parsed, _ = parse_url(url)
    return create_engine(
        parsed,
        poolclass=NullPool,
        connect_args={"connect_timeout": CONNECT_TIMEOUT_S, "prepare_threshold": None},
    )


def connect_args(bouncer: bool) -> dict[str, object]:
    """What every connection of ours is made with; `bouncer`: a pooler in transaction mode stands between."""
    arguments: dict[str, object] = {
        "connect_timeout": CONNECT_TIMEOUT_S,
        # A peer that vanished without a word is noticed at the TCP level, whatever waits on it.
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": STATEMENT_TIMEOUT_S * 1000,
        "application_name": "vivavoce",
    }
    if bouncer:
        arguments["prepare_threshold"] = None
    else:
        arguments["options"] = " ".join(
            f"-c {name}={value}"
            for name, value in {
                "statement_timeout": STATEMENT_TIMEOUT_S * 1000,
                "idle_in_transaction_session_timeout": IDLE_TRANSACTION_S * 1000,
                "timezone": "UTC",
            }.items()
        )
    return arguments


@asynccontextmanager
async def storage_errors(doing: str, *, timeout_s: float = CALL_TIMEOUT_S) -> AsyncGenerator[None]:
    """Bound a call to the database, and turn failures that waiting may cure into `StorageUnavailable`.

    Mistakes of ours (a constraint, a wrong statement) come through as they are.

    Args:
        doing: what is being done, as in "could not …".
        timeout_s: seconds for the whole call, a connection included.

    Raises:
        DiskFull: the database server's disk has no room.
        StorageUnavailable: no connection, a connection lost, a time-out, a server that is starting or stopping.
    """
    try:
        async with asyncio.timeout(timeout_s):
            yield
    except PoolTimeout as error:
        raise StorageUnavailable(
            f"Could not {doing}: all {POOL_SIZE + POOL_OVERFLOW} database connections are busy."
        ) from error
    except (DBAPIError, psycopg.Error) as error:
        explained = explain(error, doing)
        if explained is None:
            raise
        raise explained from error
    except TimeoutError as error:
        raise StorageUnavailable(f"Could not {doing}: no answer within {timeout_s:.0f} s.") from error
    except OSError as error:
        raise StorageUnavailable(f"Could not {doing}: {error}.") from error


@asynccontextmanager
async def transaction(engine: AsyncEngine, doing: str) -> AsyncGenerator[AsyncConnection]:
    """A connection whose statements are committed together, or not at all; see `storage_errors`."""
    async with storage_errors(doing), engine.begin() as connection:
        yield connection


def explain(error: DBAPIError | psycopg.Error, doing: str) -> StorageUnavailable | None:
    """What a failure of the database means to a caller; `None` if it is a mistake of ours."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, pg.DiskFull):
        return DiskFull(f"Could not {doing}: the database's disk is full.")
    # Class 08, 40, 53, 57, 58 and everything the client library itself sees of a broken connection; and the connection
    # that the server ended under a process that hung, which psycopg counts as an internal error.
    if isinstance(
        cause, psycopg.OperationalError | psycopg.InterfaceError | pg.IdleInTransactionSessionTimeout
    ):
        return StorageUnavailable(f"Could not {doing}: {_first_line(cause)}.")
    return None


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
