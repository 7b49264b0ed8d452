"""Days from the rows of a source that has several a day: hourly counts, snapshots, or one row an event.

A local day has 23, 24 or 25 hours. A sum that lacks one of them is flagged as partial, and so is a count or mean that
lacks many; a census takes the snapshot nearest to its hour.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from publication.days import zone as find_zone
from publication.model import System
from publication.vocabulary import Check
from training.frames import BoolArray, IntArray
from training.history.columns import day_numbers, series_numbers, stack_rows, with_columns
from training.history.parsing import Separator, has_two_meanings, quarantine_of
from training.history.screening import SCREENED_COLUMNS, SERIES_DAY, ScreenedFile
from training.sources.times import MINUTES_A_DAY
from training.system.model import Aggregate, Source

MINUTES_AN_HOUR = 60
SECONDS_A_MINUTE = 60
FEWEST_TIMES = 2
REGULAR_STEP_SHARE = 0.5
"""Times are regular where at least this share of the steps from one to the next are the same."""
MOSTLY_COMPLETE_SHARE = 0.5
"""A series is mostly complete where more than this share of its days are: then a row that lacks is a fault, and no
count of zero that was not sent."""
MOSTLY_SENT_SHARE = 0.9
"""A source mostly sends every hour where this share of the hours has a row of any place."""
COMPLETE_SNAPSHOT_SHARE = 0.75
"""A mean or a maximum stands for its day if so many of the day's snapshots are there."""
FIRST_ORDINAL = date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Grid:
    """The regular times of a source: one every `step` minutes, by a local clock or in UTC."""

    step: int
    in_utc: bool

    def n_slots(self, day: int, zone: ZoneInfo) -> int:
        """Return how many times a day has: none in an hour that the clocks skip, two in one that they repeat.

        A local clock shows both of these as one.
        """
        minutes = _instant(day + 1, zone) - _instant(day, zone)
        return (minutes if self.in_utc else min(minutes, MINUTES_A_DAY)) // self.step


def aggregate_days(parts: Sequence[ScreenedFile], source: Source, system: System, now: datetime) -> list[ScreenedFile]:
    """Return the screened files of a source with the values of days in place of those of rows.

    Of the rows for one series and time those of the last file that has any count. A day that is not over has no value
    yet, nor has a census whose hour has not come. Each value is listed under the file and line of its last row.
    """
    if source.aggregate is None:
        return list(parts)
    of_file = np.repeat(np.arange(len(parts)), [len(part.values) for part in parts])
    values, incomplete = stack_rows([part.values for part in parts]), stack_rows([part.incomplete for part in parts])
    is_ambiguous = has_two_meanings(values)
    ambiguous = values[is_ambiguous]
    if len(ambiguous):
        incomplete = pd.concat(
            [incomplete.astype({"stream": object}), ambiguous[SERIES_DAY].astype({"stream": object})]
        )
        values, of_file = values[~is_ambiguous], of_file[~is_ambiguous]
    daily = _daily(values, of_file, incomplete, source, system, now)
    of_day = daily.pop("of_file").to_numpy()
    found = [replace(part, values=daily[of_day == number]) for number, part in enumerate(parts)]
    found[-1] = replace(found[-1], quarantined=stack_rows([found[-1].quarantined.copy(), quarantine_of(ambiguous)]))
    return found


def _daily(
    values: pd.DataFrame, of_file: IntArray, incomplete: pd.DataFrame, source: Source, system: System, now: datetime
) -> pd.DataFrame:
    if values.empty:
        return values[SCREENED_COLUMNS].assign(of_file=0)
    rows = _rows(values, of_file, source, system)
    is_over = rows["day"].to_numpy() <= _last_day(source, system, now)
    if not is_over.all():
        rows = rows[is_over]
    if of_file.any():
        rows = rows[_is_of_last_file(rows)]
    if source.aggregate is Aggregate.CENSUS:
        rows = rows[rows["distance"].le(source.census_within_hours * MINUTES_AN_HOUR)]
    days = _by_day(rows, source.aggregate)
    lacking = _lacking(rows, days, source, find_zone(system.timezone))
    lacking |= _has_incomplete(days, values, incomplete, source)
    checks = np.full(len(days), None, dtype=object)
    checks[days["is_stand_in"].to_numpy(dtype=bool)] = Check.SUPPRESSED.value
    checks[lacking] = Check.PARTIAL_DAY.value
    return _values(days, values, of_file, checks)


