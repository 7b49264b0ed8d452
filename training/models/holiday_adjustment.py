"""Counts without holiday effects, for models without regressors, and the effects to multiply into their means."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from training.features.calendar import HOLIDAY_PREFIX, holiday_features
from training.frames import FloatArray
from training.history.point_in_time import PointInTimeHistory
from training.models.calendar_level import fitted_on
from training.models.candidate import ForecastRequest, by_fit_day, by_measure, fit_day, fitting_view, target_days
from training.models.effects import Design


class HolidayAdjuster:
    """Undisturbed counts over the holiday effects that the calendar-adjusted level has fitted.

    The fit of a refit day serves all its cutoffs, so that a day has the same adjusted count at each of them. Only the
    newest `lookback_days` before a refit day, and the days after it, are adjusted.
    """

    def __init__(self, request: ForecastRequest, lookback_days: int) -> None:
        self._history, self._horizon = request.history, request.horizon
        self._multiples = {
            day: _multiples(request, day, day - pd.Timedelta(days=lookback_days), cutoffs[-1])
            for day, cutoffs in by_fit_day(request.cutoffs).items()
        }

    def counts(self, cutoff: pd.Timestamp) -> FloatArray:
        """Return the counts known at the cutoff (n_days, n_series): undisturbed, without gaps, holidays and steps."""
        return self._without_holidays(self._history, cutoff)

    def fit_counts(self, day: pd.Timestamp) -> FloatArray:
        """Return the counts (n_days, n_series) to fit to on a refit day."""
        return self._without_holidays(fitting_view(self._history, day), day)

    def _without_holidays(self, history: PointInTimeHistory, cutoff: pd.Timestamp) -> FloatArray:
        table = history.steps(cutoff).removed_from(history.undisturbed(cutoff))
        multiples = self._multiples[fit_day(cutoff)].reindex(index=table.index, columns=table.columns)
        return np.asarray(table.to_numpy() / multiples.fillna(1.0).to_numpy())

    def with_holidays(self, means: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
        """Return means (horizon, n_series) after a cutoff with their holiday effects, at the level after a step."""
        days = target_days(cutoff, self._horizon)
        stepped = means * self._history.steps(cutoff).factors(list(means.columns))
        return stepped * self._multiples[fit_day(cutoff)].reindex(index=days, columns=means.columns).fillna(1.0)


def _multiples(request: ForecastRequest, day: pd.Timestamp, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """Return the holiday effects as factors (n_days, n_series), fitted on a refit day to the series known then.

    The factors of a measure without a fit are 1.
    """
    history = request.history
    days = pd.date_range(max(first, history.first_day), last + pd.Timedelta(days=request.horizon))
    table = holiday_features(days, history.context.holidays)
    measures = by_measure(history.as_of(day).columns) if day >= history.first_day else {}
    if table.empty or not measures:  # where nobody has reported for weeks, no series is known
        return pd.DataFrame(index=days)
    features = Design({str(name): table[[name]].to_numpy() for name in table})
    found = [_of_measure(request, day, measure, of, features) for measure, of in measures.items()]
    unique_ids = [unique_id for of in measures.values() for unique_id in of]
    return pd.DataFrame(np.concatenate(found, axis=1), days, unique_ids)


def _of_measure(
    request: ForecastRequest,
    day: pd.Timestamp,
    measure: str,
    unique_ids: Sequence[str],
    features: Design,
) -> FloatArray:
    """Return the factors of one measure's series, (n_days, n_series)."""
    fitted = fitted_on(request.history, request.fits, day, measure, request.horizon)
    n_days = len(next(iter(features.tables.values())))
    if fitted is None:
        return np.ones((n_days, len(unique_ids)))
    return np.asarray(np.exp(fitted.effects.on(features, unique_ids, (f"{HOLIDAY_PREFIX}_",))))
