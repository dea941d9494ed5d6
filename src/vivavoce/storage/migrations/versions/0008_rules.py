"""An index on the rules that interviews were redacted by, so that those of earlier rules are found.

Without it they would have to be read out of every transcript.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        op.f("ix_derived_rules"),
        "derived",
        [sa.text("(output ->> 'rules')")],
        postgresql_where=sa.text("stage = 'redaction'"),
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_derived_rules"), "derived")
