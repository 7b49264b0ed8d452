"""Columns of labels: which of them depends on which, and what the columns of places, names and streams are."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.discovery.measures import role_of
from training.discovery.tables import MARKED_NUMBER, CellKind, Column, is_number
from training.discovery.words import (
    BED_WORDS,
    CODE_WORDS,
    DEMAND_WORDS,
    FREE_WORDS,
    INDEX,
    MEAN_WORDS,
    MEASURE_NAME_WORDS,
    NAME_WORDS,
    OCCUPIED_WORDS,
    OPEN_WORDS,
    ORGANISATION_WORDS,
    RATE_WORDS,
    REGION_WORDS,
    SITE_WORDS,
    STREAM_WORDS,
    VALUE_WORDS,
    YEAR_WORDS,
    has,
)
from training.frames import IntArray

DEPENDS_SHARE = 0.98
"""One label depends on another if so many of its rows have the value that is most frequent with the other's."""
SAME_NUMBER_SHARE = 0.8
MOST_BLANK_SHARE = 0.45
LONGEST_LABEL_TEXT = 120
FEWEST_A_LABEL = 2
MOST_OF_A_STREAM = 25
CLOCK_TIME = re.compile(r"\d{1,3}:\d{2}(?::\d{2})?")
OFTEN = 0.2
"""A number that labels a place is there on so many of the days."""


@dataclass(frozen=True)
class LabelGroup:
    """Columns that label the same things, such as a code and a name; the finest of them first."""

    columns: tuple[Column, ...]

    @property
    def id(self) -> Column:
        """The column whose values are ids: rather a code than a name."""
        return max(self.columns, key=lambda column: (_is_code(column), -self.columns.index(column)))

    @property
    def name(self) -> Column | None:
        """The column whose values are names for people, if there is another than the ids."""
        others = [column for column in self.columns if column is not self.id]
        return max(others, key=_name_length, default=None)

    @property
    def n_values(self) -> int:
        return len(self.id.filled)

    def fits(self, pattern: "object") -> bool:
        """Return whether a word of a column's name fits."""
        return any(has(column.words, pattern) for column in self.columns)  # type: ignore[arg-type]

    @property
    def place_score(self) -> int:
        """How much the names of the columns say that they have places."""
        score = 0
        if self.fits(SITE_WORDS):
            score += 4
        if self.fits(ORGANISATION_WORDS):
            score += 3
        if self.fits(REGION_WORDS):
            score += 3
        if self.fits(STREAM_WORDS):
            score -= 3
        if self.fits(MEASURE_NAME_WORDS):
            score -= 6
        return score


def _is_code(column: Column) -> float:
    """How much a column looks like codes: by its name, and by short values without blanks."""
    values = column.filled[:200]
    short = sum(len(value) <= 12 and " " not in value.strip() for value in values) / max(1, len(values))
    digits = sum(any(sign.isdigit() for sign in value) for value in values) / max(1, len(values))
    by_name = has(column.words, CODE_WORDS) and not (has(column.words, NAME_WORDS) and digits < 0.5)
    return round(2.0 * by_name + (short > 0.95) + 0.5 * (digits > 0.8), 1)


def _name_length(column: Column) -> float:
    values = column.filled[:200]
    return sum(map(len, values)) / max(1, len(values)) + 40.0 * has(column.words, NAME_WORDS)


def is_index(column: Column) -> bool:
    """Return whether a column numbers the rows. Codes of places that are given out in turn do not, nor do counts."""
    if len(column.filled) < FEWEST_A_LABEL or column.shares[CellKind.NUMBER] < 1:
        return False
    if role_of(column.words) is not None or any(has(column.words, p) for p in (SITE_WORDS, REGION_WORDS)):
        return False
    named = INDEX.fullmatch(column.name) is not None
    values = np.array([_integer(text) for text in column.texts])[column.codes]
    steps = np.diff(values[values >= 0])
    is_unique = len(column.filled) == column.n_filled
    counts_up = bool(len(steps)) and bool((steps == 1).mean() > 0.98)
    return is_unique and (counts_up or named)


def _integer(text: str) -> int:
    return int(text) if text.isdigit() and len(text) < 18 else -1


