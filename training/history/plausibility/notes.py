"""The checks that only tell: gaps, late and silent series, flows that do not balance, level shifts."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from publication.model import System
from publication.vocabulary import SeriesKey
from training.history.plausibility.balance import balance_residuals
from training.history.plausibility.runs import days_left, positions
from training.history.plausibility.shifts import level_shifts

NOTED = "noted"
LATE_FROM_DAYS = 2
SILENT_FROM_DAYS = 28
GAPS_TOLD_APART = 12  # of one series: beyond that they are told as one
UNBALANCED_SHARE = 0.01  # of the admissions: what goes unexplained on an average day
WORST_DAYS = 3


def gaps(table: pd.DataFrame, _system: System) -> pd.DataFrame:
    """Days without a value between a series' first and last one."""
    empty = table.isna().to_numpy()
    inside = empty & ~np.logical_and.accumulate(empty, axis=0) & ~np.logical_and.accumulate(empty[::-1], axis=0)[::-1]
    ends = inside & (days_left(inside) == 0)
    lengths = positions(inside)
    rows = []
    for series in np.flatnonzero(ends.any(axis=0)).tolist():
        last = np.flatnonzero(ends[:, series])
        rows += _told(str(table.columns[series]), table.index[last], lengths[last, series])
    return pd.DataFrame(rows)


def late(table: pd.DataFrame, _system: System) -> pd.DataFrame:
    """Series whose newest value is days older than the newest of all."""
    return _behind(table, "late", range(LATE_FROM_DAYS, SILENT_FROM_DAYS), "its newest value is {} days old")


def silent(table: pd.DataFrame, _system: System) -> pd.DataFrame:
    """Series that have not reported for four weeks: they are forecast no more."""
    return _behind(table, "silent", range(SILENT_FROM_DAYS, len(table)), "no value for {} days: not forecast")


def unbalanced(table: pd.DataFrame, system: System) -> pd.DataFrame:
    """Places whose occupancy moves otherwise than admissions and discharges say."""
    residuals = balance_residuals(table, system)
    admissions = table[[SeriesKey(str(place), "admissions").unique_id for place in residuals]].mean().to_numpy()
    is_off = residuals.abs().mean().to_numpy(dtype=float) > UNBALANCED_SHARE * admissions
    rows = []
    for place, unexplained in zip(residuals.columns[is_off], residuals.to_numpy()[:, is_off].T, strict=True):
        known = np.flatnonzero(~np.isnan(unexplained))
        unique_id = SeriesKey(str(place), "occupancy").unique_id
        note = _unexplained(unexplained[known], table.index[known])
        rows.append(_row("unbalanced", unique_id, table.index[known[0]], table.index[known[-1]], note, len(known)))
    return pd.DataFrame(rows)


def _unexplained(beds: NDArray[np.float64], days: pd.Index) -> str:
    worst = np.argsort(-np.abs(beds), kind="stable")[:WORST_DAYS]
    told = ", ".join(f"{beds[i]:+g} on {day:%Y-%m-%d}" for i, day in zip(worst, days[worst], strict=True))
    return f"unexplained {beds.mean():+.1f} a day (spread {beds.std():.1f}), most {told}"


def shifted(table: pd.DataFrame, _system: System) -> pd.DataFrame:
    """Series that went on at another level from one week to the next."""
    rows = []
    for shift in level_shifts(table):
        note = f"from {shift.before:g} to {shift.after:g} a day ({shift.change:+.0%})"
        row = _row("level shift", shift.unique_id, shift.day, shift.day, note, 1)
        rows.append(row | {"found": shift.after, "usual": shift.before})
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class NotedCheck:
    """A named telling of a wide frame; `of_believed`: of the days that are not suspect alone."""

    name: str
    tell: Callable[[pd.DataFrame, System], pd.DataFrame]
    of_believed: bool = False


NOTED_CHECKS = (
    NotedCheck("gap", gaps),
    NotedCheck("late", late),
    NotedCheck("silent", silent),
    NotedCheck("unbalanced", unbalanced, of_believed=True),
    NotedCheck("level shift", shifted, of_believed=True),
)


def _told(unique_id: str, ends: pd.Index, lengths: NDArray[np.int64]) -> list[dict[str, object]]:
    """The gaps of one series, apart or, where they are many, as one."""
    begins = [end - pd.Timedelta(days=int(n) - 1) for end, n in zip(ends, lengths, strict=True)]
    if len(ends) > GAPS_TOLD_APART:
        note = f"{len(ends)} gaps, the longest of {lengths.max()} days"
        return [_row("gap", unique_id, begins[0], ends[-1], note, int(lengths.sum()))]
    return [_row("gap", unique_id, begin, end, "", int(n)) for begin, end, n in zip(begins, ends, lengths, strict=True)]


def _behind(table: pd.DataFrame, check: str, behind: range, note: str) -> pd.DataFrame:
    days_ago = table[::-1].notna().to_numpy().argmax(axis=0)
    newest = table.index[-1]
    told = (days_ago >= behind.start) & (days_ago < behind.stop)
    return pd.DataFrame(
        [
            _row(check, str(unique_id), newest - pd.Timedelta(days=int(ago) - 1), newest, note.format(ago), int(ago))
            for unique_id, ago in zip(table.columns[told], days_ago[told], strict=True)
        ]
    )


def _row(
    check: str, unique_id: str, first: pd.Timestamp, last: pd.Timestamp, note: str, days: int
) -> dict[str, object]:
    return {
        "severity": NOTED,
        "check": check,
        "unique_id": unique_id,
        "first": first,
        "last": last,
        "days": days,
        "found": np.nan,
        "usual": np.nan,
        "note": note,
    }
