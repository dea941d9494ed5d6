"""The ledger of what sessions used and cost, and what is set aside for those under way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "ledger",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Text(), nullable=False),
        sa.Column("at", _INSTANT, nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cached_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("characters", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Numeric(14, 3), nullable=False),
        sa.Column("price", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name=op.f("fk_ledger_session_id_sessions")),
        sa.PrimaryKeyConstraint("session_id", "seq", name=op.f("pk_ledger")),
    )
    op.create_index(op.f("ix_ledger_study_id"), "ledger", ["study_id"])
    op.create_table(
        "reservations",
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("study_id", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("created_at", _INSTANT, server_default=sa.func.clock_timestamp(), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_reservations_session_id_sessions")
        ),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_reservations")),
    )
    op.create_index(op.f("ix_reservations_study_id"), "reservations", ["study_id"])


def downgrade() -> None:
    op.drop_table("reservations")
    op.drop_table("ledger")