def is_label(column: Column, days: IntArray, one_row_a_time: bool = False) -> bool:
    """Return whether a column can label places or streams: few values that come again on other days.

    Where there is `one_row_a_time`, numbers are counts: no other row could be of another place.
    """
    n_days = len(np.unique(days[days >= 0]))
    n_values = len(column.filled)
    if n_values < 1 or column.n_filled < (1 - MOST_BLANK_SHARE) * column.n_rows:
        return False
    longest = max(map(len, column.filled[:500]))
    if longest > LONGEST_LABEL_TEXT or column.shares[CellKind.DAY] > 0.5:
        return False
    if (
        has(column.words, MEAN_WORDS)
        or has(column.words, RATE_WORDS)
        or all(map(CLOCK_TIME.fullmatch, column.filled[:500]))
        or all(map(MARKED_NUMBER.fullmatch, column.filled[:500]))
    ):
        return False
    if n_days > 1 and column.n_filled < FEWEST_A_LABEL * n_values:
        return False
    if column.shares[CellKind.NUMBER] > 0.5:
        return not (one_row_a_time and n_values > 1) and _is_number_label(column, days, n_days)
    return True


def _is_number_label(column: Column, days: IntArray, n_days: int) -> bool:
    """Whether numbers are labels: their name says so, they are integers, and most of them are there on most days."""
    named = has(column.words, CODE_WORDS) or has(column.words, SITE_WORDS) or has(column.words, REGION_WORDS)
    are_codes = all(text.strip().isalnum() for text in column.filled[:500] if is_number(text.strip()))
    if (
        not named
        or not are_codes
        or has(column.words, YEAR_WORDS)
        or (role_of(column.words) and not has(column.words, CODE_WORDS))
    ):
        return False
    if any(
        has(column.words, pattern)
        for pattern in (OCCUPIED_WORDS, BED_WORDS, OPEN_WORDS, FREE_WORDS, DEMAND_WORDS, VALUE_WORDS)
    ):
        return False
    pairs = np.unique(days[days >= 0] * len(column.texts) + column.codes[days >= 0])
    n_days_of = np.bincount(pairs % len(column.texts), minlength=len(column.texts))
    n_days_of = n_days_of[(column.counts > 0) & ~column.is_blank]
    return bool(np.median(n_days_of) >= min(n_days, FEWEST_A_LABEL) and np.median(n_days_of) >= OFTEN * n_days)


def depends(on: Column, column: Column) -> float:
    """The share of rows whose value of `column` is the most frequent one with its value of `on`."""
    pairs = on.codes * len(column.texts) + column.codes
    is_known = ~on.is_blank[on.codes] & ~column.is_blank[column.codes]
    distinct, counts = np.unique(pairs[is_known], return_counts=True)
    if not len(distinct):
        return 0.0
    of = distinct // len(column.texts)
    order = np.lexsort((counts, of))
    last = np.r_[of[order][1:] != of[order][:-1], True]
    return float(counts[order][last].sum() / counts.sum())


def grouped(columns: Sequence[Column]) -> list[LabelGroup]:
    """Columns that label the same things together, the most values first."""
    left = sorted(columns, key=lambda column: -len(column.filled))
    groups = []
    while left:
        finest = left.pop(0)
        same = [
            column
            for column in left
            if len(column.filled) >= SAME_NUMBER_SHARE * _n_with(finest, column)
            and len(finest.filled) > 1
            and depends(finest, column) >= DEPENDS_SHARE
        ]
        left = [column for column in left if not any(column is other for other in same)]
        in_order = sorted([finest, *same], key=lambda column: -len(column.filled))
        groups.append(LabelGroup(tuple(in_order)))
    return groups


def _n_with(finest: Column, column: Column) -> int:
    """How many values of the finest are there in rows that have the other."""
    rows = ~column.is_blank[column.codes] & ~finest.is_blank[finest.codes]
    return len(np.unique(finest.codes[rows]))


def independent(groups: Sequence[LabelGroup]) -> list[LabelGroup]:
    """The groups that depend on no other one: places, and what their counts are split by."""
    return [
        group
        for group in groups
        if not any(
            other is not group
            and other.n_values > group.n_values
            and depends(other.columns[0], group.columns[0]) >= DEPENDS_SHARE
            for other in groups
        )
    ]


def uniqueness(keys: Sequence[IntArray]) -> float:
    """The share of rows that no other row has the same keys as."""
    codes = np.zeros(len(keys[0]), np.int64)
    for key in keys:
        distinct, at = np.unique(key, return_inverse=True)
        codes = codes * max(1, len(distinct)) + at
        codes = np.unique(codes, return_inverse=True)[1]
    counts = np.bincount(codes) if len(codes) else np.array([1])
    return float((counts[codes] == 1).mean()) if len(codes) else 1.0
