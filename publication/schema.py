"""The store's tables (SQLAlchemy Core)."""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Column,
    Date,
    DateTime,
    Dialect,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
)


class Instant(TypeDecorator[datetime]):
    """An instant, stored in UTC: SQLite drops the offset, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


VERSION = "0008"
"""Of the tables below: the newest step of training/migrations."""

metadata = MetaData()
bookkeeping = MetaData()

versions = Table("alembic_version", bookkeeping, Column("version_num", String(32), primary_key=True))

publications = Table(
    "publications",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("system", String, nullable=False),
    Column("cutoff", Date, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("champion_name", String, nullable=False),
    Column("champion_version", Integer, nullable=False),
    Column("champion_run_id", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("n_series", Integer, nullable=False),
    Column("n_fallbacks", Integer, nullable=False),
    Column("notes", JSON, nullable=False),
    Column("document", LargeBinary, nullable=False),  # last: a list of publications is read without it
    UniqueConstraint("system", "cutoff", "revision"),
)
