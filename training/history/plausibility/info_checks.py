"""The informational checks."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from publication.days import weekday_names
from publication.model import System
from publication.vocabulary import Check, SeriesKey, Severity
from training.frames import BoolArray, FloatArray
from training.history.census_shares import flow_balance
from training.history.plausibility.baseline import level_shifts
from training.history.plausibility.suspect_checks import run_days_left, run_positions
from training.history.reporting import NEWEST_GAPS, counted_weekdays, days_never_counted, rhythm_of

LATE_FROM_DAYS = 1
SILENT_FROM_DAYS = 28
GAPS_LISTED = 12  # of one series: beyond that they are listed as one
UNBALANCED_SHARE = 0.01  # of the admissions: what goes unexplained on an average day
UNBALANCED_WEEK_SHARE = 0.05  # the same on an average day of one week
UNBALANCED_SDS, UNBALANCED_WEEK_SDS = 1.0, 2.5  # on top, of what chance leaves where the census is within the day
BALANCE_DAYS = 7
WORST_DAYS = 3


def gaps(table: pd.DataFrame, _system: System) -> pd.DataFrame:
    """Days without a value between a series' first and last one, but for weekdays on which it is never counted."""
    inside = gap_days(table)
    gappy = np.flatnonzero(inside.any(axis=0))
    ends = inside[:, gappy] & (run_days_left(inside[:, gappy]) == 0)
    lengths = run_positions(inside[:, gappy])
    rows = []
    for place, series in enumerate(gappy.tolist()):
        last = np.flatnonzero(ends[:, place])
        rows += _gap_rows(str(table.columns[series]), table.index[last], lengths[last, place])
    return pd.DataFrame(rows)


def gap_days(table: pd.DataFrame) -> BoolArray:
    """Return which cells (n_days, n_series) of a wide frame are the days of gaps."""
    empty = table.isna().to_numpy()
    return np.asarray(
        empty
        & ~days_never_counted(table)
        & ~np.logical_and.accumulate(empty, axis=0)
        & ~np.logical_and.accumulate(empty[::-1], axis=0)[::-1]
    )


def late(table: pd.DataFrame, _system: System) -> pd.DataFrame:
    """Series whose newest value is days older than the newest of all, if they are counted on one of these days."""
    since_newest = np.logical_and.accumulate(table.isna().to_numpy()[::-1], axis=0)[::-1]
    lacking = table.columns[np.asarray((since_newest & ~days_never_counted(table)).any(axis=0))]
    return _behind(table[lacking], "late", range(LATE_FROM_DAYS, SILENT_FROM_DAYS), "no value since {:%Y-%m-%d}")


def silent(table: pd.DataFrame, _system: System) -> pd.DataFrame:
    """Series that have not reported for four weeks: they are forecast no more."""
    return _behind(table, "silent", range(SILENT_FROM_DAYS, len(table)), "no value since {:%Y-%m-%d}: not forecast")


def unbalanced(table: pd.DataFrame, system: System) -> pd.DataFrame:
    """Places whose occupancy moves otherwise than admissions and discharges say: throughout, or for a week or more."""
    balance = flow_balance(table, system)
    residuals = balance.residuals
    admissions = table[[SeriesKey(str(place), "admissions").unique_id for place in residuals]].mean().to_numpy()
    sizes = residuals.abs()
    throughout = sizes.mean().to_numpy(dtype=float) > UNBALANCED_SHARE * admissions + UNBALANCED_SDS * balance.sd
    weekly = sizes.rolling(BALANCE_DAYS, center=True, min_periods=BALANCE_DAYS - 2).mean().to_numpy()
    allowed = UNBALANCED_WEEK_SHARE * admissions + UNBALANCED_WEEK_SDS * balance.sd
    at_times = np.nan_to_num(weekly) > allowed
    rows = []
    for series in np.flatnonzero(throughout | at_times.any(axis=0)).tolist():
        unexplained = residuals.iloc[:, series].to_numpy()
        concerned = np.flatnonzero(~np.isnan(unexplained) & (at_times[:, series] | throughout[series]))
        unique_id = SeriesKey(str(residuals.columns[series]), "occupancy").unique_id
        days = table.index[concerned]
        rows.append(
            _row("unbalanced", unique_id, days[0], days[-1], _unexplained(unexplained[concerned], days), len(days))
        )
    return pd.DataFrame(rows)


def _unexplained(beds: FloatArray, days: pd.Index) -> str:
    worst = np.argsort(-np.abs(beds), kind="stable")[:WORST_DAYS]
    chosen = ", ".join(f"{beds[i]:+g} on {day:%Y-%m-%d}" for i, day in zip(worst, days[worst], strict=True))
    return f"unexplained {beds.mean():+.1f} a day (standard deviation {beds.std():.1f}), most {chosen}"


