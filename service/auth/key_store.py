"""The store of keys: a file of its own next to a SQLite store, a schema of its own in PostgreSQL."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, ColumnElement, insert, inspect, select, update
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, SQLAlchemyError
from sqlalchemy.schema import CreateSchema

from publication.database import engine, is_there, sqlite_file, sqlite_url
from publication.errors import StoreUnreachableError
from publication.full_disk import is_disk_full
from publication.key_tables import KEYS_SCHEMA, KEYS_URL_SETTING, key_metadata, key_table
from publication.redaction import Redactor, redact_url
from service.auth import key_rows
from service.auth.key_rows import StoredKeys, printable
from service.auth.keys import Key
from service.errors import KeyNameError, KeyRevokedError, KeysDiskFullError, KeysUnreadableError


def read_only(url: str) -> str:
    """Return the address of the same store, read-only where it is a SQLite file.

    The service never writes to it, nor leaves an empty file where a store should be.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return url  # the store says what is wrong with it
    file = parsed.database
    if parsed.get_backend_name() != "sqlite" or not file or file.startswith("file:") or file == ":memory:":
        return url
    if parsed.username is not None or parsed.host is not None:
        return url  # of which a file has none: the store says so
    address = URL.create(
        parsed.drivername,
        database=f"file:{quote(str(Path(file)))}",
        query={**parsed.query, "mode": "ro", "uri": "true"},
    )
    return address.render_as_string(hide_password=False)


READ_ATTEMPTS = 2
STATEMENT_TIMEOUT = "SET LOCAL statement_timeout = '5s'"


class KeyStore:
    """Keys by name.

    Methods raise StoreUnreachableError where the database does not answer at all, and KeysUnreadableError for any
    other failure: then keys may exist.
    """

    def __init__(self, url: str, *, writable: bool = False, setting: str = KEYS_URL_SETTING) -> None:
        """`setting` is where the address was found, for the sentences of errors."""
        self._setting = setting
        self._file = sqlite_file(url)
        made = engine(url if writable else read_only(url), setting=setting)
        self._schema = None if made.dialect.name == "sqlite" else KEYS_SCHEMA
        self._engine = made.execution_options(schema_translate_map={None: self._schema})
        self._redactor = Redactor(url)
        self.redacted_url = redact_url(url)

    def read(self) -> StoredKeys:
        """Return every key that was ever made; none where neither file nor table was made yet."""
        for attempt in range(1, READ_ATTEMPTS + 1):
            try:
                return self._read()
            except KeysUnreadableError:  # also of a server that starts, and rejects for a moment
                if attempt == READ_ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    def add(self, key: Key) -> None:
        """Store a new key. Raises KeyNameError where its name is taken."""
        try:
            with self._reach():
                if not self._is_made() and self._made_with(key):
                    return
                with self._engine.begin() as connection:
                    self._prepare(connection)
                    connection.execute(insert(key_table), key_rows.record(key))
        except IntegrityError as error:
            raise KeyNameError(
                f"Making the key {key.name}: there is one of that name, or was: names are not given twice, "
                "so that a log says which it was. Choose another."
            ) from error

    def revoke(self, name: str, now: datetime) -> None:
        """End the key. Raises KeyNameError where there is no such key."""
        if not self._change(key_table.c.name == name, revoked_at=now):
            raise self._no_such(name)

    def expire(self, name: str, at: datetime) -> None:
        """Set the end of the key. Raises KeyNameError, and KeyRevokedError where it is revoked."""
        if self._change((key_table.c.name == name) & key_table.c.revoked_at.is_(None), expires_at=at):
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
                if self._schema is not None:  # a lock on the table must not block this for ever
                    connection.exec_driver_sql(STATEMENT_TIMEOUT)
                if not inspect(connection).has_table(key_table.name, schema=self._schema):
                    return StoredKeys()
                return key_rows.keys_from_rows(
                    [dict(row) for row in connection.execute(key_rows.every_row()).mappings()]
                )

    def _is_made(self) -> bool:
        """Return whether the SQLite file exists; True for other databases. Raises OSError where it may not be read."""
        if self._file is None:
            return True
        try:
            self._file.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def _made_with(self, key: Key) -> bool:
        """Make the SQLite file with its first key; return False where another process has just made it."""
        if self._file is None:
            return False
        try:
            _write_new_file(self._file, key)
        except FileExistsError:
            return False
        return True

    def _change(self, which: ColumnElement[bool], **changed: datetime) -> bool:
        """Return whether there was a key to change. It is changed by SQL, so an unreadable one can be."""
        with self._reach():
            if not self._is_made():
                return False
            with self._engine.begin() as connection:
                if not inspect(connection).has_table(key_table.name, schema=self._schema):
                    return False
                return connection.execute(update(key_table).where(which), changed).rowcount > 0

    def _names(self) -> list[str]:
        if not self.read():
            return []
        with self._reach(), self._engine.connect() as connection:
            return [
                str(name) for name in connection.execute(select(key_table.c.name).order_by(key_table.c.name)).scalars()
            ]

    def _no_such(self, name: str) -> KeyNameError:
        names = ", ".join(map(printable, self._names())) or "none"
        return KeyNameError(f"Changing the key {printable(name)}: there is none of that name. There are: {names}.")

    def _prepare(self, connection: Connection) -> None:
        # With the schema there, a user who makes keys needs no right to create schemas.
        if self._schema is not None and not inspect(connection).has_schema(self._schema):
            connection.execute(CreateSchema(self._schema, if_not_exists=True))
        key_metadata.create_all(connection)

    @contextmanager
    def _reach(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except (SQLAlchemyError, OSError, UnicodeError) as error:  # the last of a host that cannot be a name
            cause = self._redactor.redact_error(getattr(error, "orig", None) or error)
            if is_disk_full(error, self._file):
                raise KeysDiskFullError(
                    f"Writing the keys at {self.redacted_url}: {cause}. Keys are as they were. Make room on that disk, "
                    "and run it again."
                ) from None
            sentence = f"Reaching the keys at {self.redacted_url}: {cause}. Check that"
            if is_there(self._engine):
                raise KeysUnreadableError(f"{sentence} they may be read there, and {self._setting}.") from None
            raise StoreUnreachableError(f"{sentence} it runs, and {self._setting}.") from None


def _write_new_file(file: Path, key: Key) -> None:
    """Write a file of keys that has one, completely or not at all: half a file would shut everyone out.

    Raises FileExistsError where another process made one at the same moment.
    """
    unfinished = file.with_name(f"{file.name}.{os.getpid()}.unfinished")
    _remove_database(unfinished)
    made = engine(sqlite_url(unfinished))
    try:
        with made.begin() as connection:
            key_metadata.create_all(connection)
            connection.execute(insert(key_table), key_rows.record(key))
        _move_to_free_name(unfinished, file)
    finally:
        made.dispose()
        _remove_database(unfinished)


def _move_to_free_name(file: Path, target: Path) -> None:
    try:
        os.link(file, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without links: two first keys at one moment are rarer than that
        file.replace(target)


def _remove_database(file: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
