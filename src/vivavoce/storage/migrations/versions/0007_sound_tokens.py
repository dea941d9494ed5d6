"""The ledger's sound tokens, so that what a speech-to-speech model used can be priced by another's price."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_COUNTS = ("input_audio_tokens", "output_audio_tokens", "cached_audio_tokens")

# The logs had them all along. Elsewhere there is none.
_FROM_LOGS = """
UPDATE ledger
SET input_audio_tokens = coalesce((event.payload ->> 'input_audio_tokens')::bigint, 0),
    output_audio_tokens = coalesce((event.payload ->> 'output_audio_tokens')::bigint, 0),
    cached_audio_tokens = coalesce((event.payload ->> 'cached_audio_tokens')::bigint, 0)
FROM session_events AS event
WHERE event.session_id = ledger.session_id AND event.seq = ledger.seq AND ledger.part = 'realtime'
"""


def upgrade() -> None:
    for name in _COUNTS:
        op.add_column("ledger", sa.Column(name, sa.BigInteger(), server_default="0", nullable=False))
    op.execute(_FROM_LOGS)
    for name in _COUNTS:
        op.alter_column("ledger", name, server_default=None)


def downgrade() -> None:
    for name in _COUNTS:
        op.drop_column("ledger", name)
