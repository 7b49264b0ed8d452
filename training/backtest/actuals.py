"""What happened: actuals of bottom series and parents, as now known."""

import pandas as pd

from training.frames import WEEK
from training.history.known import PointInTimeHistory
from training.history.rest_days import rest_days
from training.history.rhythm import WEEKS_LOOKED_AT
from training.pipeline import Forecast
from training.reconciliation import aggregated

SEEN_AROUND = pd.Timedelta(days=(WEEKS_LOOKED_AT + 1) * WEEK)


def actuals(history: PointInTimeHistory, parts: pd.DataFrame, days: pd.DatetimeIndex) -> pd.DataFrame:
    """Wide actuals (n_days, n_series) of the bottom series of `parts` and their parents; NaN is missing.

    A part that is never counted on a weekday adds nothing to its parents then, and they are complete without it.
    """
    bottom = history.latest.reindex(columns=parts.index)
    sizes = bottom.mean().fillna(0.0).to_numpy()
    around = bottom.loc[days[0] - SEEN_AROUND : days[-1] + SEEN_AROUND]
    rests = pd.DataFrame(rest_days(around, history.system), around.index, around.columns)
    at_rest = rests.reindex(days, fill_value=False).to_numpy()
    values = aggregated(bottom.reindex(days).to_numpy(dtype=float), parts.to_numpy(), sizes, at_rest)
    return pd.DataFrame(values, index=days, columns=parts.columns)


def with_actuals(history: PointInTimeHistory, forecast: Forecast, rows: pd.DataFrame) -> pd.DataFrame:
    """The forecast's rows, as `Forecast.rows` gives them, with the column `y` after `lead`."""
    happened = actuals(history, forecast.parts, pd.DatetimeIndex(forecast.means.index))
    y = happened[list(forecast.means.columns)].to_numpy().T[forecast.is_counted]
    return rows.assign(y=y)
