"""Counts without their holidays, for models that cannot be told of them, and what to put back on the days ahead."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.features.calendar import PREFIX, holiday_features
from training.history.known import PointInTimeHistory
from training.models.calendar_level import fitted_on
from training.models.candidate import ForecastRequest, by_fit_day, by_measure, fit_day, fitting_view, target_days
from training.models.effects import Design

Values = NDArray[np.float64]


class HolidayAdjuster:
    """Undisturbed counts over what holidays multiply them by, as the calendar-adjusted level learnt it.

    What was learnt on a refit day serves all its cutoffs, so that counts are the same wherever they are gone on from.
    Only the newest `memory_days` before a refit day, and what follows, are without holidays.
    """

    def __init__(self, windows: ForecastRequest, memory_days: int) -> None:
        self._history, self._horizon = windows.history, windows.horizon
        self._multiples = {
            day: _multiples(windows, day, day - pd.Timedelta(days=memory_days), cutoffs[-1])
            for day, cutoffs in by_fit_day(windows.cutoffs).items()
        }

    def counts(self, cutoff: pd.Timestamp) -> Values:
        """What was known at the cutoff (n_days, n_series), filled and undisturbed, without holidays and steps."""
        return self._without_holidays(self._history, cutoff)

    def fit_counts(self, day: pd.Timestamp) -> Values:
        """The same of a refit day, as what is fitted there sees them."""
        return self._without_holidays(fitting_view(self._history, day), day)

    def _without_holidays(self, history: PointInTimeHistory, cutoff: pd.Timestamp) -> Values:
        table = history.steps(cutoff).removed_from(history.undisturbed(cutoff))
        multiples = self._multiples[fit_day(cutoff)].reindex(index=table.index, columns=table.columns)
        return np.asarray(table.to_numpy() / multiples.fillna(1.0).to_numpy())

    def put_back(self, means: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
        """Means of the days ahead of a cutoff (horizon, n_series) with their holidays, at the level after a step."""
        days = target_days(cutoff, self._horizon)
        stepped = means * self._history.steps(cutoff).factors(list(means.columns))
        return stepped * self._multiples[fit_day(cutoff)].reindex(index=days, columns=means.columns).fillna(1.0)


def _multiples(windows: ForecastRequest, day: pd.Timestamp, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """What holidays multiply counts by (n_days, n_series), as learnt on a refit day from the series that were known.

    A measure of which nothing could be learnt keeps its holidays.
    """
    history = windows.history
    days = pd.date_range(max(first, history.first_day), last + pd.Timedelta(days=windows.horizon))
    table = holiday_features(days, history.context.holidays)
    measures = by_measure(history.as_of(day).columns) if day >= history.first_day else {}
    if table.empty or not measures:  # where nobody has reported for weeks, no series is known
        return pd.DataFrame(index=days)
    features = Design({str(name): table[[name]].to_numpy() for name in table})
    found = [_of_measure(windows, day, measure, of, features) for measure, of in measures.items()]
    unique_ids = [unique_id for of in measures.values() for unique_id in of]
    return pd.DataFrame(np.concatenate(found, axis=1), days, unique_ids)


def _of_measure(
    windows: ForecastRequest,
    day: pd.Timestamp,
    measure: str,
    unique_ids: Sequence[str],
    features: Design,
) -> Values:
    """Those of one measure's series, (n_days, n_series)."""
    fitted = fitted_on(windows.history, windows.fits, day, measure, windows.horizon)
    n_days = len(next(iter(features.tables.values())))
    if fitted is None:
        return np.ones((n_days, len(unique_ids)))
    return np.asarray(np.exp(fitted.effects.on(features, unique_ids, (f"{PREFIX}_",))))
