"""Tables: named columns and rows, as CSV, as lines of JSON, and as rows in a JSON body."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import orjson

from service.queries.selection import CSV, NDJSON, Form
from service.rendering.bodies import Json, json_bytes

Row = TypeVar("Row")

BATCH_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Table:
    """Rows with a value for each column: text, number, truth value, or None where there is none."""

    columns: tuple[str, ...]
    rows: Iterable[Sequence[object]]

    def objects(self) -> Iterator[Json]:
        """Yield each row by the names of its columns."""
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows)


def table_parts(table: Table, form: Form, block: Json) -> Iterator[bytes]:
    """Yield the body of a table, part by part. `block` describes the publication, in JSON alone."""
    if form is CSV:
        yield csv_line(table.columns)
        for rows in _batches(table.rows):
            yield csv_text(rows).encode()
    elif form is NDJSON:
        for lines in _batches(table.objects()):
            yield b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines)
    else:
        yield rows_start(block)
        for n, items in enumerate(_batches(table.objects())):
            yield (b"," if n else b"") + orjson.dumps(items)[1:-1]
        yield ROWS_END


ROWS_END = b"]}"


def rows_start(block: Json) -> bytes:
    """Return the start of a JSON body with rows."""
    return b'{"publication":' + json_bytes(block) + b',"rows":['


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Yield the rows in lists: large parts are compressed and hashed faster than many small ones."""
    following = iter(rows)
    while batch := list(islice(following, BATCH_ROWS)):
        yield batch


def csv_line(values: Iterable[object]) -> bytes:
    """Return one line of CSV; None is an empty cell."""
    return f"{csv_cells(values)}\n".encode()


def csv_cells(values: Iterable[object]) -> str:
    """Return one line of CSV, quoted where needed, without its end."""
    return csv_text([values])[:-1]


def csv_text(rows: Iterable[Iterable[object]]) -> str:
    """Return lines of CSV; truth values are written as JSON writes them."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(map(_cell, row) for row in rows)
    return text.getvalue()


def _cell(value: object) -> object:
    return ("true" if value else "false") if isinstance(value, bool) else value
