"""Rows of one publication, as each database gives them soonest to a thread that reads beside a busy one."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Integer,
    Table,
    Text,
    func,
    literal,
    literal_column,
    select,
    type_coerce,
)

from publication.engines import ReadJson
from publication.schema import headroom

Row = Mapping[str, Any]

FETCHED = 1000
BATCH = 100
BATCH_OF_WIDE = {headroom.name: 10}
"""Rows to a batch, for about a quarter of a megabyte: while that is parsed, no request is answered."""


def rows(connection: Connection, table: Table, publication_id: int, read_json: ReadJson = json.loads) -> Iterator[Row]:
    """The publication's rows of the table, by their position where they have one, as they come.

    SQLite's driver lets go of the interpreter at every row, and then waits until it is given back: a service that is
    asked thousands of times a second would read a large publication for a quarter of a minute. So SQLite puts many rows
    into one text. Raises ValueError where that is no JSON.
    """
    if connection.dialect.name == "sqlite":
        yield from _in_batches(connection, table, publication_id, read_json)
        return
    mine = select(table).where(table.c.publication_id == publication_id).order_by(*_order(table))
    with connection.execute(mine, execution_options={"yield_per": FETCHED}) as found:
        yield from map(dict, found.mappings())


def _in_batches(connection: Connection, table: Table, publication_id: int, read_json: ReadJson) -> Iterator[Row]:
    columns = [column for column in table.columns if column.name != "publication_id"]
    near = table.c.position if "position" in table.c else literal_column("rowid", Integer)
    of_batch = near // BATCH_OF_WIDE.get(table.name, BATCH)
    mine = select(func.group_concat(_as_json(columns))).where(table.c.publication_id == publication_id)
    readers = [(column.name, bool if isinstance(column.type, Boolean) else _as_it_is) for column in columns]
    for (text,) in connection.execute(mine.group_by(of_batch).order_by(of_batch)):
        batch = [
            {name: read(value) for (name, read), value in zip(readers, values, strict=True)}
            for values in cast("list[list[object]]", read_json(f"[{text}]"))
        ]
        yield from sorted(batch, key=_position)  # within a batch SQLite promises no order


def _as_json(columns: Sequence[Column[Any]]) -> ColumnElement[str]:
    """A row as a JSON array; what is JSON already is not looked at."""
    array: ColumnElement[str] = literal("[")
    for n, column in enumerate(columns):
        value = type_coerce(column, Text) if isinstance(column.type, JSON) else func.json_quote(column)
        array = array.concat(literal(",").concat(value) if n else value)
    return array.concat("]")


def _order(table: Table) -> list[Column[Any]]:
    return [table.c.position] if "position" in table.c else []


def _position(row: Row) -> int:
    position: int = row.get("position", 0)
    return position


def _as_it_is(value: object) -> object:
    return value
