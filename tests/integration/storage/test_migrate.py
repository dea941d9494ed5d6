"""Bringing a database to this version's tables, and refusing what cannot be brought there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from importlib import resources

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from procrastinate.schema import SchemaManager
from psycopg import sql

from vivavoce.session.errors import StorageUnavailable
from vivavoce.storage.engine import make_sync_engine
from vivavoce.storage.errors import DatabaseBehind, DatabaseNewer, DatabaseUrlInvalid
from vivavoce.storage.migrate import HEAD, check_version, migrate
from vivavoce.storage.tables import Base

_AN_OLDER_LEDGER = """
INSERT INTO sessions (id, study_id, study_title, participant_id, language, sitting, status, seq, state_version, state,
                      created_at, updated_at)
VALUES ('s', 'demo', 'Demo', 'p', 'en', 1, 'active', 3, 1, '{}', now(), now());
INSERT INTO session_events (session_id, seq, at, kind, payload)
VALUES ('s', 1, now(), 'usage.metered',
        '{"input_audio_tokens": 100, "output_audio_tokens": 80, "cached_audio_tokens": 40}'),
       ('s', 2, now(), 'usage.metered', '{}'),
       ('s', 3, now(), 'usage.metered', '{}');
INSERT INTO ledger (session_id, seq, study_id, at, part, provider, model, input_tokens, cached_tokens, output_tokens,
                    characters, seconds, price, amount)
SELECT 's', seq, 'demo', now(), part, 'openai', 'm', 300, 120, 100, 0, 0, 'test 1', 9
FROM (VALUES (1, 'realtime'), (2, 'realtime'), (3, 'llm')) AS used (seq, part)
"""


@pytest.fixture
def empty_url(postgres_url: str) -> Iterator[str]:
    """A database with nothing in it."""
    admin = postgres_url.replace("/vivavoce?", "/postgres?")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE empty TEMPLATE template0 STRATEGY file_copy"))
    yield postgres_url.replace("/vivavoce?", "/empty?")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE empty WITH (FORCE)"))


def is_ours(name: str | None, kind: str, parents: object = None) -> bool:
    """Not procrastinate's, nor what hangs on it: those are asked in SQL of our own, and have no model."""
    return kind != "table" or not str(name).startswith(("procrastinate_", "job_failures"))


def test_the_queues_are_those_of_the_procrastinate_that_runs() -> None:
    # Another version with other tables needs a migration of ours.
    kept = resources.files("vivavoce.storage.migrations.versions").joinpath("0003_procrastinate.sql")
    theirs = SchemaManager.get_schema()
    assert kept.read_text(encoding="utf-8").endswith(theirs)


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {
            row[0]
            for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            if is_ours(row[0], "table")
        }


def test_an_empty_database_gets_our_tables_once(empty_url: str) -> None:
    with pytest.raises(DatabaseBehind, match="has no tables"):
        check_version(empty_url)
    migrate(empty_url)
    assert tables(empty_url) == {*Base.metadata.tables, "alembic_version"}
    migrate(empty_url)
    check_version(empty_url)


def test_the_migrations_end_at_the_tables(empty_url: str) -> None:
    migrate(empty_url)
    engine = make_sync_engine(empty_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"compare_type": True, "compare_server_default": True, "include_name": is_ours},
        )
        assert compare_metadata(context, Base.metadata) == []
        names = {
            row[0]
            for row in connection.exec_driver_sql("SELECT conname FROM pg_constraint WHERE contype <> 'n'")
        }
    engine.dispose()
    ours = {
        str(constraint.name) for table in Base.metadata.tables.values() for constraint in table.constraints
    }
    assert {name for name in ours if name != "None"} <= names


def test_sound_tokens_of_older_interviews_come_from_their_logs(empty_url: str) -> None:
    config = Config()
    config.set_main_option("script_location", "vivavoce.storage:migrations")
    engine = make_sync_engine(empty_url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
        for statement in _AN_OLDER_LEDGER.split(";"):
            connection.exec_driver_sql(statement)
    engine.dispose()
    migrate(empty_url)
    with psycopg.connect(empty_url) as connection:
        rows = connection.execute(
            "SELECT input_audio_tokens, output_audio_tokens, cached_audio_tokens FROM ledger ORDER BY seq"
        ).fetchall()
    assert rows == [(100, 80, 40), (0, 0, 0), (0, 0, 0)]


async def test_two_processes_migrate_at_once(empty_url: str) -> None:
    await asyncio.gather(*(asyncio.to_thread(migrate, empty_url) for _ in range(3)))
    check_version(empty_url)


def test_a_newer_database_is_refused_and_left_alone(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    for refuse in (check_version, migrate):
        with pytest.raises(DatabaseNewer, match=r"'9999'.*newer version"):
            refuse(database_url)
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


def test_head_is_the_last_revision() -> None:
    config = Config()
    config.set_main_option("script_location", "vivavoce.storage:migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_a_database_that_cannot_be_reached_is_told() -> None:
    with pytest.raises(StorageUnavailable, match="Could not"):
        migrate("postgresql://nobody@127.0.0.1:1/none")


def test_a_url_of_something_else_is_refused_without_its_password() -> None:
    for url in ("mysql://u:hunter2@h/d", "hunter2", ""):
        with pytest.raises(DatabaseUrlInvalid) as error:
            migrate(url)
        assert "hunter2" not in str(error.value)
