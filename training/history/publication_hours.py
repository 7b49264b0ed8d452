"""The hour at which a system publishes, and how late values arrive."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from publication.days import hour_after
from publication.model import System
from training.frames import wide
from training.history.reporting import arrival_hour
from training.sources.times import HOURS_A_DAY
from training.system.model import SystemContext

NO_CONTEXT = SystemContext()
SECONDS_AN_HOUR = 3600.0
DELAYS_SEEN_DAYS = 84  # in which it shows how late the values of a series typically come


def publication_hour(versions: pd.DataFrame, system: System, context: SystemContext = NO_CONTEXT) -> int:
    """Return the local hour at which the system publishes, on the day after a cutoff: as declared, else estimated.

    `versions` (`unique_id, ds, known_at`) are sorted by `known_at`. Nothing is published before values are there, so
    the estimate is the hour by which those of the past weeks had arrived.
    """
    if context.publication_hour is not None:
        return context.publication_hour
    recent = recent_arrivals(versions)
    if recent.empty:
        return 0
    return arrival_hour(hours_late(recent, 0, system).clip(lower=0.0), recent["unique_id"])


def recent_arrivals(versions: pd.DataFrame) -> pd.DataFrame:
    """Return the first version of each series and day of the past weeks, of rows sorted by when they became known."""
    recent = versions[versions["ds"] > versions["ds"].max() - pd.Timedelta(days=DELAYS_SEEN_DAYS)]
    first: pd.DataFrame = recent.drop_duplicates(["unique_id", "ds"], keep="first")
    return first


def hours_late(versions: pd.DataFrame, hour: int, system: System) -> pd.Series:
    """Return the hours from a local hour on the day after each row's day to the instant at which it became known."""
    late: pd.Series = versions["known_at"] - instants_after(versions["ds"], hour, system)
    seconds: pd.Series = late.dt.total_seconds()
    return seconds / SECONDS_AN_HOUR


def instants_after(days: pd.Series, hour: int, system: System) -> pd.Series:
    """Return the instants of a local hour on the day after each of the days."""
    instants = {day: pd.Timestamp(hour_after(day.date(), hour, system.timezone)) for day in days.unique()}
    return days.map(instants)


def typical_delays(versions: pd.DataFrame, hour: int, system: System) -> Mapping[str, int]:
    """Return for each series the days by which its values typically miss the publication hour after their day."""
    recent = recent_arrivals(versions)
    days = np.ceil(hours_late(recent, hour, system) / HOURS_A_DAY).clip(lower=0)
    medians = days.groupby(recent["unique_id"].astype(str)).median()
    return {str(unique_id): int(delay) for unique_id, delay in medians.items()}


def first_delays(versions: pd.DataFrame, hour: int, system: System) -> pd.DataFrame:
    """Return by day and series the days by which its first value missed the publication hour after it, wide.

    0 where it was in time, NaN where there is no value. `versions` are sorted by when they became known.
    """
    first = versions.drop_duplicates(["unique_id", "ds"], keep="first")
    late = np.ceil(hours_late(first, hour, system) / HOURS_A_DAY).clip(lower=0)
    return wide(first[["unique_id", "ds"]].assign(y=late))
