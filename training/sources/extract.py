"""What every kind of source gives: a table of texts, with the line of each row."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from training.errors import HistoryError
from training.system import Source

NO_ROWS_APART = pd.Series([], index=pd.Index([], dtype="int64"), dtype=object)


@dataclass(frozen=True)
class Extract:
    """One file of a source, or the answer to its query.

    `rows` has the columns that the source names: categoricals of texts without blanks around them, a blank for what is
    missing; indexed by line (1 is a file's header; of Parquet and of a query the first row). `malformed` has the text
    of the rows, by line, whose number of cells is not that of the header.
    """

    source: Source
    file: str
    header: tuple[str, ...]
    rows: pd.DataFrame
    malformed: pd.Series = field(default_factory=lambda: NO_ROWS_APART)


def columns_of(source: Source) -> list[str]:
    """The columns that the source needs its files to have."""
    named = [source.place, source.day, source.measure, source.stream, source.known_at, *count_columns(source)]
    return list(dict.fromkeys(column for column in named if column is not None))


def count_columns(source: Source) -> list[str]:
    """The columns that hold counts."""
    if source.value is not None:
        return [source.value]
    return list(dict.fromkeys(column for columns in source.columns.values() for column in columns))


def check_header(name: str, header: Sequence[str], source: Source) -> None:
    """Raises HistoryError where a column that the source names is not there once. `name` says whose header it is."""
    if not any(header):
        raise HistoryError(f"Reading {name}: it is empty. Send the extract again.")
    for column in columns_of(source):
        if header.count(column) == 1:
            continue
        if header.count(column) > 1:
            raise HistoryError(
                f"Reading {name}: column {column!r} is there {header.count(column)} times. Rename all but one."
            )
        raise HistoryError(
            f"Reading {name}: it has no column {column!r}, which sources.{source.name} names. "
            f"Found {', '.join(header)}. Correct the name in system.toml, or send the extract with that column."
        )


def check_rows(name: str, n_rows: int) -> None:
    """Raises HistoryError where there is nothing below the header."""
    if not n_rows:
        raise HistoryError(f"Reading {name}: it has a header but no rows. Send the extract again.")
