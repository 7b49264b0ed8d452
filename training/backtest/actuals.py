"""What happened: actuals of bottom series and parents, as now known."""

import pandas as pd

from training.history.known import KnownHistory
from training.pipeline import Forecast
from training.reconciliation.bottom_up import aggregated


def actuals(history: KnownHistory, parts: pd.DataFrame, days: pd.DatetimeIndex) -> pd.DataFrame:
    """Wide actuals (n_days, n_series) of the bottom series of `parts` and their parents; NaN is missing."""
    bottom = history.newest.reindex(columns=parts.index)
    sizes = bottom.mean().fillna(0.0).to_numpy()
    values = aggregated(bottom.reindex(days).to_numpy(dtype=float), parts.to_numpy(), sizes)
    return pd.DataFrame(values, index=days, columns=parts.columns)


def with_actuals(history: KnownHistory, forecast: Forecast, rows: pd.DataFrame) -> pd.DataFrame:
    """The forecast's rows, as `Forecast.rows` gives them, with the column `y` after `lead`."""
    happened = actuals(history, forecast.parts, pd.DatetimeIndex(forecast.means.index))
    y = happened[list(forecast.means.columns)].to_numpy().ravel(order="F")
    return rows.assign(y=y)
