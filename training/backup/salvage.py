"""The readable rows of a damaged store, written into a new SQLite file."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from publication.database import VERSION, metadata, sqlite_url, versions
from publication.errors import PublicationError
from publication.score_tables import live_scores
from publication.store import Store
from training.backup.copies import BUSY_SECONDS, SQLITE_SUFFIXES, check_sqlite, copy_file, sqlite_errors
from training.backup.tables import one_file, to_one_file, upgrade_file
from training.backup.writing import REPAIR_ADVICE
from training.migrations.steps import upgrade

ROW_NUMBER_QUERIES = (
    "SELECT rowid FROM {} NOT INDEXED ORDER BY rowid",
    "SELECT rowid FROM {} NOT INDEXED ORDER BY rowid DESC",
    "SELECT rowid FROM {}",
)
"""Ways to the numbers of the rows: each may end at another damaged page. The last may use an index."""
HEADER_BYTES = 100
PAGE_COUNT, CHANGE_COUNTER, VERSION_VALID_FOR = slice(28, 32), slice(24, 28), slice(92, 96)  # of SQLite's header
LIVE_SCORE_TABLES = {
    table.name
    for table in metadata.sorted_tables
    if table is live_scores or live_scores in {key.column.table for key in table.foreign_keys}
}


@dataclass(frozen=True)
class Salvaged:
    """The number of publications that were saved, and of rows that were found and could not be."""

    saved: int
    lost: int


def check_store_file(file: Path, check: str = "integrity_check") -> None:
    """Raise DamagedStoreError where the file of a store is damaged; `quick_check` reads every page once."""
    with sqlite_errors(file, REPAIR_ADVICE), closing(sqlite3.connect(file, timeout=BUSY_SECONDS)) as connection:
        check_sqlite(connection, file, REPAIR_ADVICE, check)


def salvage(damaged: Path, target: Path) -> Salvaged:
    """Write every readable row of a damaged store into a new one, of this release. The damaged file is left as it is.

    Live scores are left out: half of them would be wrong, and the next scoring makes them anew. So is a publication
    whose content is damaged.
    """
    with TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as folder:
        copy = Path(folder) / damaged.name
        for suffix in SQLITE_SUFFIXES:
            with suppress(FileNotFoundError):
                copy_file(damaged.with_name(damaged.name + suffix), copy.with_name(copy.name + suffix))
        version = _version(copy)
        with one_file(target) as connection:
            upgrade(connection, to=version or VERSION)
        if version is None:
            _replace_header(copy, target)
        n_unreadable = _copy_readable(copy, target)
    upgrade_file(target)
    saved, n_malformed = _keep_sound(target)
    to_one_file(target)
    return Salvaged(saved, n_unreadable + n_malformed)


def _version(file: Path) -> str | None:
    """Return the version of the tables; None where it cannot be read."""
    with closing(sqlite3.connect(file)) as connection, suppress(sqlite3.DatabaseError):
        row = connection.execute(f"SELECT version_num FROM {versions.name}").fetchone()  # noqa: S608  our own name
        return None if row is None else str(row[0])
    return None


def _replace_header(file: Path, sound: Path) -> None:
    """Give a file the header of a sound one: where only its first bytes are damaged, all else can be read."""
    content = bytearray(sound.read_bytes()[:HEADER_BYTES])
    page_bytes = int.from_bytes(content[16:18])
    content[PAGE_COUNT] = (file.stat().st_size // page_bytes).to_bytes(4)
    content[VERSION_VALID_FOR] = content[CHANGE_COUNTER]
    with file.open("r+b") as written:
        written.write(content)


def _copy_readable(source: Path, target: Path) -> int:
    """Copy the rows that can be read, table by table, and return the number of those that cannot."""
    n_unreadable = 0
    with closing(sqlite3.connect(source)) as damaged, closing(sqlite3.connect(target)) as written, written:
        names = [name for (name,) in written.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in names:
            if table not in {versions.name, *LIVE_SCORE_TABLES}:
                n_unreadable += _copy_table(damaged, written, table)
    return n_unreadable


def _copy_table(damaged: sqlite3.Connection, written: sqlite3.Connection, table: str) -> int:
    names = [str(name) for _, name, *_ in written.execute(f"PRAGMA table_info({table})")]
    columns, marks = ", ".join(names), ", ".join("?" * len(names))
    n_unreadable = 0
    for number in sorted(_row_numbers(damaged, table)):
        try:
            query = f"SELECT {columns} FROM {table} WHERE rowid = ?"  # noqa: S608  names of our own tables
            row = damaged.execute(query, (number,)).fetchone()
            written.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", row)  # noqa: S608
        except (sqlite3.Error, TypeError):  # it is unreadable, or breaks a rule of the table
            n_unreadable += 1
    return n_unreadable


def _row_numbers(damaged: sqlite3.Connection, table: str) -> set[int]:
    found: set[int] = set()
    for query in ROW_NUMBER_QUERIES:
        found.update(_until_damaged(damaged, query.format(table)))
    return found


def _until_damaged(damaged: sqlite3.Connection, query: str) -> Iterator[int]:
    with suppress(sqlite3.DatabaseError):
        for (number,) in damaged.execute(query):
            yield number


def _keep_sound(file: Path) -> tuple[int, int]:
    """Delete the publications whose content is damaged, and return how many stay and how many do not."""
    with closing(sqlite3.connect(file)) as connection:
        keys = connection.execute("SELECT id, system, cutoff, revision FROM publications").fetchall()
    with closing(Store(sqlite_url(file))) as store:
        malformed = [(number,) for number, *of in keys if not _is_sound(store, *of)]
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executemany("DELETE FROM publications WHERE id = ?", malformed)
    return len(keys) - len(malformed), len(malformed)


def _is_sound(store: Store, system: str, cutoff: str, revision: int) -> bool:
    try:
        store.latest(system, date.fromisoformat(cutoff), revision)
    except (PublicationError, TypeError, ValueError):
        return False
    return True
