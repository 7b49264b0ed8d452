"""Where keys are kept: a file of their own beside a SQLite store, a schema of their own in PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import ColumnElement, insert, inspect, select, update
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, SQLAlchemyError
from sqlalchemy.schema import CreateSchema

from publication.engines import engine, is_there, sqlite_url
from publication.errors import StoreUnreachableError
from publication.redaction import Redactor, redact_url
from service.auth import rows
from service.auth.errors import KeyNameError, KeyRevokedError, KeysUnreadableError
from service.auth.keys import Key
from service.auth.rows import StoredKeys, keys
from service.auth.sqlite import read_only

FILE_NAME = "keys.db"
SCHEMA = "headroom_keys"
SETTING = "HEADROOM_KEYS_URL"
ATTEMPTS = 2
PATIENCE = "SET LOCAL statement_timeout = '5s'"


def default_keys_url(store_url: str, home: Path) -> str:
    """Beside the publications: in the same PostgreSQL database, or in a file under `home`."""
    return sqlite_url(home / FILE_NAME) if store_url.startswith("sqlite") else store_url


class KeyStore:
    """Keys by name.

    Methods raise StoreUnreachableError where the database is away as a whole, and KeysUnreadableError for whatever
    else keeps the keys from being read: they may be there, and who is not to read them may have made the first.
    """

    def __init__(self, url: str, *, writable: bool = False, setting: str = SETTING) -> None:
        """`setting` is where the address was found, for the sentences of errors."""
        self._setting = setting
        self._file = _file(url)
        made = engine(url if writable else read_only(url), setting=setting)
        self._schema = None if made.dialect.name == "sqlite" else SCHEMA
        self._engine = made.execution_options(schema_translate_map={None: self._schema})
        self._redactor = Redactor(url)
        self.shown_url = redact_url(url)

    def read(self) -> StoredKeys:
        """Every key that was ever made; none where no place for keys was made yet."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._read()
            except KeysUnreadableError:  # of a server that came back a moment after it had turned us away, too
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    def add(self, key: Key) -> None:
        """Keep a new key. Raises KeyNameError where its name is taken."""
        try:
            with self._reach(), self._engine.begin() as connection:
                self._prepare(connection)
                connection.execute(insert(keys), rows.record(key))
        except IntegrityError as error:
            raise KeyNameError(
                f"Making the key {key.name}: there is one of that name, or was: names are not given twice, "
                "so that a log says which it was. Choose another."
            ) from error

    def revoke(self, name: str, now: datetime) -> None:
        """End the key. Raises KeyNameError where there is no such key."""
        if not self._change(keys.c.name == name, revoked_at=now):
            raise self._no_such(name)

    def expire(self, name: str, at: datetime) -> None:
        """Let the key end at that instant. Raises KeyNameError, and KeyRevokedError where it ended for good."""
        if self._change((keys.c.name == name) & keys.c.revoked_at.is_(None), expires_at=at):
            return
        if name in self._names():
            raise KeyRevokedError(
                f"Setting the last day of the key {name}: it is revoked, and stays so. "
                "Make another with `headroom-service keys create NAME`."
            )
        raise self._no_such(name)

    def close(self) -> None:
        self._engine.dispose()

    def _read(self) -> StoredKeys:
        with self._reach():
            if not self._is_made():
                return StoredKeys()
            with self._engine.connect() as connection:
                if self._schema is not None:  # a lock on the table must not leave us without an answer for ever
                    connection.exec_driver_sql(PATIENCE)
                if not inspect(connection).has_table(keys.name, schema=self._schema):
                    return StoredKeys()
                return rows.keys_from_rows([dict(row) for row in connection.execute(rows.every_row()).mappings()])

    def _is_made(self) -> bool:
        """Whether there is a file, if it is to be one. Raises OSError where that is not for us to know."""
        if self._file is None:
            return True
        try:
            self._file.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def _change(self, which: ColumnElement[bool], **changed: datetime) -> bool:
        """Whether there was a key to change. By SQL alone, so that a row that cannot be read can still be ended."""
        with self._reach():
            if not self._is_made():
                return False
            with self._engine.begin() as connection:
                if not inspect(connection).has_table(keys.name, schema=self._schema):
                    return False
                return connection.execute(update(keys).where(which), changed).rowcount > 0

    def _names(self) -> list[str]:
        if not self.read():
            return []
        with self._reach(), self._engine.connect() as connection:
            return [str(name) for name in connection.execute(select(keys.c.name).order_by(keys.c.name)).scalars()]

    def _no_such(self, name: str) -> KeyNameError:
        names = ", ".join(map(rows.printable, self._names())) or "none"
        return KeyNameError(f"Changing the key {rows.printable(name)}: there is none of that name. There are: {names}.")

    def _prepare(self, connection: Connection) -> None:
        # Where the schema is there, who makes keys needs no leave to make schemas.
        if self._schema is not None and not inspect(connection).has_schema(self._schema):
            connection.execute(CreateSchema(self._schema, if_not_exists=True))
        rows.metadata.create_all(connection)

    @contextmanager
    def _reach(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except (SQLAlchemyError, OSError, UnicodeError) as error:  # the last of a host that cannot be a name
            cause = self._redactor.redact_error(getattr(error, "orig", None) or error)
            told = f"Reaching the keys at {self.shown_url}: {cause}. Check that"
            if is_there(self._engine):
                raise KeysUnreadableError(f"{told} they may be read there, and {self._setting}.") from None
            raise StoreUnreachableError(f"{told} it runs, and {self._setting}.") from None


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
