"""An independent reader of the database: plain SQL over the database's own driver."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg
from sqlalchemy.engine import make_url


def ask(url: str, sql: str) -> list[tuple[object, ...]]:
    """Rows of a query."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(_file(url))) as connection:
            return connection.execute(sql).fetchall()
    with psycopg.connect(url) as server:
        return list(server.execute(sql.encode()).fetchall())


def tell(url: str, *statements: str) -> None:
    """Run statements that give no rows, and commit."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(_file(url))) as connection:
            for sql in statements:
                connection.execute(sql)
            connection.commit()
        return
    with psycopg.connect(url) as server:
        for sql in statements:
            server.execute(sql.encode())


def fill(url: str, table: str, rows: list[tuple[object, ...]]) -> None:
    """Put rows into a table, every number as it is."""
    marks = ", ".join(["?" if url.startswith("sqlite") else "%s"] * len(rows[0]))
    sql = f"INSERT INTO {table} VALUES ({marks})"
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(_file(url))) as connection:
            connection.executemany(sql, rows)
            connection.commit()
        return
    with psycopg.connect(url) as server:
        server.cursor().executemany(sql.encode(), rows)


def overwrite(url: str, table: str, column: str, value: bytes) -> None:
    """Put the bytes into the column of each row."""
    sql = f"UPDATE {table} SET {column} = {'?' if url.startswith('sqlite') else '%s'}"
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(_file(url))) as connection:
            connection.execute(sql, (value,))
            connection.commit()
        return
    with psycopg.connect(url) as server:
        server.execute(sql.encode(), (value,))


@contextmanager
def writing(url: str, sql: str) -> Iterator[None]:
    """A transaction that has run `sql` and is still open; it is rolled back at the end of the block."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(_file(url), isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(sql)
            yield
        return
    with closing(psycopg.connect(url)) as server:
        server.execute(sql.encode())
        yield


def n_publications(url: str) -> int:
    """Return the number of publications in the store."""
    [(found,)] = ask(url, "SELECT count(*) FROM publications")
    return int(str(found))


def _file(url: str) -> str:
    return str(make_url(url).database)