def shifted(table: pd.DataFrame, _system: System) -> pd.DataFrame:
    """Series that went on at another level from one week to the next."""
    rows = []
    for shift in level_shifts(table):
        note = f"from {shift.before:g} to {shift.after:g} a day ({shift.change:+.0%})"
        row = _row("level shift", shift.unique_id, shift.day, shift.day, note, 1)
        rows.append(row | {"found": shift.after, "baseline": shift.before})
    return pd.DataFrame(rows)


def rhythmic(table: pd.DataFrame, _system: System) -> pd.DataFrame:
    """Series that are known once a week, a month or a quarter, or on some weekdays only."""
    rows = []
    there = table.notna().to_numpy()
    weekdays = counted_weekdays(table)
    for series in np.flatnonzero(there.any(axis=0)).tolist():
        newest = np.flatnonzero(there[:, series])[-NEWEST_GAPS - 1 :]
        if (rhythm := rhythm_of(newest)) is not None:
            first, last = table.index[newest[0]], table.index[newest[-1]]
            rows.append(_row("rhythm", str(table.columns[series]), first, last, f"{rhythm}", len(newest)))
        elif not weekdays[:, series].all():
            named = weekday_names(np.flatnonzero(weekdays[:, series]).tolist())
            first, last = table.index[newest[0]], table.index[newest[-1]]
            note = f"counted on {named} only"
            rows.append(_row("rhythm", str(table.columns[series]), first, last, note, len(newest)))
    return pd.DataFrame(rows)


class CheckedView(Enum):
    """The values that a check sees: all, those that are not suspect, or the series of places that are still open."""

    ALL = auto()
    TRUSTED = auto()
    OPEN = auto()


@dataclass(frozen=True)
class InfoCheck:
    """A named, informational check of a wide frame."""

    name: Check
    run: Callable[[pd.DataFrame, System], pd.DataFrame]
    of: CheckedView


INFO_CHECKS = (
    InfoCheck(Check.GAP, gaps, CheckedView.ALL),
    InfoCheck(Check.LATE, late, CheckedView.OPEN),
    InfoCheck(Check.SILENT, silent, CheckedView.OPEN),
    InfoCheck(Check.UNBALANCED, unbalanced, CheckedView.TRUSTED),
    InfoCheck(Check.LEVEL_SHIFT, shifted, CheckedView.TRUSTED),
    InfoCheck(Check.RHYTHM, rhythmic, CheckedView.OPEN),
)


INFO_NAMES = (*(check.name for check in INFO_CHECKS), Check.WEEKLY_TOTALS, Check.SUPPRESSED)
"""The names of what can be noted of a series: from its values, or from what its source says of them."""


def _gap_rows(unique_id: str, ends: pd.Index, lengths: NDArray[np.int32]) -> list[dict[str, object]]:
    """The gaps of one series, apart or, where they are many, as one."""
    begins = [end - pd.Timedelta(days=int(n) - 1) for end, n in zip(ends, lengths, strict=True)]
    if len(ends) > GAPS_LISTED:
        note = f"{len(ends)} gaps, the longest of {lengths.max()} days"
        return [_row("gap", unique_id, begins[0], ends[-1], note, int(lengths.sum()))]
    return [_row("gap", unique_id, begin, end, "", int(n)) for begin, end, n in zip(begins, ends, lengths, strict=True)]


def _behind(table: pd.DataFrame, check: str, behind: range, note: str) -> pd.DataFrame:
    days_ago = table[::-1].notna().to_numpy().argmax(axis=0)
    newest = table.index[-1]
    chosen = (days_ago >= behind.start) & (days_ago < behind.stop)
    return pd.DataFrame(
        [
            _absent(check, str(unique_id), newest, int(ago), note)
            for unique_id, ago in zip(table.columns[chosen], days_ago[chosen], strict=True)
        ]
    )


def _absent(check: str, unique_id: str, newest: pd.Timestamp, days: int, note: str) -> dict[str, object]:
    last_seen = newest - pd.Timedelta(days=days)
    return _row(check, unique_id, last_seen + pd.Timedelta(days=1), newest, note.format(last_seen), days)


def _row(
    check: str, unique_id: str, first: pd.Timestamp, last: pd.Timestamp, note: str, days: int
) -> dict[str, object]:
    return {
        "severity": Severity.NOTED.value,
        "check": check,
        "unique_id": unique_id,
        "first": first,
        "last": last,
        "days": days,
        "found": np.nan,
        "baseline": np.nan,
        "note": note,
    }