def _rows(values: pd.DataFrame, of_file: IntArray, source: Source, system: System) -> pd.DataFrame:
    """The rows as numbers: series, day, label and instant of `Times`, y; `at` is where each stands in the values.

    Without a time the rows of a day have one label. The day of a snapshot is that of the nearest census; `distance`
    is how many minutes lie between.
    """
    columns = {
        "series": series_numbers(values).astype(np.int32),
        "y": values["y"].to_numpy(),
        "is_stand_in": values["check"].notna().to_numpy(),
        "file": of_file.astype(np.int32),
        "at": np.arange(len(values), dtype=np.int32),
    }
    days = day_numbers(values["ds"])
    if not source.time:
        return pd.DataFrame({**columns, "day": days, "label": days * MINUTES_A_DAY, "is_utc": False}, copy=False)
    label, utc = values["label"].to_numpy(), values["utc"].to_numpy()
    if source.aggregate is Aggregate.CENSUS:
        days, columns["distance"] = _nearest_census(utc, days, system)
    is_utc = bool((label == utc).all())
    return pd.DataFrame({**columns, "day": days.astype(np.int32), "label": label, "is_utc": is_utc}, copy=False)


def _nearest_census(utc: IntArray, days: IntArray, system: System) -> tuple[IntArray, IntArray]:
    """Return for each instant the day whose census is nearest, the earlier of two, and the minutes between."""
    zone, first = find_zone(system.timezone), int(days.min()) - 1
    censuses = np.array([_instant(day, zone, system.census_hour) for day in range(first, int(days.max()) + 2)])
    nearest, distance = days - 1, np.abs(utc - censuses[days - 1 - first])
    for shift in (0, 1):
        away = np.abs(utc - censuses[days + shift - first])
        is_nearer = away < distance
        nearest, distance = np.where(is_nearer, days + shift, nearest), np.where(is_nearer, away, distance)
    return nearest, distance


def _last_day(source: Source, system: System, now: datetime) -> int:
    """The last day that may have a value: yesterday, or for a census today once its hour has come."""
    local = now.astimezone(find_zone(system.timezone))
    today = (local.date() - date(1970, 1, 1)).days
    if source.aggregate is Aggregate.CENSUS and local.hour >= system.census_hour:
        return today
    return today - 1


def _is_of_last_file(rows: pd.DataFrame) -> BoolArray:
    """Return which rows are of the last file that has rows of their series and time.

    The first and the last hour of a file may be cut: they count only where no other file has that hour.
    """
    hour = rows["label"] // MINUTES_AN_HOUR
    by_file = hour.groupby(rows["file"])
    is_inside = (hour > by_file.transform("min")) & (hour < by_file.transform("max"))
    priority = rows["file"] + is_inside * (rows["file"].max() + 1)
    chosen: BoolArray = priority.eq(priority.groupby([rows["series"], hour]).transform("max")).to_numpy()
    return chosen


def _by_day(rows: pd.DataFrame, aggregate: Aggregate | None) -> pd.DataFrame:
    """One row for each series and day, by these: its value `y`, and `at`, the row that stands for it."""
    match aggregate:
        case Aggregate.CENSUS:
            ordered = rows.sort_values(["series", "day", "distance", "label"], kind="stable")
            nearest = ordered.drop_duplicates(["series", "day", "label"], keep="last")
            return nearest.drop_duplicates(["series", "day"]).reset_index(drop=True)
        case Aggregate.MEAN | Aggregate.MAX:
            rows = rows.drop_duplicates(["series", "label"], keep="last")
    groups = rows.groupby(["series", "day"], sort=True)
    statistic = {Aggregate.MEAN: "mean", Aggregate.MAX: "max"}.get(aggregate or Aggregate.SUM, "sum")
    y = groups["y"].agg(statistic)
    found = pd.DataFrame({"y": y, "at": groups["at"].last(), "is_stand_in": groups["is_stand_in"].any()}).reset_index()
    return _with_zeros(found) if aggregate is Aggregate.COUNT else found


def _with_zeros(counted: pd.DataFrame) -> pd.DataFrame:
    """The same with a zero on each day on which a series has no event and another one has."""
    days, series = np.unique(counted["day"]), np.unique(counted["series"])
    complete = pd.MultiIndex.from_product([series, days], names=["series", "day"])
    filled = counted.set_index(["series", "day"]).reindex(complete).reset_index()
    at = filled.groupby("series")["at"].transform("first").astype(np.int64)
    return filled.assign(y=filled["y"].fillna(0.0), at=filled["at"].fillna(at).astype(np.int64), is_stand_in=False)


