"""The table of API keys and its place: a file of its own next to a SQLite store, a schema of its own in PostgreSQL."""

from pathlib import Path

from sqlalchemy import Column, Integer, LargeBinary, MetaData, String, Table

from publication.database import Instant, sqlite_url

KEYS_FILE_NAME = "keys.db"
KEYS_SCHEMA = "headroom_keys"
KEYS_URL_SETTING = "HEADROOM_KEYS_URL"

key_metadata = MetaData()

key_table = Table(
    "keys",
    key_metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("scopes", String, nullable=False),
    Column("place", String),
    Column("per_minute", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant),
    Column("revoked_at", Instant),
    Column("salt", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)


def default_keys_url(store_url: str, home: Path) -> str:
    """Return the address next to the publications: the same PostgreSQL database, or a file under `home`."""
    return sqlite_url(home / KEYS_FILE_NAME) if store_url.startswith("sqlite") else store_url
