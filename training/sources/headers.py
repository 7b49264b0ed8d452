"""Headers: where they are, what their columns are called, and which of them a source takes."""

from collections.abc import Sequence

from training.errors import HistoryError
from training.system.model import Source
from training.system.schema import ALL_COLUMNS, EXCEL_DAYS

LEVELS_JOINED_BY = " / "
SEARCHED_ROWS = 60
MOST_COLUMNS_NAMED = 40


def takes_all(source: Source) -> bool:
    """Return whether the source takes every column of its files: a query may name any, and so does `*`."""
    return (source.query is not None and source.url is None) or source.place_columns == (ALL_COLUMNS,)


def named_columns(source: Source) -> list[str]:
    """The columns that the source names: those its files must have, or the answer to its query."""
    places = [] if source.place_columns == (ALL_COLUMNS,) else list(source.place_columns)
    named = [source.place, source.day, *source.time, source.measure, source.stream, source.known_at, *places]
    return list(dict.fromkeys(column for column in [*named, *count_columns(source)] if column is not None))


def count_columns(source: Source) -> list[str]:
    """The columns that hold counts, but for those of places."""
    if source.place_columns:
        return []
    if source.value is not None:
        return [source.value]
    columns = dict.fromkeys(column for columns in source.columns.values() for column in columns)
    return [column for column in columns if column != ALL_COLUMNS]


def is_count(source: Source, column: str) -> bool:
    """Return whether a column that the source takes has counts: a cell of it stands for itself alone."""
    if source.place_columns:
        return column not in named_columns(source) or column in source.place_columns
    return column in count_columns(source)


def format_of(source: Source, column: str) -> str | None:
    """The format in which the days of a column are read, where the source declares one."""
    is_day = column in (source.day, *source.time[:1]) and source.day_format != EXCEL_DAYS
    return source.day_format if is_day else None


def columns_of(source: Source, header: Sequence[str]) -> list[str]:
    """The columns that the source takes of a file with this header."""
    return [name for name in dict.fromkeys(header) if name] if takes_all(source) else named_columns(source)


def header_of(rows: Sequence[Sequence[str]], source: Source) -> tuple[str, ...]:
    """The names of the columns. The upper of two rows holds for every column up to its next name.

    For a query each column has a name of its own: one that is there before gets a number, one without a name too.
    """
    names = [name.strip() for name in rows[-1]] if rows else []
    if len(rows) > 1:
        names = _joined(rows[0], names)
    if source.query is not None and source.url is None:
        names = _distinct(names)
    return tuple(names)


def _joined(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    names, above = [], ""
    for i, name in enumerate(lower):
        above = (upper[i].strip() if i < len(upper) else "") or above
        names.append(LEVELS_JOINED_BY.join(part for part in (above, name) if part))
    return names


def _distinct(names: Sequence[str]) -> list[str]:
    found: dict[str, int] = {}
    distinct = []
    for number, name in enumerate(names, start=1):
        name = name or f"column{number}"
        found[name] = found.get(name, 0) + 1
        distinct.append(name if found[name] == 1 else f"{name}_{found[name]}")
    return distinct


def check_header(name: str, header: Sequence[str], source: Source, below: Sequence[Sequence[str]] = ()) -> None:
    """Raises HistoryError where a column that the source names is not there once. `name` says whose header it is.

    `below` are rows below the header, in which another header may be.
    """
    if not any(header) and not any(any(row) for row in below):
        raise HistoryError(f"Reading {name}: it is empty. Send the extract again.")
    if source.query is not None and source.url is None:
        return  # the query's answer has the columns that the source names
    for column in named_columns(source):
        if header.count(column) == 1:
            continue
        if header.count(column) > 1:
            raise HistoryError(
                f"Reading {name}: column {column!r} is there {header.count(column)} times. Rename all but one."
            )
        raise HistoryError(
            f"Reading {name}: it has no column {column!r}, which sources.{source.name} names. "
            f"Found {_shown(header)}. {_advice(source, below)}"
        )


def _shown(header: Sequence[str]) -> str:
    named = [name for name in header if name]
    more = f" and {len(named) - MOST_COLUMNS_NAMED} more" if len(named) > MOST_COLUMNS_NAMED else ""
    return f"{', '.join(named[:MOST_COLUMNS_NAMED]) or 'no names'}{more}"


def _advice(source: Source, below: Sequence[Sequence[str]]) -> str:
    first = (source.header_rows or (1,))[-1] + 1
    wanted = set(named_columns(source))
    for number, row in enumerate(below, start=first):
        if wanted <= {cell.strip() for cell in row}:
            return f"Row {number} has all of them: write header_row = {number} under [sources.{source.name}]."
    return "Correct the name in system.toml, or send the extract with that column."


def check_rows(name: str, n_rows: int) -> None:
    """Raises HistoryError where there is nothing below the header."""
    if not n_rows:
        raise HistoryError(f"Reading {name}: it has a header but no rows. Send the extract again.")
