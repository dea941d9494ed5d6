"""The tables. Logs are the truth; `sessions` keeps each log's fold beside it, written in the same transaction."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Instant = DateTime(timezone=True)


class Base(DeclarativeBase):
    """All tables, with constraint names that migrations can rely on."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text,
        datetime: Instant,
        dict[str, Any]: JSONB,
    }


class StudyRow(Base):
    """A published version of a study. The one published last is the study's present version."""

    __tablename__ = "studies"

    id: Mapped[str] = mapped_column(primary_key=True)
    content_hash: Mapped[str] = mapped_column(primary_key=True)
    yaml: Mapped[str]
    published_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class SessionRow(Base):
    """A session: the fold of its log after event `seq`, and what lists are made of."""

    __tablename__ = "sessions"
    __table_args__ = (
        Index(None, "study_id", "created_at"),
        Index(None, "status"),
        Index(None, "created_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    study_id: Mapped[str]
    study_title: Mapped[str]
    participant_id: Mapped[str]
    language: Mapped[str]
    sitting: Mapped[int] = mapped_column(SmallInteger)
    status: Mapped[str]
    reason: Mapped[str | None]
    seq: Mapped[int] = mapped_column(Integer)
    state_version: Mapped[int] = mapped_column(Integer)
    state: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    joined_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]


class EventRow(Base):
    """One line of a session's log; never changed but when its participant's content is erased, never deleted alone."""

    __tablename__ = "session_events"
    __table_args__ = (CheckConstraint("seq >= 1", name="seq"),)

    session_id: Mapped[str] = mapped_column(ForeignKey(SessionRow.id), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str]
    payload: Mapped[dict[str, Any]]


class LeaseRow(Base):
    """Who may write a session's log, until when by the database's clock."""

    __tablename__ = "leases"

    session_id: Mapped[str] = mapped_column(ForeignKey(SessionRow.id), primary_key=True)
    holder: Mapped[str]
    token: Mapped[str]
    expires_at: Mapped[datetime]


class LedgerRow(Base):
    """One `usage.metered` of a log: what was used, and what it cost. Made again from the logs at any time.

    `amount` is in micro-dollars, so that sums are exact.
    """

    __tablename__ = "ledger"
    __table_args__ = (Index(None, "study_id"),)

    session_id: Mapped[str] = mapped_column(ForeignKey(SessionRow.id), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    study_id: Mapped[str]
    at: Mapped[datetime]
    part: Mapped[str]
    provider: Mapped[str]
    model: Mapped[str]
    input_tokens: Mapped[int] = mapped_column(BigInteger)
    cached_tokens: Mapped[int] = mapped_column(BigInteger)
    output_tokens: Mapped[int] = mapped_column(BigInteger)
    input_audio_tokens: Mapped[int] = mapped_column(BigInteger)
    output_audio_tokens: Mapped[int] = mapped_column(BigInteger)
    cached_audio_tokens: Mapped[int] = mapped_column(BigInteger)
    characters: Mapped[int] = mapped_column(BigInteger)
    seconds: Mapped[Decimal] = mapped_column(Numeric(14, 3))
    price: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)


class ReservationRow(Base):
    """What is set aside of a study's money for a session under way, in micro-dollars. The one thing no log has."""

    __tablename__ = "reservations"
    __table_args__ = (Index(None, "study_id"),)

    session_id: Mapped[str] = mapped_column(ForeignKey(SessionRow.id), primary_key=True)
    study_id: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class InvitationRow(Base):
    """An invitation. Of its token only the SHA-256 is kept, of the participant only a pseudonym.

    Where the participant's content was erased, the token's hash is gone too.
    """

    __tablename__ = "invitations"
    __table_args__ = (UniqueConstraint("study_id", "participant_id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    token_sha256: Mapped[str] = mapped_column(unique=True)
    study_id: Mapped[str]
    participant_id: Mapped[str]
    language: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    session_id: Mapped[str | None] = mapped_column(ForeignKey(SessionRow.id))


class RecordingRow(Base):
    """A recording in the object store, as its session's log tells; complete once `sha256` is there."""

    __tablename__ = "recordings"
    __table_args__ = (Index(None, "session_id"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    session_id: Mapped[str] = mapped_column(ForeignKey(SessionRow.id))
    bytes: Mapped[int | None] = mapped_column(BigInteger)
    sha256: Mapped[str | None]


class CodebookRow(Base):
    """A version of a study's codebook: the whole of it, and who made it. The highest version is in force."""

    __tablename__ = "codebooks"

    study_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True)
    codebook: Mapped[dict[str, Any]]
    editor: Mapped[str]
    made_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class DerivedRow(Base):
    """What a stage of the pipeline made of a session: of the input with that hash. Made again at any time."""

    __tablename__ = "derived"
    __table_args__ = (
        Index("ix_derived_rules", text("(output ->> 'rules')"), postgresql_where=text("stage = 'redaction'")),
    )

    session_id: Mapped[str] = mapped_column(ForeignKey(SessionRow.id), primary_key=True)
    stage: Mapped[str] = mapped_column(primary_key=True)
    input_hash: Mapped[str]
    output: Mapped[dict[str, Any]]
    made_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class SearchedRow(Base):
    """A session whose words can be searched: by the result of that stage, made of the input with that hash."""

    __tablename__ = "searched"
    __table_args__ = (
        ForeignKeyConstraint(
            ["session_id", "stage"], [DerivedRow.session_id, DerivedRow.stage], ondelete="CASCADE"
        ),
        Index(None, "study_id"),
    )

    session_id: Mapped[str] = mapped_column(primary_key=True)
    stage: Mapped[str]
    input_hash: Mapped[str]
    study_id: Mapped[str]
    participant_id: Mapped[str]
    held_at: Mapped[datetime | None]


class SearchedSegmentRow(Base):
    """A segment that can be searched; `config` says what its `document` was made by, see `storage.lexemes`."""

    __tablename__ = "searched_segments"
    __table_args__ = (Index(None, "document", postgresql_using="gin"),)

    session_id: Mapped[str] = mapped_column(
        ForeignKey(SearchedRow.session_id, ondelete="CASCADE"), primary_key=True
    )
    index: Mapped[int] = mapped_column(Integer, primary_key=True)
    segment: Mapped[str]
    speaker: Mapped[str]
    language: Mapped[str | None]
    phase: Mapped[str | None]
    question: Mapped[str | None]
    topics: Mapped[list[str]] = mapped_column(ARRAY(Text))
    start_s: Mapped[float]
    end_s: Mapped[float]
    recording: Mapped[str | None]
    at_s: Mapped[float | None]
    text: Mapped[str]
    config: Mapped[str]
    document: Mapped[str] = mapped_column(TSVECTOR)
