"""Totals among the columns of a matrix: those that equal the sum of others on nearly all days."""

from itertools import combinations

import numpy as np

from training.frames import FloatArray

EQUAL_SHARE = 0.9
"""A total equals the sum of others on so many days."""
TOTAL_TOLERANCE = 0.002
FEWEST_TIMES_OF_TOTAL = 10
FEWEST_VALUES_OF_TOTAL = 4
FEWEST_PARTS = 2
MOST_LARGE = 9
MOST_TIMES = 400
NEARLY_ALL_RANGE = (0.75, 1.01)
FEWEST_OF_NEARLY_ALL = 8


def find_totals(values: FloatArray) -> tuple[dict[int, str], list[int]]:
    """Return the columns of (n_times, n_columns) that are totals, each with why, and those of them that add up exactly.

    Absent values count as nothing. The other totals of nearly all, such as those of one type, are found by their size.
    """
    values = np.nan_to_num(values[np.isfinite(values).any(axis=1)][-MOST_TIMES:])
    found: dict[int, str] = {}
    if (values.sum(axis=0) > 0).sum() <= FEWEST_PARTS:
        return found, []
    for number in np.argsort(-values.mean(axis=0), kind="stable")[:MOST_LARGE].tolist():
        if number in found or values[:, number].mean() <= 0:
            continue
        others = _left_out(values, number, set(found))
        if others is None:
            continue
        found[number] = "it equals the sum of the others"
        for other in others:
            found[other] = "the total adds up without it"
    exact = [number for number, because in found.items() if because.startswith("it equals")]
    found |= _nearly_all(values, found)
    return found, exact


def _left_out(values: FloatArray, number: int, totals: set[int]) -> tuple[int, ...] | None:
    """The fewest of the large columns without which the others add up to this one; None where none do."""
    total = values[:, number]
    others = [i for i in range(values.shape[1]) if i != number and i not in totals]
    if len(others) < FEWEST_PARTS:
        return None
    rest = values[:, others].sum(axis=1)
    if _equal(total, rest):
        return ()
    if len(values) < FEWEST_TIMES_OF_TOTAL:
        return None
    size = values.mean(axis=0)
    large = sorted((i for i in others if size[i] < size[number]), key=lambda i: -size[i])[:MOST_LARGE]
    for n_left_out in range(1, len(large) + 1):
        for chosen in combinations(large, n_left_out):
            if len(others) - n_left_out < FEWEST_PARTS:
                continue
            if _equal(total, rest - values[:, list(chosen)].sum(axis=1)):
                return chosen
    return None


def _equal(total: FloatArray, rest: FloatArray) -> bool:
    there = total > 0
    if there.sum() < max(1, min(3, len(total))):
        return False
    if len(total) >= FEWEST_TIMES_OF_TOTAL and len(np.unique(total[there])) < FEWEST_VALUES_OF_TOTAL:
        return False  # numbers that never change may add up by chance
    near = np.abs(total - rest) <= TOTAL_TOLERANCE * total + 1e-6
    return bool(near[there].mean() >= EQUAL_SHARE)


def _nearly_all(values: FloatArray, found: dict[int, str]) -> dict[int, str]:
    """Columns that are about as large as all others together, where there is a total and many others."""
    others = [i for i in range(values.shape[1]) if i not in found]
    if not found or len(others) < FEWEST_OF_NEARLY_ALL:
        return {}
    sums = values[:, others].sum(axis=1)
    nearly = {}
    for i in others:
        rest = sums - values[:, i]
        there = rest > 0
        ratio = values[there, i] / rest[there] if there.any() else np.array([0.0])
        if np.mean((ratio > NEARLY_ALL_RANGE[0]) & (ratio < NEARLY_ALL_RANGE[1])) >= EQUAL_SHARE:
            nearly[i] = "it is nearly as large as all others together"
    return nearly


def pivot(times: np.ndarray, columns: np.ndarray, values: FloatArray, n_columns: int) -> FloatArray:
    """Sums of values by time and column, (n_times, n_columns); NaN where there is none."""
    is_known = np.isfinite(values)
    times, columns, values = times[is_known], columns[is_known], values[is_known]
    distinct, at = np.unique(times, return_inverse=True)
    at_cell = at * n_columns + columns
    sums = np.bincount(at_cell, weights=values, minlength=len(distinct) * n_columns)
    counts = np.bincount(at_cell, minlength=len(distinct) * n_columns)
    return np.where(counts > 0, sums, np.nan).reshape(len(distinct), n_columns)
