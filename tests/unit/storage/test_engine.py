"""Database URLs, and what a failure of the database means to a caller."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors as pg
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from vivavoce.session.errors import StorageUnavailable
from vivavoce.storage.engine import explain, make_engine, parse_url, storage_errors
from vivavoce.storage.errors import DatabaseUrlInvalid, DiskFull


@pytest.mark.parametrize(
    "url", ["postgresql://u:p@h:5433/d", "postgres://u:p@h:5433/d", "postgresql+psycopg://u:p@h:5433/d"]
)
def test_every_way_to_write_postgresql_is_taken(url: str) -> None:
    parsed, bouncer = parse_url(url)
    assert parsed.render_as_string(hide_password=False) == "postgresql+psycopg://u:p@h:5433/d"
    assert not bouncer


def test_a_socket_is_a_host_too() -> None:
    parsed, _ = parse_url("postgresql://vivavoce@/vivavoce?host=/a%20b/c")
    assert parsed.query["host"] == "/a b/c"


def test_a_pooler_is_told_by_the_url() -> None:
    parsed, bouncer = parse_url("postgresql://h/d?pgbouncer=true&sslmode=require")
    assert bouncer
    assert dict(parsed.query) == {"sslmode": "require"}
    assert not parse_url("postgresql://h/d?pgbouncer=false")[1]


@pytest.mark.parametrize(
    "url", ["sqlite:///x", "mysql://u:hunter2@h/d", "hunter2", "", "postgresql+asyncpg://h/d"]
)
def test_other_urls_are_refused_without_repeating_them(url: str) -> None:
    with pytest.raises(DatabaseUrlInvalid, match="postgresql://user:password@host") as error:
        make_engine(url)
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    "cause",
    [
        psycopg.OperationalError("connection to server failed: Connection refused\n\tIs it running?"),
        pg.AdminShutdown("terminating connection due to administrator command"),
        pg.CannotConnectNow("the database system is starting up"),
        pg.TooManyConnections("sorry, too many clients already"),
        pg.QueryCanceled("canceling statement due to statement timeout"),
        pg.LockNotAvailable("canceling statement due to lock timeout"),
        pg.DeadlockDetected("deadlock detected"),
        pg.IoError("could not read block"),
        psycopg.InterfaceError("the connection is closed"),
    ],
)
def test_what_waiting_may_cure_is_unavailable(cause: psycopg.Error) -> None:
    explained = explain(OperationalError("SELECT 'secret words'", {}, cause), "append")
    assert type(explained) is StorageUnavailable
    assert explained.what.startswith("Could not append: ")
    assert "secret words" not in str(explained)
    assert "\n" not in str(explained)


def test_a_full_disk_is_its_own_error() -> None:
    explained = explain(OperationalError("INSERT", {}, pg.DiskFull("could not extend file")), "append")
    assert isinstance(explained, DiskFull)
    assert isinstance(explained, StorageUnavailable), "trying again later makes sense"
    assert explained.code == "disk_full"


def test_mistakes_of_ours_are_not_explained_away() -> None:
    assert explain(IntegrityError("INSERT", {}, pg.UniqueViolation("duplicate key")), "append") is None
    assert explain(pg.SyntaxError("syntax error"), "append") is None


@pytest.mark.parametrize(
    ("failure", "message"),
    [
        (PoolTimeout("QueuePool limit"), "all 15 database connections are busy"),
        (ConnectionResetError("reset by peer"), "reset by peer"),
        (TimeoutError(), "no answer within 20 s"),
        (psycopg.OperationalError("gone"), "gone"),
    ],
)
async def test_every_kind_of_absence_has_one_error(failure: Exception, message: str) -> None:
    with pytest.raises(StorageUnavailable, match=message):
        async with storage_errors("look"):
            raise failure
