"""Admissions as the share of attendances that is admitted: the conversion of the weekday, at its recent level."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from publication.vocabulary import SeriesKey, series_key
from training.frames import WEEK
from training.history.known import PointInTimeHistory
from training.history.ledger import ADMISSIONS, by_place
from training.models.calendar_level import CalendarLevel
from training.models.candidate import ForecastRequest, Means, empty_means, target_days

Values = NDArray[np.float64]
ATTENDANCES = "attendances"
EMERGENCY = "emergency"  # the stream of admissions that comes through the emergency department, where they are split
MEMORY_DAYS = 364
LEVEL_HALF_LIFE_DAYS = 28.0
WEEKDAY_HALF_LIFE_DAYS = 182.0
PRIOR_DAYS_OF_PATTERN = 60.0  # worth of what all places have in common, in a place's own weekdays
SHORTEST_DAYS = 56
NO_ATTENDANCES = "the place does not count the attendances that these admissions come from, or not for long enough"


class Conversion:
    """A candidate for admissions of places that count attendances too; it fails elsewhere."""

    def forecast(self, windows: ForecastRequest) -> Means:
        means = empty_means(windows)
        if sources(list(windows.history.latest.columns)):
            arriving = CalendarLevel(only=ATTENDANCES).forecast(windows)
            for cutoff in windows.cutoffs:
                _forecast(windows.history, cutoff, arriving.by_cutoff[cutoff], means)
        for cutoff, table in means.by_cutoff.items():
            missing = table.columns[table.isna().any()]
            means.failures.update({(cutoff, unique_id): NO_ATTENDANCES for unique_id in missing})
        return means


def sources(unique_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """For each series of admissions, the attendances that it comes from.

    Those of the same place and stream; emergency admissions, and those that are not split, come from all of the place.
    """
    keys = {series_key(unique_id): unique_id for unique_id in unique_ids}
    at = {key.place: [i for k, i in keys.items() if k.place == key.place and k.measure == ATTENDANCES] for key in keys}
    found: dict[str, tuple[str, ...]] = {}
    for key, unique_id in keys.items():
        if key.measure == ADMISSIONS and at[key.place]:
            same = keys.get(SeriesKey(key.place, ATTENDANCES, key.stream))
            if same is not None:
                found[unique_id] = (same,)
            elif key.stream in (None, EMERGENCY):
                found[unique_id] = tuple(at[key.place])
    return found


def _forecast(history: PointInTimeHistory, cutoff: pd.Timestamp, arriving: pd.DataFrame, means: Means) -> None:
    known, forecast = history.imputed(cutoff).tail(MEMORY_DAYS), set(arriving.columns[arriving.notna().all()])
    counted = history.as_of(cutoff).count()
    from_where = {
        admitted: arrived
        for admitted, arrived in sources(list(known.columns)).items()
        if forecast.issuperset(arrived) and min(counted[[admitted, *arrived]]) >= SHORTEST_DAYS
    }
    if not from_where:
        return
    admitted, parts = list(from_where), list(from_where.values())
    whole = (by_place(known.isna(), parts) == 0) & known[admitted].notna().to_numpy()
    came, arrived = (
        np.where(whole, counts, np.nan) for counts in (known[admitted], by_place(known.fillna(0.0), parts))
    )
    shares = conversions(came, arrived, pd.DatetimeIndex(known.index))
    days = target_days(cutoff, len(arriving))
    means.fill(cutoff, admitted, by_place(arriving, parts) * shares[days.dayofweek.to_numpy()])


def conversions(admissions: Values, attendances: Values, days: pd.DatetimeIndex) -> Values:
    """Admissions over attendances, (7, n_places), by weekday from Monday on, from daily counts (n_days, n_places).

    The recent level of each place, times its weekdays' pattern, which is drawn to the one that all places share. A day
    of a place counts where both its numbers are known, and is NaN in both where not.
    """
    n_known = np.maximum((~np.isnan(admissions)).sum(axis=0), 1)
    admissions, attendances = np.nan_to_num(admissions), np.nan_to_num(attendances)
    ago, weekday = np.arange(len(days))[::-1], np.eye(WEEK)[days.dayofweek.to_numpy()].T
    recent, slow = (0.5 ** (ago / half_life) for half_life in (LEVEL_HALF_LIFE_DAYS, WEEKDAY_HALF_LIFE_DAYS))
    usual = _ratio(slow @ admissions, slow @ attendances)
    expected = attendances * usual
    common = _ratio((weekday * slow) @ admissions.sum(axis=1), (weekday * slow) @ expected.sum(axis=1))
    prior = PRIOR_DAYS_OF_PATTERN / WEEK * expected.sum(axis=0) / n_known
    came, awaited = (weekday * slow) @ admissions, (weekday * slow) @ expected
    pattern = _ratio(came + common[:, None] * prior, awaited + prior)
    patterned = (pattern[days.dayofweek.to_numpy()] * expected).T @ recent
    level = _ratio(recent @ admissions + prior, patterned + prior)
    return pattern * usual * level


def _ratio(above: Values, below: Values) -> Values:
    """One where nothing is below."""
    return np.where(below > 0, above / np.where(below > 0, below, 1.0), 1.0)
