"""Forecasts of rivals: climatology, yesterday with its past errors, AutoETS with normal intervals."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm
from statsforecast import StatsForecast
from statsforecast.models import AutoETS

from training.frames import imputed, long

Values = NDArray[np.float64]
PERCENT = 80
FEWEST_DAYS = 28


def climatology(past: pd.DataFrame, threshold: float) -> Values:
    """The share of the days known (n_days, n_series) on which each series was above the threshold: (n_series,)."""
    above = (past > threshold).where(past.notna())
    return above.mean().to_numpy(dtype=float)


def yesterday(past: pd.DataFrame, horizon: int) -> list[list[Values]]:
    """The last known value less each of its past errors, by series and lead; empty where there is no value."""
    values = past.to_numpy(dtype=float)
    last = past.ffill().iloc[-1].to_numpy(dtype=float)
    found = []
    for series in range(values.shape[1]):
        moves = (values[lead:, series] - values[:-lead, series] for lead in range(1, horizon + 1))
        found.append([last[series] + m[~np.isnan(m)] for m in moves])
    return found


def normal(past: pd.DataFrame, horizon: int, jobs: int) -> tuple[Values, Values]:
    """Means and standard deviations, each (n_series, horizon), of AutoETS with a weekly season."""
    names = [name for name in past.columns if past[name].count() >= FEWEST_DAYS]
    panel = long(imputed(past[names]))
    models = StatsForecast([AutoETS(season_length=7)], freq="D", n_jobs=jobs)
    made = models.forecast(df=panel, h=horizon, level=[PERCENT]).sort_values(["unique_id", "ds"])
    half = norm.ppf(0.5 + PERCENT / 200)
    deviation = (made[f"AutoETS-hi-{PERCENT}"] - made["AutoETS"]) / half
    means, deviations = (np.full((past.shape[1], horizon), np.nan) for _ in range(2))
    rows = past.columns.get_indexer(pd.Index(made["unique_id"].unique()))
    means[rows] = made["AutoETS"].to_numpy().reshape(-1, horizon)
    deviations[rows] = deviation.to_numpy().reshape(-1, horizon)
    return means, deviations


def quantiles_of(samples: Sequence[Values], levels: Sequence[float]) -> Values:
    """Quantiles (horizon, n_levels) of samples by lead."""
    return np.array([np.quantile(s, levels) if len(s) else np.full(len(levels), np.nan) for s in samples])
