"""Losses of forecasts, row by row, and means of them."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from publication.vocabulary import quantile_column
from training.backtest.losses import covered, weighted_interval_score

CASE = ["unique_id", "cutoff", "ds"]
MISS_PENALTY = 2 / 0.2  # of the 80 % interval score, for each count outside


def row_losses(forecasts: pd.DataFrame, scales: pd.Series, levels: Sequence[float]) -> pd.DataFrame:
    """The forecasts that have an actual `y`, with `mae, mase, wis, scaled_wis, covers_80, covers_95, interval_80`.

    `scales` are lag-7 MAEs by series: divided by them, large and small series weigh alike.
    """
    rows = forecasts[forecasts["y"].notna()].reset_index(drop=True)
    y = rows["y"].to_numpy(dtype=float)
    quantiles = rows[[quantile_column(level) for level in levels]].to_numpy(dtype=float)
    error = (rows["mean"] - rows["y"]).abs()
    scale = rows["unique_id"].map(scales).astype(float).replace(0.0, np.nan)
    wis = weighted_interval_score(quantiles, y, levels)
    low, high = rows["q0.1"].to_numpy(), rows["q0.9"].to_numpy()
    return rows.assign(
        mae=error,
        mase=error / scale,
        wis=wis,
        scaled_wis=wis / scale,
        covers_80=covered(low, high, y),
        covers_95=covered(rows["q0.025"].to_numpy(), rows["q0.975"].to_numpy(), y),
        interval_80=interval_score(low, high, y),
    )


def interval_score(low: np.ndarray, high: np.ndarray, actuals: np.ndarray) -> np.ndarray:
    """The interval score (n,) of 80 % intervals, in counts: width, and ten times what the actual is outside."""
    outside = np.maximum(low - actuals, 0.0) + np.maximum(actuals - high, 0.0)
    score: np.ndarray = high - low + MISS_PENALTY * outside
    return score


def on_cases_of(theirs: pd.DataFrame, ours: pd.DataFrame) -> pd.DataFrame:
    """A peer's forecasts of exactly the cases that ours has, with the same actuals.

    Raises ValueError where the peer has no forecast of one of them.
    """
    rows = ours[[*CASE, "y"]].merge(theirs, on=CASE, how="left", validate="one_to_one")
    if rows["mean"].isna().any():
        missing = rows.loc[rows["mean"].isna(), CASE].iloc[0]
        raise ValueError(f"a peer has no forecast of {missing['unique_id']} for {missing['ds']:%Y-%m-%d}")
    return rows


def mean_of(rows: pd.DataFrame, loss: str, first_lead: int = 1, last_lead: int = 10_000) -> float:
    """The mean of a loss over leads, both included."""
    return float(rows.loc[rows["lead"].between(first_lead, last_lead), loss].mean())