def _lacking(rows: pd.DataFrame, days: pd.DataFrame, source: Source, zone: ZoneInfo) -> BoolArray:
    """Return which of the days lack rows that their source mostly sends."""
    none = np.zeros(len(days), bool)
    if source.aggregate is Aggregate.CENSUS or not source.time or rows.empty:
        return none
    slots = rows[["series", "day", "label"]]
    if source.aggregate is Aggregate.COUNT:
        slots = slots.assign(label=slots["label"] // MINUTES_AN_HOUR * MINUTES_AN_HOUR)
    keys = slots["series"].astype(np.int64) * (int(slots["label"].max()) + 1) + slots["label"]
    in_order = np.sort(keys.to_numpy())
    if (in_order[1:] == in_order[:-1]).any():  # a table of hashes takes much longer than sorting
        slots = slots[~keys.duplicated()]
    grid = _grid(slots["label"].to_numpy(), bool(rows["is_utc"].iloc[0]), source.aggregate)
    if grid is None:
        return none
    expected = pd.Series({day: grid.n_slots(day, zone) for day in np.unique(days["day"]).tolist()})
    n_expected = days["day"].map(expected).to_numpy()
    of_days = pd.MultiIndex.from_frame(days[["series", "day"]])
    n_found = slots.groupby(["series", "day"]).size().reindex(of_days, fill_value=0).to_numpy()
    needed = n_expected * (COMPLETE_SNAPSHOT_SHARE if source.aggregate in {Aggregate.MEAN, Aggregate.MAX} else 1)
    is_short = n_found < needed
    if source.aggregate is Aggregate.COUNT:  # an hour without an event is no fault, but one without any of all places
        return is_short & _lacks_for_all(slots, days, needed, grid)
    is_complete = pd.Series(~is_short).groupby(days["series"].to_numpy()).transform("mean") > MOSTLY_COMPLETE_SHARE
    return is_short & (is_complete.to_numpy() | _lacks_for_all(slots, days, needed, grid))


def _grid(labels: IntArray, in_utc: bool, aggregate: Aggregate | None) -> Grid | None:
    """The regular times of the labels; None where there are none, or one a day."""
    distinct = np.unique(labels)
    if len(distinct) < FEWEST_TIMES:
        return None
    if aggregate is Aggregate.COUNT:
        return Grid(MINUTES_AN_HOUR, in_utc)
    steps, n_steps = np.unique(np.diff(distinct), return_counts=True)
    step = int(steps[n_steps.argmax()])
    if n_steps.max() < REGULAR_STEP_SHARE * n_steps.sum() or step >= MINUTES_A_DAY or MINUTES_A_DAY % step:
        return None
    return Grid(step, in_utc)


def _lacks_for_all(slots: pd.DataFrame, days: pd.DataFrame, needed: NDArray[np.floating], grid: Grid) -> BoolArray:
    """Return on which days a time is absent for all places, of a source that mostly sends every time.

    What it mostly does is settled between its first and its last time: before and behind them it is cut.
    """
    sent = slots[["day", "label"]].drop_duplicates()
    span = (int(sent["label"].max()) - int(sent["label"].min())) // grid.step + 1
    n_sent = days["day"].map(sent.groupby("day").size()).to_numpy()
    found: BoolArray = (n_sent < needed) & (sent["label"].nunique() >= MOSTLY_SENT_SHARE * span)
    return found


def _has_incomplete(days: pd.DataFrame, values: pd.DataFrame, incomplete: pd.DataFrame, source: Source) -> BoolArray:
    """Return which days have a row whose count is blank or was rejected: their sums are low by it."""
    if source.aggregate is not Aggregate.SUM or incomplete.empty:
        return np.zeros(len(days), bool)
    of_series = values.iloc[days["at"].to_numpy()]
    keys = ["place", "measure", "stream"]
    named = of_series[keys].astype(object).fillna("").assign(ds=_midnights(days["day"].to_numpy()))
    lacking = incomplete[keys].astype(object).fillna("").assign(ds=incomplete["ds"]).drop_duplicates()
    found: BoolArray = pd.MultiIndex.from_frame(named).isin(pd.MultiIndex.from_frame(lacking))
    return found


def _values(days: pd.DataFrame, values: pd.DataFrame, of_file: IntArray, checks: NDArray[np.object_]) -> pd.DataFrame:
    """The values of the days as screening gives them, each with its check."""
    at = days["at"].to_numpy()
    ds = _midnights(days["day"].to_numpy())
    y = days["y"].to_numpy(dtype=float)
    return with_columns(
        values[SCREENED_COLUMNS].iloc[at].reset_index(drop=True),
        ds=ds,
        y=y,
        day=pd.Categorical(pd.Series(ds).dt.strftime("%Y-%m-%d").to_numpy(dtype=object)),
        found=pd.Categorical([f"{value:.15g}" for value in y.tolist()]),
        check=pd.Categorical(checks),
        separator=np.full(len(days), Separator.PLAIN, np.int8),
        of_file=of_file[at],
    )


def _midnights(days: IntArray) -> NDArray[np.datetime64]:
    return days.astype("datetime64[D]").astype("datetime64[ns]")


def _instant(day: int, zone: ZoneInfo, hour: int = 0) -> int:
    """The minutes since 1970, in UTC, at an hour of a local day."""
    local = datetime.combine(date.fromordinal(FIRST_ORDINAL + day), time(hour), tzinfo=zone)
    return int(local.astimezone(UTC).timestamp()) // SECONDS_A_MINUTE
