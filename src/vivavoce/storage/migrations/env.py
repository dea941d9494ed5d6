"""Run by Alembic; the connection comes from `vivavoce.storage.migrate`."""

from __future__ import annotations

from alembic import context

from vivavoce.storage.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
