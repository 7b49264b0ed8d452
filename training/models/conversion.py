"""Admissions as a share of attendances: the conversion of each weekday, at its recent level."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from publication.vocabulary import ADMISSIONS, ATTENDANCES, SeriesKey, series_key
from training.frames import WEEK, FloatArray
from training.history.patient_flow import by_place
from training.history.point_in_time import PointInTimeHistory
from training.models.calendar_level import CalendarLevel
from training.models.candidate import ForecastRequest, Means, empty_means, target_days

EMERGENCY = "emergency"  # the stream of admissions through the emergency department
CONVERSION_LOOKBACK_DAYS = 364
LEVEL_HALF_LIFE_DAYS = 28.0
WEEKDAY_HALF_LIFE_DAYS = 182.0
WEEKDAY_PRIOR_DAYS = 60.0  # weight of the pattern of all places in that of one
MIN_CONVERSION_DAYS = 56
NO_ATTENDANCES = "the place does not count the attendances that these admissions come from, or not for long enough"


class Conversion:
    """A candidate for admissions of places that count attendances too; it fails elsewhere."""

    @property
    def settings(self) -> dict[str, object]:
        """The days that a conversion is estimated from, and the half-lives of their weights."""
        return {
            "lookback_days": CONVERSION_LOOKBACK_DAYS,
            "level_half_life_days": LEVEL_HALF_LIFE_DAYS,
            "weekday_half_life_days": WEEKDAY_HALF_LIFE_DAYS,
        }

    def forecast(self, request: ForecastRequest) -> Means:
        """Return means of the series that can be forecast, and `NO_ATTENDANCES` as the failure of all others."""
        means = empty_means(request)
        if attendances_of(list(request.history.latest.columns)):
            attending = CalendarLevel(only=ATTENDANCES).forecast(request)
            for cutoff in request.cutoffs:
                _forecast(request.history, cutoff, attending.by_cutoff[cutoff], means)
        for cutoff, table in means.by_cutoff.items():
            missing = table.columns[table.isna().any()]
            means.failures.update({(cutoff, unique_id): NO_ATTENDANCES for unique_id in missing})
        return means


def attendances_of(unique_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return for each series of admissions the attendances that it comes from.

    They are those of the same place and stream. Emergency admissions, and those without a stream, come from all
    attendances of the place.
    """
    keys = {series_key(unique_id): unique_id for unique_id in unique_ids}
    at: dict[str, list[str]] = {key.place: [] for key in keys}
    for key, unique_id in keys.items():
        if key.measure == ATTENDANCES:
            at[key.place].append(unique_id)
    found: dict[str, tuple[str, ...]] = {}
    for key, unique_id in keys.items():
        if key.measure == ADMISSIONS and at[key.place]:
            same = keys.get(SeriesKey(key.place, ATTENDANCES, key.stream))
            if same is not None:
                found[unique_id] = (same,)
            elif key.stream in (None, EMERGENCY):
                found[unique_id] = tuple(at[key.place])
    return found


def _forecast(history: PointInTimeHistory, cutoff: pd.Timestamp, attending: pd.DataFrame, means: Means) -> None:
    """Fill in the means of admissions at a cutoff, from the means `attending` of attendances."""
    known = history.imputed(cutoff).tail(CONVERSION_LOOKBACK_DAYS)
    forecast = set(attending.columns[attending.notna().all()])
    counted = {str(unique_id): int(n) for unique_id, n in history.as_of(cutoff).count().items()}
    sources = {
        unique_id: attended
        for unique_id, attended in attendances_of(list(known.columns)).items()
        if forecast.issuperset(attended) and min(counted[i] for i in (unique_id, *attended)) >= MIN_CONVERSION_DAYS
    }
    if not sources:
        return
    admitted, parts = list(sources), list(sources.values())
    complete = (by_place(known.isna(), parts) == 0) & known[admitted].notna().to_numpy()
    admissions, attendances = (
        np.where(complete, counts, np.nan) for counts in (known[admitted], by_place(known.fillna(0.0), parts))
    )
    shares = conversions(admissions, attendances, pd.DatetimeIndex(known.index))
    days = target_days(cutoff, len(attending))
    means.fill(cutoff, admitted, by_place(attending, parts) * shares[days.dayofweek.to_numpy()])


def conversions(admissions: FloatArray, attendances: FloatArray, days: pd.DatetimeIndex) -> FloatArray:
    """Return admissions over attendances (7, n_places), by weekday from Monday, from daily counts (n_days, n_places).

    The recent level of each place, times the pattern of its weekdays, which is drawn to that of all places. A day
    counts where both numbers are known; it is NaN in both where not.
    """
    n_known = np.maximum((~np.isnan(admissions)).sum(axis=0), 1)
    admissions, attendances = np.nan_to_num(admissions), np.nan_to_num(attendances)
    ago, weekday = np.arange(len(days))[::-1], np.eye(WEEK)[days.dayofweek.to_numpy()].T
    recent, slow = (0.5 ** (ago / half_life) for half_life in (LEVEL_HALF_LIFE_DAYS, WEEKDAY_HALF_LIFE_DAYS))
    baseline = _ratio(slow @ admissions, slow @ attendances)
    expected = attendances * baseline
    common = _ratio((weekday * slow) @ admissions.sum(axis=1), (weekday * slow) @ expected.sum(axis=1))
    prior = WEEKDAY_PRIOR_DAYS / WEEK * expected.sum(axis=0) / n_known
    admitted, awaited = (weekday * slow) @ admissions, (weekday * slow) @ expected
    pattern = _ratio(admitted + common[:, None] * prior, awaited + prior)
    patterned = (pattern[days.dayofweek.to_numpy()] * expected).T @ recent
    level = _ratio(recent @ admissions + prior, patterned + prior)
    return pattern * baseline * level


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    """Return the ratio, 1 where the denominator is 0."""
    return np.where(below > 0, above / np.where(below > 0, below, 1.0), 1.0)
