"""Series and days as whole numbers, so that millions of them are put in order, found and compared quickly."""

import numpy as np
import pandas as pd

from training.arrays import BoolArray, IndexArray, IntArray

MANY = 1 << 31


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
    """The days since 1970."""
    return days.to_numpy().astype("datetime64[D]").astype(np.int64)


def series_days(series: IntArray, days: IntArray, first: int | None = None, last: int | None = None) -> IntArray:
    """One number for a series' number and a day of those from `first` to `last`: by series, then by day."""
    if not len(days):
        return series
    first = int(days.min()) if first is None else first
    last = int(days.max()) if last is None else last
    return series * (last - first + 1) + (days - first)


def order(keys: IntArray, *then: IntArray) -> IndexArray | None:
    """The positions that put the keys in order, equal ones by the arrays in `then`; None: they are in order, each once.

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
    """Which of the ordered keys are there more than once."""
    same = ordered[1:] == ordered[:-1]
    return np.append(same, False) | np.insert(same, 0, False) if len(ordered) else np.zeros(0, bool)


def is_last(ordered: IntArray) -> BoolArray:
    """Which of the ordered keys are the last of their kind."""
    return np.append(ordered[1:] != ordered[:-1], True) if len(ordered) else np.zeros(0, bool)


def repeated(keys: IntArray) -> IndexArray:
    """The positions of the keys that are there more than once."""
    positions = order(keys)
    if positions is None:
        return np.zeros(0, np.intp)
    return np.sort(positions[is_repeated(keys[positions])])


def positions_of(ordered: IntArray, wanted: IntArray) -> IndexArray:
    """Where each wanted key stands last among the ordered ones; -1: nowhere."""
    if not len(ordered):
        return np.full(len(wanted), -1, np.intp)
    positions = order(wanted)
    if positions is None:
        at = np.searchsorted(ordered, wanted, side="right") - 1
    else:  # neighbours are looked up one after the other: fifteen million in a second, not in five
        at = np.empty(len(wanted), np.intp)
        at[positions] = np.searchsorted(ordered, wanted[positions], side="right") - 1
    return np.where((at >= 0) & (ordered[at] == wanted), at, -1)
