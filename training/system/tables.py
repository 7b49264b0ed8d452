"""The small CSV files beside a system.toml, row by row with the line each came from."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TextIO

from training.errors import SystemFileError
from training.system.complaints import nearest


@dataclass(frozen=True, slots=True)
class Row:
    """A row and where it stands; a column that the file does not have is empty."""

    where: str
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells.get(column, "")

    def refusal(self, sentence: str) -> SystemFileError:
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
        raise row.refusal(f"{column}: found {row[column]!r}; give a day like 2026-02-03.") from None
