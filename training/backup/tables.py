"""Tables copied between SQLite and PostgreSQL: all rows as they are at one moment, or none."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import (
    JSON,
    Connection,
    DateTime,
    Engine,
    MetaData,
    Table,
    delete,
    event,
    func,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.engine.interfaces import ReflectedColumn
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateSchema

from publication.database import (
    STORE_SETTING,
    Instant,
    engine,
    metadata,
    publications,
    sqlite_file,
    sqlite_url,
    versions,
)
from publication.errors import StoreUnreachableError
from publication.key_tables import KEYS_SCHEMA, KEYS_URL_SETTING, key_metadata, key_table
from publication.redaction import Redactor, redact_url
from training.files import raise_if_full
from training.migrations.steps import upgrade, version_of

ROWS_COPIED_AT_ONCE = 100


def dump_store(url: str, file: Path) -> str | None:
    """Copy the tables of a PostgreSQL store into a new SQLite file, and return their version; None without tables."""
    with _reach(url, STORE_SETTING) as opened, _snapshot(opened) as source:
        version = version_of(source)
        if version is not None:
            with one_file(file) as target:
                upgrade(target, to=version)
                _copy_tables(source, target, inspect(target).get_table_names())
        return version


def dump_keys(url: str, file: Path) -> bool:
    """Copy the keys of a PostgreSQL database into a new SQLite file, and return whether it has any table of keys."""
    with _reach(url, KEYS_URL_SETTING) as opened, _snapshot(_in_schema(opened)) as source:
        is_there = inspect(source).has_table(key_table.name, schema=KEYS_SCHEMA)
        if is_there:
            with one_file(file) as target:
                key_metadata.create_all(target)
                _copy_rows(source, key_table, target, key_table)
        return is_there


def replace_rows(target: Connection, file: Path) -> None:
    """Bring the store's tables to this release, and replace all their rows by those of a SQLite file of this release.

    Tables stay, so that rights on them do, and a reader sees the rows of before or those of the file.
    """
    upgrade(target)
    opened = engine(sqlite_url(file))
    try:
        with opened.connect() as source:
            for table in reversed(metadata.sorted_tables):
                target.execute(delete(table))
            _copy_tables(source, target, metadata.tables)
    finally:
        opened.dispose()
    _continue_sequences(target)


def replace_keys(url: str, file: Path) -> None:
    """Replace all keys by those of a SQLite file, in one transaction."""
    read = engine(sqlite_url(file))
    try:
        with _reach(url, KEYS_URL_SETTING) as opened, _in_schema(opened).begin() as target, read.connect() as source:
            if target.dialect.name == "postgresql" and not inspect(target).has_schema(KEYS_SCHEMA):
                target.execute(CreateSchema(KEYS_SCHEMA, if_not_exists=True))
            key_metadata.create_all(target)
            target.execute(delete(key_table))
            _copy_rows(source, key_table, target, key_table)
    finally:
        read.dispose()


def has_publications(url: str) -> bool:
    """Return whether the store has any publication."""
    with _reach(url, STORE_SETTING) as opened, opened.connect() as connection:
        if not inspect(connection).has_table(publications.name):
            return False
        return connection.execute(select(publications.c.id).limit(1)).first() is not None


def has_keys(url: str) -> bool:
    """Return whether there is any key."""
    with _reach(url, KEYS_URL_SETTING) as opened, _in_schema(opened).connect() as connection:
        schema = None if connection.dialect.name == "sqlite" else KEYS_SCHEMA
        if not inspect(connection).has_table(key_table.name, schema=schema):
            return False
        return connection.execute(select(key_table.c.id).limit(1)).first() is not None


def upgrade_file(file: Path) -> None:
    """Bring the tables of a store in a SQLite file to this release."""
    with one_file(file) as connection:
        upgrade(connection)


def file_version(file: Path) -> str | None:
    """Return the version of the tables of a store in a SQLite file; None where there are none."""
    with one_file(file) as connection:
        return version_of(connection)


def to_one_file(file: Path) -> None:
    """Have a SQLite file hold all that was written to it, with no other file next to it."""
    with one_file(file):
        pass


@contextmanager
def _reach(url: str, setting: str) -> Iterator[Engine]:
    """Turns errors of a driver into StoreUnreachableError, without any secret; DiskFullError if a disk is full."""
    opened = engine(url, setting)
    try:
        yield opened
    except DBAPIError as error:
        doing = f"Copying the tables at {redact_url(url)}"
        raise_if_full(doing, error, sqlite_file(url))
        cause = Redactor(url).redact_error(error.orig or error)
        raise StoreUnreachableError(f"{doing}: {cause}. Check that it runs, and {setting}.") from None
    finally:
        opened.dispose()


def _in_schema(opened: Engine) -> Engine:
    schema = None if opened.dialect.name == "sqlite" else KEYS_SCHEMA
    return opened.execution_options(schema_translate_map={None: schema})


@contextmanager
def _snapshot(opened: Engine) -> Iterator[Connection]:
    """A transaction that sees the database as it was when it began."""
    with opened.connect().execution_options(isolation_level="REPEATABLE READ") as connection, connection.begin():
        connection.execute(text("SET TRANSACTION READ ONLY"))
        yield connection


@contextmanager
def one_file(file: Path) -> Iterator[Connection]:
    """A transaction over a SQLite file; afterwards all of it is in that one file."""
    opened = engine(sqlite_url(file))
    try:
        with opened.begin() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # the driver begins none for tables by itself
            yield connection
        with opened.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=DELETE")
    finally:
        opened.dispose()


def _reflected(connection: Connection, names: Iterable[str]) -> list[Table]:
    """Return the tables of these names as the database has them, in the order of their foreign keys."""
    found = MetaData()
    event.listen(found, "column_reflect", _make_portable)
    found.reflect(connection, only=sorted({*names} - {versions.name}))
    return found.sorted_tables


def _make_portable(_inspector: object, _table: object, column: ReflectedColumn) -> None:
    """Have both databases give and take the same values: instants with their offset, and no value for none."""
    if isinstance(column["type"], DateTime):
        column["type"] = Instant()
    elif isinstance(column["type"], JSON):
        column["type"] = JSON(none_as_null=True)


def _copy_tables(source: Connection, target: Connection, names: Iterable[str]) -> None:
    """Copy all rows of the tables of these names, which must be of one version on both sides."""
    read = {table.name: table for table in _reflected(source, names)}
    for table in _reflected(target, names):
        _copy_rows(source, read[table.name], target, table)


def _copy_rows(source: Connection, read: Table, target: Connection, written: Table) -> None:
    rows = source.execution_options(yield_per=ROWS_COPIED_AT_ONCE).execute(select(read)).mappings()
    for some in rows.partitions():
        target.execute(insert(written), [dict(row) for row in some])


def _continue_sequences(target: Connection) -> None:
    """Have PostgreSQL number new rows after the copied ones; SQLite does so by itself."""
    if target.dialect.name != "postgresql":
        return
    for table in metadata.sorted_tables:
        column = table.autoincrement_column
        if column is not None:
            sequence = func.pg_get_serial_sequence(table.name, column.name)
            following = select(func.coalesce(func.max(column), 0) + 1).scalar_subquery()
            target.execute(select(func.setval(sequence, following, False)))
