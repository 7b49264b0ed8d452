"""Columns of millions of rows: categoricals of few texts, and integers that are sorted and found quickly."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import union_categoricals

from training.frames import BoolArray, IndexArray, IntArray

Scalar = TypeVar("Scalar", bound=np.generic)
NANOSECONDS_A_DAY = 86_400 * 10**9
MANY = 1 << 31


def constant_column(text: str | None, n_rows: int) -> pd.Categorical:
    """The same text in every row; None: no text."""
    categories = pd.Index([] if text is None else [text], dtype=object)
    return pd.Categorical.from_codes(np.full(n_rows, -1 if text is None else 0, np.int8), categories=categories)


def distinct_texts(column: pd.Series) -> pd.Series:
    """The distinct texts of a column, numbered as its codes are."""
    return pd.Series(column.cat.categories.to_numpy(dtype=object), dtype=object)


def per_row(column: pd.Series, of_texts: NDArray[Scalar]) -> NDArray[Scalar]:
    """Return a property of each distinct text for each row. No row may be without a text."""
    return of_texts[column.cat.codes.to_numpy()]


def with_columns(frame: pd.DataFrame, **columns: object) -> pd.DataFrame:
    """The frame with some columns added or replaced, the others shared with it: millions of rows are not copied."""
    shared: dict[str, object] = {str(name): column for name, column in frame.items()}
    return pd.DataFrame(shared | columns, index=frame.index, copy=False)


def select_columns(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Some columns of the frame, shared with it."""
    return pd.DataFrame({name: frame[name] for name in names}, copy=False)


def stack_rows(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The rows of all frames, categoricals staying so. Takes the columns out of the frames, to save memory."""
    filled = [frame for frame in frames if len(frame)] or list(frames[:1])
    columns = {name: _joined([frame.pop(name) for frame in filled]) for name in list(filled[0].columns)}
    return pd.DataFrame(columns, copy=False)


def _joined(parts: list[pd.Series]) -> object:
    if len(parts) == 1:
        return parts[0].array
    if all(isinstance(part.dtype, pd.CategoricalDtype) for part in parts):
        return union_categoricals(parts)
    return pd.concat(parts, ignore_index=True).array


def series_numbers(values: pd.DataFrame) -> IntArray:
    """A number for each series of the values, whose place, measure and stream are categoricals."""
    series = np.zeros(len(values), np.int64)
    for name in ("place", "measure", "stream"):
        column = values[name].cat
        series *= len(column.categories) + 1
        series += column.codes.to_numpy()
        if len(series) and series.max() > MANY:
            series = pd.factorize(series)[0].astype(np.int64)
    return series


def day_numbers(days: pd.Series) -> IntArray:
    """Return the days since 1970 of midnights. NumPy's own conversion to days takes twenty times as long."""
    return np.asarray(days.to_numpy().astype("datetime64[ns]", copy=False).view(np.int64) // NANOSECONDS_A_DAY)


def series_days(series: IntArray, days: IntArray, first: int | None = None, last: int | None = None) -> IntArray:
    """One number for a series' number and a day of those from `first` to `last`: by series, then by day."""
    if not len(days):
        return series
    first = int(days.min()) if first is None else first
    last = int(days.max()) if last is None else last
    return series * (last - first + 1) + (days - first)


def sort_order(keys: IntArray, *then: IntArray) -> IndexArray | None:
    """Return the positions that sort the keys, equal ones by the arrays in `then`; None if sorted and distinct.

    Quick where keys come in long runs, as in files they do.
    """
    if bool(np.all(keys[1:] > keys[:-1])):
        return None
    positions = np.argsort(keys, kind="stable")
    if then:
        tied = np.flatnonzero(is_repeated(keys[positions]))
        among = positions[tied]
        positions[tied] = among[np.lexsort([*(array[among] for array in reversed(then)), keys[among]])]
    return positions


def is_repeated(ordered: IntArray) -> BoolArray:
    """Return which of the sorted keys occur more than once."""
    same = ordered[1:] == ordered[:-1]
    return np.append(same, False) | np.insert(same, 0, False) if len(ordered) else np.zeros(0, bool)


def is_last(ordered: IntArray) -> BoolArray:
    """Return which of the sorted keys are the last of equal ones."""
    return np.append(ordered[1:] != ordered[:-1], True) if len(ordered) else np.zeros(0, bool)


def repeated_positions(keys: IntArray) -> IndexArray:
    """The positions of the keys that are there more than once."""
    positions = sort_order(keys)
    if positions is None:
        return np.zeros(0, np.intp)
    return np.sort(positions[is_repeated(keys[positions])])


def positions_of(ordered: IntArray, wanted: IntArray) -> IndexArray:
    """Return the last position of each wanted key among the sorted ones; -1: absent."""
    if not len(ordered):
        return np.full(len(wanted), -1, np.intp)
    positions = sort_order(wanted)
    if positions is None:
        at = np.searchsorted(ordered, wanted, side="right") - 1
    else:  # sorted look-ups use the processor's cache: fifteen million take one second in place of five
        at = np.empty(len(wanted), np.intp)
        at[positions] = np.searchsorted(ordered, wanted[positions], side="right") - 1
    return np.where((at >= 0) & (ordered[at] == wanted), at, -1)
