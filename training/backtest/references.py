"""Point forecasts that cost nothing, from what was known at the cutoff: what a forecast's skill is measured against."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.backtest.losses import mean_of_known
from training.frames import WEEK, values_of
from training.history.known import PointInTimeHistory
from training.history.rest_days import never_counted_ahead
from training.reconciliation import aggregated, summing

Values = NDArray[np.float64]
WEEKS = 6
REFERENCES = ("seasonal_naive", "yesterday", "six_week_mean")


def with_references(forecasts: pd.DataFrame, history: PointInTimeHistory) -> pd.DataFrame:
    """The forecasts with one column for each reference, in counts; NaN where too little was known to make one."""
    made = {name: np.full(len(forecasts), np.nan) for name in REFERENCES}
    days_ahead = (forecasts["lead"].to_numpy() - 1) % WEEK
    for cutoff, positions in forecasts.groupby("cutoff").indices.items():
        weeks = references(history, pd.Timestamp(str(cutoff)))
        series, unique_ids = pd.factorize(forecasts["unique_id"].iloc[positions])
        for name, week in weeks.items():
            made[name][positions] = values_of(week, unique_ids)[days_ahead[positions], series]
    return forecasts.assign(**made)


def references(history: PointInTimeHistory, cutoff: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """For each reference its week after the cutoff, (7, n_series), bottom series and parents; it repeats from there on.

    Seasonal naive is the last known value of the same weekday, `yesterday` that of any day, `six_week_mean` the mean of
    those of the same weekday; all look back six weeks at most, and pass over days that are missing or not believed.
    """
    known = history.as_of(cutoff)
    days = pd.date_range(end=cutoff, periods=WEEKS * WEEK, freq="D")
    block = known.reindex(days).to_numpy(dtype=float)
    weeks = block.reshape(WEEKS, WEEK, -1)
    week = {
        "seasonal_naive": _last(weeks),
        "yesterday": np.repeat(_last(block)[None, :], WEEK, axis=0),
        "six_week_mean": mean_of_known(weeks),
    }
    parts, sizes = summing(history.system, list(known.columns)), known.mean().fillna(0.0).to_numpy()
    at_rest = never_counted_ahead(known, WEEK, history.system)
    made = {name: np.where(at_rest, np.nan, values) for name, values in week.items()}
    return {
        name: pd.DataFrame(aggregated(values, parts.to_numpy(), sizes, at_rest), columns=parts.columns)
        for name, values in made.items()
    }


def _last(values: Values) -> Values:
    """The last value along the first axis that is not NaN."""
    newest_first = values[::-1]
    position = (~np.isnan(newest_first)).argmax(axis=0)
    last: Values = np.take_along_axis(newest_first, position[None], axis=0)[0]
    return last
