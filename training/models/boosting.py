"""Gradient boosting of what the calendar-adjusted level leaves: one regression for a measure, direct over all leads.

The target is the logarithm of the count over its forecast, in units of the series' scale. Averages of the newest days
are no features: the linear level has used them, and trees that see them too follow noise.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor

from training.frames import WEEK, BoolArray, FloatArray, IndexArray
from training.models.effects import logs
from training.models.level import (
    LEVEL_WARM_UP_DAYS,
    LastYear,
    Level,
    change_scale,
    moving_averages,
    weekday_deviations,
    with_pooled,
)

MIN_BOOSTED_DAYS = 1096  # three years: trees see each part of a year three times
MAX_BOOSTED_ROWS = 150_000  # more change nothing but the time
ROWS_PER_DAY = 10  # leads drawn for each day of the history
NEAR_LEADS = 14  # half of the leads are drawn from the first of them
MAX_BOOSTED_TARGET = 4.0  # in units of the scale
BOOSTED_HALF_LIFE_WEEKS = 8.0
BOOSTING_SEED = 20_261_130
WEEKDAY_FEATURE = 1  # position of the one categorical feature


@dataclass(frozen=True)
class FittedBoosting:
    """The regressor of one measure, and the scale (n_series,) of each series that it was fitted to."""

    regressor: HistGradientBoostingRegressor
    unique_ids: tuple[str, ...]
    scales: FloatArray

    def factors(self, adjusted: FloatArray, calendar: FloatArray, unique_ids: Sequence[str]) -> FloatArray:
        """Return what to multiply the means of each lead by: (horizon, n_series).

        `adjusted` (n_days, n_series) are counts without calendar effects up to the cutoff, NaN before a series' first;
        `calendar` (horizon, n_features) are features of the target days. Raises KeyError for a series not fitted to.
        """
        leads = np.arange(1, len(calendar) + 1)
        cutoff = np.full(len(leads), len(adjusted) - 1)
        changes = _last_years_changes(adjusted, cutoff, leads)
        features = _features(adjusted, moving_averages(adjusted)[-1], calendar, cutoff, leads, changes)
        shape = features.shape[:2]
        found = self.regressor.predict(features.reshape(-1, features.shape[-1])).reshape(shape)
        scales = dict(zip(self.unique_ids, self.scales, strict=True))
        return np.asarray(np.exp(found * [scales[unique_id] for unique_id in unique_ids]))


def fitted_boosting(
    filled: pd.DataFrame, observed: BoolArray, multiples: FloatArray, level: Level, calendar: FloatArray
) -> FittedBoosting:
    """Return the boosting fitted to the wide frame of counts `filled` (n_days, n_series), without NaN.

    `multiples` (n_days, n_series) are the factors of calendar effects, `calendar` (n_days, n_features) the features of
    each day. Only pairs of a day and a target that are both `observed` (n_days, n_series) are fitted to.
    """
    counts = filled.to_numpy(dtype=float)
    adjusted = counts / multiples
    averages = moving_averages(adjusted)
    scales = change_scale(adjusted, observed, averages)
    days, leads = _drawn(len(counts), counts.shape[1], len(level.coefficients))
    targets = days + leads
    changes = _last_years_changes(adjusted, days, leads)
    levels = _levels(level, averages, days, leads, changes)
    residuals = np.clip(
        (logs(counts[targets]) - logs(levels * multiples[targets])) / scales,
        -MAX_BOOSTED_TARGET,
        MAX_BOOSTED_TARGET,
    )
    features = _features(adjusted, averages[-1], calendar[targets], days, leads, changes)
    both = observed[days] & observed[targets]
    regressor = HistGradientBoostingRegressor(
        loss="absolute_error",
        learning_rate=0.05,
        max_iter=120,
        max_leaf_nodes=6,
        min_samples_leaf=300,
        l2_regularization=50.0,
        early_stopping=False,
        categorical_features=[WEEKDAY_FEATURE],
        random_state=0,
    )
    return FittedBoosting(regressor.fit(features[both], residuals[both]), tuple(map(str, filled.columns)), scales)


def _drawn(n_days: int, n_series: int, horizon: int) -> tuple[IndexArray, IndexArray]:
    """Return positions of days and leads (n,) to fit to, drawn by lot; the target days lie within the history."""
    rng = np.random.default_rng(BOOSTING_SEED)
    every = np.arange(LEVEL_WARM_UP_DAYS, n_days - 1)
    rows = max(1, min(ROWS_PER_DAY * len(every), MAX_BOOSTED_ROWS // n_series))
    days = rng.choice(every, rows)
    longest = np.where(rng.random(rows) < 0.5, min(NEAR_LEADS, horizon), horizon)
    leads = 1 + (rng.random(rows) * longest).astype(np.intp)
    within = days + leads < n_days
    return days[within], leads[within]


def _last_years_changes(adjusted: FloatArray, days: IndexArray, leads: IndexArray) -> FloatArray:
    """Return last year's change (n, n_series) over the lead of each pair of a day and a lead, (n,) each."""
    last_year, changes = LastYear(adjusted), np.empty((len(days), adjusted.shape[1]))
    for lead in np.unique(leads):
        changes[leads == lead] = last_year.change(days[leads == lead], int(lead))
    return changes


def _levels(level: Level, averages: FloatArray, days: IndexArray, leads: IndexArray, changes: FloatArray) -> FloatArray:
    """Return levels (n, n_series), each as many days after a day as its lead says."""
    levels = np.empty(changes.shape)
    for lead in np.unique(leads):
        of_lead = leads == lead
        levels[of_lead] = level.at_lead(averages[:, days[of_lead]], changes[of_lead], int(lead))
    return levels


def _features(
    adjusted: FloatArray,
    slowest: FloatArray,
    calendar: FloatArray,
    days: IndexArray,
    leads: IndexArray,
    changes: FloatArray,
) -> FloatArray:
    """Return features (n, n_series, n_features) of pairs of a day and a lead, (n,) each.

    They are the lead, `calendar` (n, n_calendar) of the target, last year's `changes` over the lead, and how far the
    target's weekday was from its week lately: each of the series, and of all series.
    """
    shape = changes.shape
    deviations = weekday_deviations(adjusted, ~np.isnan(adjusted), BOOSTED_HALF_LIFE_WEEKS)[
        days + leads - WEEK * (-(-leads // WEEK))
    ]
    shared = np.column_stack([leads, calendar])
    own = [*with_pooled(changes[None], slowest[days]), *with_pooled(deviations[None], slowest[days])]
    return np.stack([*(np.broadcast_to(column[:, None], shape) for column in shared.T), *own], axis=-1)
