"""A real PostgreSQL for the tests that need one: started once, with a fresh database for each test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a running PostgreSQL whose database `vivavoce` is migrated and empty: the template of the others."""
    # Imported here: unit tests need none of it.
    from vivavoce.storage.embedded import embedded_postgres
    from vivavoce.storage.migrate import migrate

    folder: Path = tmp_path_factory.mktemp("pg")
    with embedded_postgres(folder, durable=False) as url:
        migrate(url)
        yield url


@pytest.fixture
def database_url(postgres_url: str) -> Iterator[str]:
    """The URL of this test's own database, migrated and empty."""
    name = f"test_{next(_numbers)}"
    admin = postgres_url.replace("/vivavoce?", "/postgres?")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE vivavoce STRATEGY file_copy").format(sql.Identifier(name))
        )
    yield postgres_url.replace("/vivavoce?", f"/{name}?")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
