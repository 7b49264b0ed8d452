"""Numbers that forecasts are compared with: actuals, reference forecasts, scales and the noise of counts."""

from itertools import pairwise

import numpy as np
import pandas as pd

from publication.model import System
from publication.vocabulary import Kind, series_key
from training.backtest.losses import mean_of_known, poisson_noise, seasonal_naive_root_scale, seasonal_naive_scale
from training.backtest.slices import kinds_of_day, regimes
from training.frames import WEEK, FloatArray, values_of
from training.history.hierarchy import aggregated, summing, takeover_days, with_successors
from training.history.point_in_time import PointInTimeHistory
from training.history.reporting import LOOKBACK_WEEKS, never_counted_ahead, rest_days
from training.pipeline.forecast import Forecast

CONTEXT_DAYS = pd.Timedelta(days=(LOOKBACK_WEEKS + 1) * WEEK)


def actuals(history: PointInTimeHistory, parts: pd.DataFrame, days: pd.DatetimeIndex) -> pd.DataFrame:
    """Return wide actuals (n_days, n_series) of the bottom series of `parts` and their parents; NaN is missing.

    A part that is never counted on a weekday adds nothing to its parents then, and they are complete without it. From
    the day on which a place succeeds parts, its count stands for theirs in the sums that include all of them; a part
    that was merged with others has no actual of its own from then on.
    """
    return _with_sums(history, history.latest, parts, days)


def trusted_actuals(history: PointInTimeHistory, parts: pd.DataFrame, days: pd.DatetimeIndex) -> pd.DataFrame:
    """Return the same without the days that are not to be trusted: no loss of a forecast is a fault of a feed."""
    return _with_sums(history, history.trusted, parts, days)


def _with_sums(
    history: PointInTimeHistory, known: pd.DataFrame, parts: pd.DataFrame, days: pd.DatetimeIndex
) -> pd.DataFrame:
    """Return the sums of what is known, with the places of each day."""
    periods, counted = history.context.opening_periods, set(map(str, known.columns))
    takeovers = takeover_days(periods, days[0].date(), days[-1].date())
    edges = [0, *days.searchsorted(pd.DatetimeIndex(takeovers)).tolist(), len(days)]
    pieces = [days[begin:end] for begin, end in pairwise(edges)]
    sums = [
        _sums(known, with_successors(parts, periods, piece[0].date(), counted), piece, history.system)
        for piece in pieces
    ]
    return pd.concat(sums)


def _sums(known: pd.DataFrame, parts: pd.DataFrame, days: pd.DatetimeIndex, system: System) -> pd.DataFrame:
    bottom = known.reindex(columns=parts.index)
    sizes = bottom.mean().fillna(0.0).to_numpy()
    around = bottom.loc[days[0] - CONTEXT_DAYS : days[-1] + CONTEXT_DAYS]
    rests = pd.DataFrame(rest_days(around, system), around.index, around.columns)
    at_rest = rests.reindex(days, fill_value=False).to_numpy()
    values = aggregated(bottom.reindex(days).to_numpy(dtype=float), parts.to_numpy(), sizes, at_rest)
    return pd.DataFrame(values, index=days, columns=parts.columns)


def with_actuals(history: PointInTimeHistory, forecast: Forecast, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the forecast's rows, as `Forecast.rows` gives them, with a column `y`."""
    observed = actuals(history, forecast.parts, pd.DatetimeIndex(forecast.means.index))
    y = observed[list(forecast.means.columns)].to_numpy().T[forecast.is_counted]
    return rows.assign(y=y)


REFERENCE_WEEKS = 6
REFERENCES = ("seasonal_naive", "yesterday", "six_week_mean")


def with_references(forecasts: pd.DataFrame, history: PointInTimeHistory) -> pd.DataFrame:
    """Return the forecasts with a column for each reference, in counts; NaN where too little was known."""
    made = {name: np.full(len(forecasts), np.nan) for name in REFERENCES}
    days_ahead = (forecasts["lead"].to_numpy() - 1) % WEEK
    for cutoff, positions in forecasts.groupby("cutoff").indices.items():
        weeks = references(history, pd.Timestamp(str(cutoff)))
        series, unique_ids = pd.factorize(forecasts["unique_id"].iloc[positions])
        for name, week in weeks.items():
            made[name][positions] = values_of(week, unique_ids)[days_ahead[positions], series]
    return forecasts.assign(**made)


def references(history: PointInTimeHistory, cutoff: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """Return each reference's week after the cutoff, (7, n_series), of bottom series and parents; the week repeats.

    Seasonal naive is the last known value of the same weekday, `yesterday` that of any day, `six_week_mean` the mean of
    those of the same weekday; all use six weeks at most, and pass over days that are missing or not trusted.
    """
    known = history.with_places_at(cutoff).as_of(cutoff)
    days = pd.date_range(end=cutoff, periods=REFERENCE_WEEKS * WEEK, freq="D")
    block = known.reindex(days).to_numpy(dtype=float)
    weeks = block.reshape(REFERENCE_WEEKS, WEEK, -1)
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


def _last(values: FloatArray) -> FloatArray:
    """Return the last value along the first axis that is not NaN."""
    newest_first = values[::-1]
    position = (~np.isnan(newest_first)).argmax(axis=0)
    last: FloatArray = np.take_along_axis(newest_first, position[None], axis=0)[0]
    return last


def with_baselines_and_slices(
    forecasts: pd.DataFrame, history: PointInTimeHistory, first_cutoff: pd.Timestamp
) -> pd.DataFrame:
    """Return the forecasts of a backtest with `day`, `regime`, the references, `root_scale` and `noise_floor`.

    Without these columns there are no scores by the first two, and no skill, RMSSE and noise floor.
    """
    scales = scales_of(history, first_cutoff)
    return with_references(forecasts, history).assign(
        day=kinds_of_day(forecasts, history.context.holidays),
        regime=regimes(forecasts, history.system, history.context),
        root_scale=forecasts["unique_id"].map(scales["root_scale"]),
        noise_floor=_noise_floor(forecasts, history),
    )


def scales_of(history: PointInTimeHistory, first_cutoff: pd.Timestamp) -> pd.DataFrame:
    """Return `scale` and `root_scale` by series: mean and root mean square of weekly changes to the first cutoff.

    A place that takes over from others later has those of its inherited history, to the same cutoff.
    """
    found = pd.concat([_scales(places, first_cutoff) for places in history.with_places_since(first_cutoff)])
    return found[~found.index.duplicated()]


def _scales(history: PointInTimeHistory, first_cutoff: pd.Timestamp) -> pd.DataFrame:
    known = history.as_of(first_cutoff)
    parts = summing(history.system, list(known.columns))
    at_rest = rest_days(known, history.system)
    values = aggregated(known.to_numpy(), parts.to_numpy(), known.mean().to_numpy(), at_rest)
    scales = {"scale": seasonal_naive_scale(values, WEEK), "root_scale": seasonal_naive_root_scale(values, WEEK)}
    return pd.DataFrame(scales, index=parts.columns)


def _noise_floor(forecasts: pd.DataFrame, history: PointInTimeHistory) -> pd.Series:
    """Return the noise floor of flows; a stock depends on yesterday, so its error may be below the noise of a count."""
    kinds = {measure.name: measure.kind for measure in history.system.measures}
    is_flow = forecasts["unique_id"].map(
        {i: kinds[series_key(i).measure] is Kind.FLOW for i in forecasts["unique_id"].unique()}
    )
    return pd.Series(np.where(is_flow, poisson_noise(forecasts["mean"].to_numpy()), np.nan), index=forecasts.index)
