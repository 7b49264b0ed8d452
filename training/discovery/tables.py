"""A file as columns of distinct texts, and where in the file its table is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals

from training.discovery.words import NO_VALUE_WORDS, tokens
from training.frames import BoolArray, FloatArray, IntArray
from training.sources.contents import Content
from training.sources.extract import Extract
from training.sources.numbers import parse_counts
from training.system.model import Notation, Source

ANY_NUMBER = re.compile(r"[<>\u2264\u2265~]?\s*[+-]?(?:\d[\d.,'\u2019\s\u00a0\u202f]*|[.,]\d+)(?:[eE][+-]?\d+)?\s*%?")
SUPPRESSED = re.compile(
    r"(?:<|\u2264|<=|less than|under|fewer than)\s*(\d{1,2})|(\d)\s*(?:-|\u2013|to|a|bis)\s*(\d{1,2})", re.I
)
MARKED_NUMBER = re.compile(r"\d[\d.,]*\s*(?:[^\w\s]+|\(\w\)|[a-z])")
"""A number with the mark of a footnote or a flag, such as `312*` or `312p`; `12A` may be a ward."""
PERCENTAGE = re.compile(r"[+-]?\d[\d.,]*\s*%")
MONTH_NAME = r"[^\W\d_]{3,12}\.?"
DAY_PART = re.compile(
    rf"""
    (?:[^\W\d_]{{2,10}}\.?,?\s+)?  # the name of a weekday
    (?:
      (?P<ymd>\d{{4}}(?P<s>[-/.])\d{{1,2}}(?P=s)\d{{1,2}})
      | (?P<compact>(?:19|20)\d{{2}}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))
      | (?P<dmy>\d{{1,2}}(?P<t>[-/.])\d{{1,2}}(?P=t)(?:\d{{4}}|\d{{2}}))
      | (?P<named>
          \d{{1,2}}\.?[-/.\ ]?(?:de\ )?{MONTH_NAME}[-/.,\ ]*(?:de\ )?(?:\d{{4}}|\d{{2}})
          | {MONTH_NAME}\ \d{{1,2}},?\ \d{{4}}
        )
    )
    (?P<rest>(?:[T\ ]\s*|,\s*)\d{{1,2}}[:.hH]\d{{2}}.*|[T\ ]\d{{1,2}}\s*[AaPp]\.?[Mm]\.?.*|Z)?
    """,
    re.VERBOSE,
)
"""A day in one of many forms, and the rest of the text: a time of the day, if there is one."""
MOST_TEXTS_TYPED = 3000
MOST_ROWS, HEAD_ROWS, PIECE_ROWS, N_PIECES = 200_000, 100_000, 10_000, 8


class CellKind(StrEnum):
    """The content that a cell seems to have."""

    BLANK = "blank"
    NUMBER = "number"
    DAY = "day"
    WORD = "word"


def kind_of(text: str) -> CellKind:
    """The kind of a cell. A word for no value is blank."""
    text = text.strip()
    if not text or text in NO_VALUE_WORDS:
        return CellKind.BLANK
    if is_day(text):
        return CellKind.DAY
    if is_number(text):
        return CellKind.NUMBER
    return CellKind.WORD


def is_number(text: str) -> bool:
    """Return whether a text is a number in some notation, a percentage, or a small count that is hidden."""
    return ANY_NUMBER.fullmatch(text) is not None or SUPPRESSED.fullmatch(text) is not None


def is_day(text: str) -> bool:
    """Return whether a text looks like a day, with or without a time."""
    return len(text) >= 6 and DAY_PART.fullmatch(text) is not None


@dataclass(frozen=True)
class Column:
    """A column: its distinct `texts`, and for each row the number of its text in `codes`."""

    name: str
    texts: tuple[str, ...]
    codes: IntArray

    @cached_property
    def words(self) -> tuple[str, ...]:
        return tokens(self.name)

    @cached_property
    def counts(self) -> IntArray:
        """How many rows have each text."""
        found: IntArray = np.bincount(self.codes, minlength=len(self.texts))
        return found

    @cached_property
    def n_rows(self) -> int:
        return len(self.codes)

    @cached_property
    def is_blank(self) -> BoolArray:
        """Which texts are blank."""
        return np.array([not text.strip() for text in self.texts], bool)

    @cached_property
    def n_filled(self) -> int:
        return int(self.counts[~self.is_blank].sum())

    @cached_property
    def filled(self) -> list[str]:
        """The distinct texts that are there, the most frequent first."""
        order = np.argsort(-self.counts, kind="stable")
        return [self.texts[i] for i in order.tolist() if self.counts[i] and not self.is_blank[i]]

    @cached_property
    def shares(self) -> dict[CellKind, float]:
        """The share of each kind of cell among those that are not blank, by rows."""
        typed = self.filled[:MOST_TEXTS_TYPED]
        count_of = dict(zip(self.texts, self.counts.tolist(), strict=True))
        sums = dict.fromkeys(CellKind, 0)
        for text in typed:
            sums[kind_of(text)] += count_of[text]
        total = sum(n for kind, n in sums.items() if kind is not CellKind.BLANK)
        return {kind: n / total if total else 0.0 for kind, n in sums.items()}

    def values(self, notation: Notation) -> FloatArray:
        """The number in each row; NaN where there is none."""
        read = parse_counts(pd.Series(self.texts, dtype=object), notation).to_numpy(dtype=float)
        found: FloatArray = read[self.codes]
        return found

    @property
    def categorical(self) -> pd.Categorical:
        """The rows as pandas holds them."""
        return pd.Categorical.from_codes(self.codes, categories=pd.Index(self.texts, dtype=object))

    def rows(self, chosen: BoolArray) -> "Column":
        """The same column of some of the rows."""
        return replace(self, codes=self.codes[chosen])


@dataclass(frozen=True)
class TableLocation:
    """Where the table of a file is: the rows of its header, and in a workbook the sheet, which may be the first."""

    header_rows: tuple[int, ...] = (1,)
    sheet: str | None = None
    is_first: bool = True

    def source(self, content: Content, columns: Sequence[str] = ()) -> Source:
        """A source that takes these columns of the file; without any all of them."""
        named: dict[str, tuple[str, ...]] = {name: (name,) for name in columns}
        query = None if columns else "SELECT * FROM extract"
        rows = None if self.header_rows == (1,) else self.header_rows
        return Source("init", (content.file,), None, None, named, sheet=self.sheet, query=query, header_rows=rows)


@dataclass(frozen=True)
class FileTable:
    """The table of one file, or of several files of one layout. `n_malformed` rows have another width.

    A sample has some rows of large files. `files` has the file of each row, where there are several.
    """

    contents: tuple[Content, ...]
    location: TableLocation
    columns: dict[str, Column]
    n_rows: int
    n_malformed: int = 0
    is_sample: bool = False
    files: Column | None = None

    def thinned(self) -> "FileTable":
        """The same table, of many rows only the first and pieces from all over it: enough to see what they are."""
        if self.n_rows <= MOST_ROWS:
            return self
        chosen = np.zeros(self.n_rows, bool)
        chosen[:HEAD_ROWS] = True
        for start in np.linspace(HEAD_ROWS, self.n_rows - PIECE_ROWS, N_PIECES).astype(int).tolist():
            chosen[start : start + PIECE_ROWS] = True
        return self.rows(chosen)

    def rows(self, chosen: BoolArray) -> "FileTable":
        """The same table with some of the rows."""
        columns = {name: column.rows(chosen) for name, column in self.columns.items()}
        files = None if self.files is None else self.files.rows(chosen)
        return replace(self, columns=columns, n_rows=int(chosen.sum()), files=files)


def as_table(content: Content, location: TableLocation, extract: Extract, is_sample: bool) -> FileTable:
    """The table that was read from one file."""
    columns = {str(name): _column(str(name), extract.rows[name].array) for name in extract.rows}
    return FileTable((content,), location, columns, len(extract.rows), len(extract.malformed), is_sample)


def stacked(tables: Sequence[FileTable]) -> FileTable:
    """Tables of one layout as one, with the columns that all of them have."""
    first = tables[0]
    if len(tables) == 1:
        return first
    shared = [name for name in first.columns if all(name in table.columns for table in tables)]
    columns = {name: _stacked([table.columns[name] for table in tables]) for name in shared}
    return FileTable(
        tuple(content for table in tables for content in table.contents),
        first.location,
        columns,
        sum(table.n_rows for table in tables),
        sum(table.n_malformed for table in tables),
        any(table.is_sample for table in tables),
        Column(
            "",
            tuple(content.file for table in tables for content in table.contents),
            np.repeat(np.arange(len(tables)), [table.n_rows for table in tables]),
        ),
    )


def _column(name: str, cells: pd.Categorical) -> Column:
    return Column(name, tuple(map(str, cells.categories)), cells.codes.astype(np.int64))


def _stacked(columns: Sequence[Column]) -> Column:
    return _column(columns[0].name, union_categoricals([column.categorical for column in columns]))
