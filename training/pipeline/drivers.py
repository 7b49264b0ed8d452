"""Drivers: the effects that make up the mean of each day, relative to the recent level. See method.md."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from publication.vocabulary import DRIVERS
from training.arrays import BoolArray, FloatArray
from training.features.events import EVENT_FEATURES, SCHOOL_TERM
from training.frames import WEEK
from training.history.point_in_time import PointInTimeHistory
from training.models.calendar_level import FittedLevel, fitted_for
from training.models.candidate import SMOOTHING_LOOKBACK_DAYS, FitCache, by_measure, target_days
from training.models.effects import design
from training.models.level import BASE, moving_averages

EFFECTS = {
    "weekday": ("weekday",),
    "season": ("season",),
    "holiday": ("holiday",),
    "event": (*(kind.value for kind in EVENT_FEATURES), SCHOOL_TERM),
}


def drivers(
    history: PointInTimeHistory,
    fits: FitCache,
    means: pd.DataFrame,
    parts: pd.DataFrame,
    decimals: int,
    is_counted: BoolArray,
) -> FloatArray:
    """Return parts of the means (n_series, horizon, n_drivers), rounded; they add up to the mean exactly.

    `means` (horizon, n_series) holds bottom series and their sums, by the 0/1 matrix `parts`. The residual is
    what the other parts leave over; a sum's parts are the sums of its series' parts. On days that are not counted, by
    `is_counted` (n_series, horizon), a series has none.
    """
    cutoff, horizon = means.index[0] - pd.Timedelta(days=1), len(means)
    bottom = np.zeros((len(parts.index), horizon, len(DRIVERS)))
    position = {unique_id: i for i, unique_id in enumerate(parts.index)}
    for measure, unique_ids in by_measure(parts.index).items():
        rows = [position[unique_id] for unique_id in unique_ids]
        bottom[rows] = _of_measure(history, fits, cutoff, horizon, measure, unique_ids)
    bottom[~is_counted[: len(bottom)]] = 0.0
    values = np.einsum("bs,bhd->shd", parts.to_numpy(), bottom.round(decimals)).round(decimals)
    values[:, :, -1] = (means.to_numpy().T - values[:, :, :-1].sum(axis=-1)).round(decimals)
    return np.asarray(values)


def _of_measure(
    history: PointInTimeHistory, fits: FitCache, cutoff: pd.Timestamp, horizon: int, measure: str, unique_ids: list[str]
) -> FloatArray:
    """Return all drivers but the residual, (n_series, horizon, n_drivers); only the level where nothing is fitted."""
    recent = history.imputed(cutoff)[unique_ids].tail(SMOOTHING_LOOKBACK_DAYS)
    fitted = fitted_for(history, fits, cutoff, measure, horizon)
    values = np.zeros((len(unique_ids), horizon, len(DRIVERS)))
    if fitted is None:
        values[:, :, 0] = recent.tail(8 * WEEK).mean().fillna(0.0).to_numpy()[:, None]
        return values
    level, multiples, trend = _factors(fitted, history, recent, cutoff, horizon)
    so_far = np.broadcast_to(level, (horizon, len(unique_ids)))
    values[:, :, 0] = so_far.T
    for place, factor in enumerate([*multiples.values(), trend], start=1):
        values[:, :, place] = (so_far * (factor - 1)).T
        so_far = so_far * factor
    return values


def _factors(
    fitted: FittedLevel, history: PointInTimeHistory, recent: pd.DataFrame, cutoff: pd.Timestamp, horizon: int
) -> tuple[FloatArray, Mapping[str, FloatArray], FloatArray]:
    """Return the recent level (n_series,), and the factors of each kind of effect and of the trend (horizon, n_series).

    The level is that of the last week with the season of the cutoff, without holidays and events.
    """
    unique_ids, n_recent = list(recent.columns), len(recent)
    days = pd.DatetimeIndex([*recent.index, *target_days(cutoff, horizon)])
    features = design(history, days, unique_ids, fitted.harmonics)
    effects = {name: fitted.effects.on(features, unique_ids, prefixes) for name, prefixes in EFFECTS.items()}
    averages = moving_averages(recent.to_numpy() / np.exp(sum(effects.values()))[:n_recent])[:, -1]
    week = np.exp(effects["weekday"][n_recent - WEEK : n_recent]).mean(axis=0)
    season = effects["season"][n_recent - 1]
    baseline = {"weekday": np.log(week), "season": season}
    multiples = {
        name: np.exp(effect[n_recent:] - baseline.get(name, np.zeros(len(unique_ids))))
        for name, effect in effects.items()
    }
    now = np.maximum(averages[BASE], np.finfo(float).tiny)
    return now * week * np.exp(season), multiples, fitted.level.ahead(averages) / now
