"""Scores of a backtest's forecasts, by measure and lead band. An empty slice gives no row, never a 0."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from publication.vocabulary import quantile_column, series_key
from training.backtest.losses import covered, seasonal_naive_scale, weighted_interval_score
from training.frames import WEEK
from training.history.known import KnownHistory
from training.reconciliation.bottom_up import aggregated, summing

LEAD_BANDS = ((1, 7), (8, 14), (15, 28), (29, 56), (57, 84))
COVERAGES = (50, 80, 95)
LOSSES = ["mae", "mase", "wis", "scaled_wis", "bias", *(f"coverage_{percent}" for percent in COVERAGES)]


def mase_scales(history: KnownHistory, first_cutoff: pd.Timestamp) -> pd.Series:
    """The in-sample seasonal-naive MAE of every series, from what was known at the first cutoff of a backtest."""
    known = history.at(first_cutoff)
    parts = summing(history.system, list(known.columns))
    values = aggregated(known.to_numpy(), parts.to_numpy(), known.mean().to_numpy())
    return pd.Series(seasonal_naive_scale(values, WEEK), index=parts.columns)


def scores(forecasts: pd.DataFrame, scales: pd.Series, levels: Sequence[float]) -> pd.DataFrame:
    """One row per measure and lead band: `measure, leads, n, fallbacks`, losses. Rows without an actual are left out.

    `mase` and `scaled_wis` divide by the seasonal-naive MAE of `scales`, so that large and small places weigh alike.
    """
    rows = _losses(forecasts[forecasts["y"].notna()], scales, levels)
    keys = [
        rows["unique_id"].map(lambda unique_id: series_key(unique_id).measure).rename("measure"),
        _bands(rows["lead"]),
    ]
    grouped = rows.groupby(keys, sort=True, observed=True)
    table = grouped[LOSSES].mean()
    table.insert(0, "n", grouped.size())
    table.insert(1, "fallbacks", grouped["fallback"].sum())
    return table.reset_index()


def overall(forecasts: pd.DataFrame, scales: pd.Series, levels: Sequence[float]) -> dict[str, float]:
    """Each loss over all rows with an actual, and the share of fallbacks; a loss that no row has is left out."""
    rows = _losses(forecasts[forecasts["y"].notna()], scales, levels)
    means = rows[LOSSES].mean().dropna()
    return {
        **{str(name): float(value) for name, value in means.items()},
        "fallback_share": float(rows["fallback"].mean()),
    }


def _losses(rows: pd.DataFrame, scales: pd.Series, levels: Sequence[float]) -> pd.DataFrame:
    y = rows["y"].to_numpy()
    quantiles = rows[[quantile_column(level) for level in levels]].to_numpy()
    scale = rows["unique_id"].map(scales).replace(0.0, np.nan)
    bias = rows["mean"] - y
    wis = pd.Series(weighted_interval_score(quantiles, y, levels), index=rows.index)
    table = rows.assign(mae=bias.abs(), mase=bias.abs() / scale, wis=wis, scaled_wis=wis / scale, bias=bias)
    for percent in COVERAGES:
        low, high = (quantile_column(round(0.5 + side * percent / 200, 3)) for side in (-1, 1))
        known = low in rows and high in rows
        table[f"coverage_{percent}"] = covered(rows[low].to_numpy(), rows[high].to_numpy(), y) if known else np.nan
    return table


def _bands(leads: pd.Series) -> pd.Series:
    edges = [0, *(last for _, last in LEAD_BANDS)]
    return pd.cut(leads, edges, labels=[f"{first:02d}-{last:02d}" for first, last in LEAD_BANDS]).rename("leads")
