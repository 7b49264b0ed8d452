"""Small histories for tests of the training core: seeded counts with a weekly wave, and what may go wrong with them."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from publication.days import end_of_day
from publication.model import Measure, Place, System
from publication.vocabulary import Kind
from training.frames import long, wide
from training.history.point_in_time import PointInTimeHistory
from training.system.model import SystemContext

TIMEZONE = "Europe/London"
HOLIDAYS = "GB-ENG"
ENGLISH = SystemContext(HOLIDAYS)
FIRST_DAY = pd.Timestamp("2022-01-03")  # a Monday
LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
POISON = 1e9
WEEKLY_WAVE = np.array([1.15, 1.05, 1.0, 0.95, 1.0, 0.9, 0.95])
MEASURES = (Measure("attendances", Kind.FLOW, "patients"), Measure("occupancy", Kind.STOCK, "beds"))


def build_system(
    parents: Mapping[str, str] | None = None, horizon_days: int = 7, levels: Sequence[float] = LEVELS
) -> System:
    """The root `north` and the places of `parents` (place to parent); without, four sites in two trusts."""
    tree = parents or {"T1": "north", "T2": "north", "A": "T1", "B": "T1", "C": "T2", "D": "T2"}
    places = [Place("north", None, "North", "system"), *(Place(p, parent, p, "place") for p, parent in tree.items())]
    return System("north", TIMEZONE, 8, horizon_days, (0.92, 1.0), tuple(levels), MEASURES, tuple(places))


def counts(n_days: int, level: float, seed: int, first: pd.Timestamp = FIRST_DAY) -> pd.Series:
    """Poisson counts around a level with a weekly wave."""
    days = pd.date_range(first, periods=n_days, freq="D", name="ds")
    noise = np.random.default_rng(seed).poisson(level * WEEKLY_WAVE[days.weekday])
    return pd.Series(noise.astype(float), index=days)


def awkward(n_days: int) -> pd.DataFrame:
    """Wide: what candidates meet. Each column's name says what is awkward about it."""
    gappy = counts(n_days, 60, 1)
    gappy[np.random.default_rng(2).random(n_days) < 0.15] = np.nan
    table = pd.DataFrame(
        {
            "gappy/attendances": gappy,
            "constant/attendances": 20.0,
            "zero/attendances": 0.0,
            "young/attendances": counts(n_days, 30, 3),
            "middle/attendances": counts(n_days, 45, 4),
            "regular/attendances": counts(n_days, 80, 5),
            "regular/occupancy": counts(n_days, 300, 6),
        }
    )
    table.loc[table.index[: n_days // 2], "middle/attendances"] = np.nan
    table.loc[table.index[:-7], "young/attendances"] = np.nan
    return table.rename_axis("ds")


def awkward_system(horizon_days: int) -> System:
    """The places of `awkward`, all directly below the root."""
    places = dict.fromkeys(("gappy", "constant", "zero", "young", "middle", "regular", "late"), "north")
    return build_system(places, horizon_days)


def four_sites(n_days: int, seed: int = 0) -> pd.DataFrame:
    """Wide: the sites of `build_system()`, attendances of each and occupancy of one."""
    levels = {"A/attendances": 40, "B/attendances": 90, "C/attendances": 15, "D/attendances": 60, "A/occupancy": 250}
    return pd.DataFrame({name: counts(n_days, mean, seed + i) for i, (name, mean) in enumerate(levels.items())})


def day_end(day: pd.Timestamp) -> pd.Timestamp:
    return pd.Timestamp(end_of_day(day.date(), TIMEZONE))


def versions(table: pd.DataFrame) -> pd.DataFrame:
    """Vintages of a wide frame, each value known when its day was over."""
    rows = long(table)
    ends = {day: day_end(day) for day in rows["ds"].unique()}
    return rows.assign(known_at=rows["ds"].map(ends))


def poisoned(clean: pd.DataFrame, cutoff: pd.Timestamp, new_series: str) -> pd.DataFrame:
    """The vintages up to the cutoff, and the worst that could become known after it.

    Every later value is 1e9, as is a revision of every earlier one; gaps are filled with 1e9, a new series and an
    earlier first day appear.
    """
    known = clean[clean["ds"] <= cutoff]
    ids = [*clean["unique_id"].unique(), new_series]
    days = pd.date_range(clean["ds"].min() - pd.Timedelta(days=30), cutoff + pd.Timedelta(days=90), freq="D")
    bad = pd.DataFrame([(i, day, POISON) for i in ids for day in days], columns=["unique_id", "ds", "y"])
    after = day_end(cutoff) + pd.Timedelta(seconds=1)
    own_end = bad["ds"].map({day: day_end(day) for day in days})
    return pd.concat([known, bad.assign(known_at=own_end.where(own_end > after, after))], ignore_index=True)


def build_history(
    table: pd.DataFrame, system: System | None = None, context: SystemContext = ENGLISH
) -> PointInTimeHistory:
    return PointInTimeHistory(versions(table), system or build_system(), context=context)


def replayed(vintages: pd.DataFrame, cutoff: pd.Timestamp) -> dict[tuple[str, pd.Timestamp], float]:
    """Return the counts known at the end of the cutoff, from vintages read one by one: a slow, plain witness."""
    newest: dict[tuple[str, pd.Timestamp], tuple[pd.Timestamp, float]] = {}
    columns = (vintages[name] for name in ("unique_id", "ds", "y", "known_at"))
    for unique_id, ds, y, known_at in zip(*columns, strict=True):
        key = (str(unique_id), pd.Timestamp(ds))
        if ds > cutoff or known_at > day_end(cutoff):
            continue
        if key not in newest or known_at >= newest[key][0]:
            newest[key] = (known_at, float(y))
    return {key: y for key, (_, y) in newest.items()}


def table_of(columns: Mapping[str, Sequence[float]], first: str = "2022-01-03") -> pd.DataFrame:
    """A wide frame written by hand; NaN is missing."""
    length = len(next(iter(columns.values())))
    days = pd.date_range(first, periods=length, freq="D", name="ds")
    return wide(long(pd.DataFrame(dict(columns), index=days, dtype=float))).reindex(days)
