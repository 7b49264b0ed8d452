"""The database of a store: connections to SQLite and PostgreSQL, and its tables."""

import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Date,
    DateTime,
    Dialect,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    NullPool,
    String,
    Table,
    TypeDecorator,
    UniqueConstraint,
    create_engine,
    event,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from publication.console import is_utf_8, not_utf_8
from publication.errors import StoreUnreachableError
from publication.redaction import ENCODE_ADVICE, STRAY_AT, Redactor, has_stray_at


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


VERSION = "0012"
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


CONNECT_TIMEOUT_SECONDS = 10
LOST_LINE = {"keepalives_idle": 20, "keepalives_interval": 5, "keepalives_count": 4, "tcp_user_timeout": 40_000}
"""A host that is gone without a word is noticed after 40 s (`tcp_user_timeout` is in ms), not after hours."""
WRITE_AHEAD_PAUSES_SECONDS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
STORE_SETTING = "HEADROOM_STORE_URL"
URL_ADVICE = "Give sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE."


def engine(url: str, setting: str = STORE_SETTING) -> Engine:
    """A connection pool for the URL. Raises StoreUnreachableError, which names the setting, where it cannot be used."""
    if has_stray_at(url):  # not tried: what would be taken for the host is a part of the password
        raise StoreUnreachableError(f"Reading {setting}: {STRAY_AT}. {ENCODE_ADVICE} {URL_ADVICE}")
    if not is_utf_8(url):
        raise StoreUnreachableError(f"Reading {setting}: {not_utf_8(url, 'address')}. {URL_ADVICE}")
    try:
        parsed = make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.get_backend_name() == "sqlite":
            return _sqlite_engine(parsed.render_as_string(hide_password=False))
        limits = {"connect_timeout": CONNECT_TIMEOUT_SECONDS, **LOST_LINE}
        return create_engine(parsed, pool_pre_ping=True, connect_args=limits)
    except (ArgumentError, NoSuchModuleError, ImportError) as error:
        found = Redactor(url).redact_error(error)
        raise StoreUnreachableError(f"Reading {setting}: {found}. {URL_ADVICE}") from None
    except ValueError:  # its text quotes what stands where the number should, which may be part of a password
        raise StoreUnreachableError(
            f"Reading {setting}: its port is not a number. {ENCODE_ADVICE} {URL_ADVICE}"
        ) from None


def sqlite_url(file: Path) -> str:
    """The address of a SQLite file, whatever signs its path has.

    Raises StoreUnreachableError where the path is no text: neither SQLite nor an address can hold its bytes.
    """
    if not is_utf_8(str(file)):
        another = not_utf_8(str(file), "--home (HEADROOM_HOME)")
        raise StoreUnreachableError(f"Opening the home {file.parent}: {another}.")
    return URL.create("sqlite", database=str(file)).render_as_string()


def sqlite_file(url: str) -> Path | None:
    """Return the SQLite file of an address; None for any other database, and for an address that cannot be read."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # whoever opens it says what is wrong
        return None
    name = parsed.database if parsed.get_backend_name() == "sqlite" else None
    if not name or name.startswith(":"):
        return None
    return Path(unquote(name.removeprefix("file:"))) if name.startswith("file:") else Path(name)


def is_there(engine: Engine) -> bool:
    """Return whether the database answers at all, even with an error. No error shows that: a wrong password and a
    host that is away both end as "connection failed". A server that starts or stops counts as away; a file is there.
    """
    if engine.dialect.name != "postgresql":
        return True
    from psycopg import ProgrammingError, pq
    from psycopg.conninfo import make_conninfo

    _, named = engine.dialect.create_connect_args(engine.url)
    options = {"connect_timeout": CONNECT_TIMEOUT_SECONDS, **named}
    options.pop("context", None)  # of SQLAlchemy and psycopg, not of the server
    try:
        address = make_conninfo(**options)
    except ProgrammingError:  # an option that there is not: the address is wrong, and says nothing of the server
        return True
    return pq.PGconn.ping(address.encode()) not in (pq.Ping.NO_RESPONSE, pq.Ping.REJECT)


def _sqlite_engine(url: str) -> Engine:
    # No pool: a file that is deleted and made again must not go on being read through an old connection.
    engine = create_engine(url, poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def _set_pragmas(connection: Connection, _record: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]  # the DBAPI connection, not SQLAlchemy's
        _write_ahead(cursor)
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    return engine


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    """Let readers go on during a write. SQLite does not wait where two connections switch at once, so we do."""
    for pause_seconds in WRITE_AHEAD_PAUSES_SECONDS:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(pause_seconds)
        else:
            return
    cursor.execute("PRAGMA journal_mode=WAL")
