"""The small CSV files next to a system.toml, row by row with their lines; events.csv and terms.csv among them."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TextIO

from publication.model import Measure, System
from training.errors import SystemFileError, nearest
from training.system.model import Event, EventKind, SchoolTerm


@dataclass(frozen=True, slots=True)
class Row:
    """A row and where it stands; a column that the file does not have is empty."""

    where: str
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def error(self, sentence: str) -> SystemFileError:
        return SystemFileError(f"{self.where}: {sentence}")


def read_table(path: Path, columns: tuple[str, ...], required: tuple[str, ...]) -> list[Row]:
    """The rows of a CSV whose header has the `required` columns and none but `columns`."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return list(_rows(lines, path, columns, required))
    except FileNotFoundError:
        raise SystemFileError(f"{path}: there is no such file. Write it, or correct its name in system.toml.") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SystemFileError(f"{path}: it cannot be read as CSV in UTF-8 ({error}). Save it again as that.") from error


def _rows(lines: TextIO, path: Path, columns: tuple[str, ...], required: tuple[str, ...]) -> Iterator[Row]:
    reader = csv.reader(lines, strict=True)
    header = next(reader, [])
    for column in header:
        if column not in columns:
            raise SystemFileError(f"{path} line 1: {column!r} is not a known column. {nearest(column, list(columns))}")
    missing = [column for column in required if column not in header]
    if missing or len(set(header)) < len(header):
        raise SystemFileError(
            f"{path} line 1: found {','.join(header) or 'nothing'}; the header must be {','.join(columns)}."
        )
    for cells in reader:
        where = f"{path} line {reader.line_num}"
        if len(cells) > len(header):
            raise SystemFileError(
                f"{where}: found {len(cells)} cells under {len(header)} columns. Quote text that has commas."
            )
        if any(cells):
            yield Row(where, dict(zip(header, cells, strict=False)))


def read_day(row: Row, column: str) -> date:
    """The ISO day in `column`."""
    try:
        return date.fromisoformat(row[column])
    except ValueError:
        raise row.error(f"{column}: found {row[column]!r}; give a day like 2026-02-03.") from None


EVENT_COLUMNS = ("from", "to", "place", "measure", "kind", "note", "announced")
TERM_COLUMNS = ("from", "to", "place")


def read_events(path: Path, system: System, known: dict[str, Measure]) -> tuple[Event, ...]:
    """The events of the file, as they are listed."""
    return tuple(_event(row, system, known) for row in read_table(path, EVENT_COLUMNS, required=("from", "to", "kind")))


def read_terms(path: Path, system: System) -> tuple[SchoolTerm, ...]:
    """The school terms of the file, as they are listed."""
    rows = read_table(path, TERM_COLUMNS, required=("from", "to"))
    return tuple(SchoolTerm(*_period(row), _choice(row, "place", list(system.place_by_id))) for row in rows)


def _event(row: Row, system: System, known: dict[str, Measure]) -> Event:
    kind = _choice(row, "kind", [kind.value for kind in EventKind])
    if kind is None:
        raise row.error(f"kind is empty. Give one of {', '.join(EventKind)}.")
    first, last = _period(row)
    place = _choice(row, "place", list(system.place_by_id))
    measure, announced = _choice(row, "measure", list(known)), read_day(row, "announced") if row["announced"] else None
    return Event(first, last, place, measure, EventKind(kind), row["note"], announced)


def event_row(event: Event) -> tuple[str, ...]:
    """The cells of an event, in the order of `EVENT_COLUMNS`."""
    announced = "" if event.announced is None else str(event.announced)
    days, about = (str(event.first), str(event.last)), (event.place or "", event.measure or "", event.kind.value)
    return (*days, *about, event.note, announced)


def _period(row: Row) -> tuple[date, date]:
    first, last = read_day(row, "from"), read_day(row, "to")
    if last < first:
        raise row.error(f"to: found {last}, which is before from ({first}). Swap them, or correct one.")
    return first, last


def _choice(row: Row, column: str, known: list[str]) -> str | None:
    """The cell if it is a known word, None where it is empty."""
    word = row[column]
    if word and word not in known:
        raise row.error(f"{column}: found {word!r}, which is not known. {nearest(word, known)}")
    return word or None
