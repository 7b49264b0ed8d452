"""Where keys are kept: a file of their own beside a SQLite store, a schema of their own in PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Integer, LargeBinary, MetaData, String, Table, insert, inspect, select, update
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchTableError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.schema import CreateSchema

from publication.engines import engine
from publication.errors import StoreUnreachableError
from publication.schema import Instant
from service.access.keys import Key
from service.access.visitor import Scope
from service.errors import KeyNameError
from service.sqlite import read_only

FILE_NAME = "keys.db"
SCHEMA = "headroom_keys"

metadata = MetaData()

keys = Table(
    "keys",
    metadata,
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
    """Beside the publications: in the same PostgreSQL database, or in a file under `home`."""
    return f"sqlite:///{home / FILE_NAME}" if store_url.startswith("sqlite") else store_url


class KeyStore:
    """Keys by name. Methods raise StoreUnreachableError where the database does not answer."""

    def __init__(self, url: str, *, writable: bool = False) -> None:
        self._file = _file(url)
        made = engine(url if writable else read_only(url))
        self._schema = None if made.dialect.name == "sqlite" else SCHEMA
        self._engine = made.execution_options(schema_translate_map={None: self._schema})
        self._shown_url = made.url.set(query={}).render_as_string(hide_password=True)

    def read(self) -> tuple[Key, ...]:
        """Every key that was ever made, by name; none where no place for keys was made yet."""
        if self._file is not None and not self._file.exists():
            return ()
        with self._reach(), self._engine.connect() as connection:
            if not inspect(connection).has_table(keys.name, schema=self._schema):
                return ()
            return tuple(_key(dict(row)) for row in connection.execute(select(keys).order_by(keys.c.name)).mappings())

    def add(self, key: Key) -> None:
        """Keep a new key. Raises KeyNameError where its name is taken."""
        record = {field: getattr(key, field) for field in Key.__slots__ if field != "scopes"}
        try:
            with self._reach(), self._engine.begin() as connection:
                self._prepare(connection)
                connection.execute(insert(keys), record | {"scopes": " ".join(sorted(key.scopes))})
        except IntegrityError as error:
            raise KeyNameError(
                f"Making the key {key.name}: there is one of that name, or was: names are not given twice, "
                "so that a log says which it was. Choose another."
            ) from error

    def change(self, name: str, **changed: datetime | None) -> None:
        """Set `expires_at` or `revoked_at`. Raises KeyNameError where there is no such key."""
        known = [key.name for key in self.read()]
        if name not in known:
            raise KeyNameError(
                f"Changing the key {name}: there is none of that name. There are: {', '.join(known) or 'none'}."
            )
        with self._reach(), self._engine.begin() as connection:
            connection.execute(update(keys).where(keys.c.name == name), changed)

    def close(self) -> None:
        self._engine.dispose()

    def _prepare(self, connection: Connection) -> None:
        if self._schema is not None:
            connection.execute(CreateSchema(self._schema, if_not_exists=True))
        metadata.create_all(connection)

    @contextmanager
    def _reach(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except (DBAPIError, PoolTimeoutError, NoSuchTableError) as error:
            cause = str(getattr(error, "orig", None) or error).partition("\n")[0]
            raise StoreUnreachableError(
                f"Reaching the keys at {self._shown_url}: {cause}. Check that it runs, and HEADROOM_KEYS_URL."
            ) from error


def _file(url: str) -> Path | None:
    """The SQLite file of the address, if it is one."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):  # the engine says what is wrong with it
        return None
    is_file = (
        parsed.get_backend_name() == "sqlite" and parsed.database and not parsed.database.startswith((":", "file:"))
    )
    return Path(str(parsed.database)) if is_file else None


def _key(row: dict[str, Any]) -> Key:
    scopes = frozenset(Scope(scope) for scope in row["scopes"].split())
    return Key(**(row | {"scopes": scopes, "salt": bytes(row["salt"]), "hash": bytes(row["hash"])}))
