"""What forecasts are judged beside, and cannot say themselves: calendar, regimes, references, scales, noise."""

import numpy as np
import pandas as pd

from publication.vocabulary import Kind, series_key
from training.backtest.losses import seasonal_naive_root_scale, seasonal_naive_scale
from training.backtest.noise_floor import poisson_noise
from training.backtest.references import with_references
from training.backtest.regimes import regimes
from training.backtest.slices import kinds_of_day
from training.frames import WEEK
from training.history.known import PointInTimeHistory
from training.history.rest_days import rest_days
from training.reconciliation import aggregated, summing


def with_baselines_and_slices(
    forecasts: pd.DataFrame, history: PointInTimeHistory, first_cutoff: pd.Timestamp
) -> pd.DataFrame:
    """The forecasts of a backtest with `day`, `regime`, the references, `root_scale` and `noise_floor`.

    Without these columns there are no scores by the first two, and no skill, RMSSE and noise floor.
    """
    scales = scales_of(history, first_cutoff)
    beside = with_references(forecasts, history)
    return beside.assign(
        day=kinds_of_day(forecasts, history.context.holidays),
        regime=regimes(forecasts, history.system, history.context),
        root_scale=forecasts["unique_id"].map(scales["root_scale"]),
        noise_floor=_noise_floor(forecasts, history),
    )


def scales_of(history: PointInTimeHistory, first_cutoff: pd.Timestamp) -> pd.DataFrame:
    """`scale` and `root_scale` by series: mean and root mean square of the weekly changes known at the first cutoff."""
    known = history.as_of(first_cutoff)
    parts = summing(history.system, list(known.columns))
    at_rest = rest_days(known, history.system)
    values = aggregated(known.to_numpy(), parts.to_numpy(), known.mean().to_numpy(), at_rest)
    scales = {"scale": seasonal_naive_scale(values, WEEK), "root_scale": seasonal_naive_root_scale(values, WEEK)}
    return pd.DataFrame(scales, index=parts.columns)


def _noise_floor(forecasts: pd.DataFrame, history: PointInTimeHistory) -> pd.Series:
    """Of flows alone: a stock remembers yesterday, so its error may well be below the noise of a count."""
    kinds = {measure.name: measure.kind for measure in history.system.measures}
    is_flow = forecasts["unique_id"].map(
        {i: kinds[series_key(i).measure] is Kind.FLOW for i in forecasts["unique_id"].unique()}
    )
    return pd.Series(np.where(is_flow, poisson_noise(forecasts["mean"].to_numpy()), np.nan), index=forecasts.index)
