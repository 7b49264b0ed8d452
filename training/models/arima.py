"""AutoARIMA with regressors: a regression on calendar and events, then ARIMA of the adjusted counts.

statsforecast 2.1.1 does not fit both at once: it leaves the ARMA parameters of a differenced model with regressors at
the start of its search, zero, and takes seconds for forty columns. Hence regression with ARIMA errors in two steps
(Cochrane and Orcutt). The first has a normal prior that bounds the effect of a rare holiday.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from statsforecast.models import AutoARIMA

from training.features.calendar import calendar_features, event_tables
from training.frames import BoolArray, FloatArray
from training.history.point_in_time import PointInTimeHistory
from training.models.effects import MA_COEFFICIENTS, logs, whitened
from training.models.hyperparameters import described
from training.models.level import ridge_coefficients

EFFECT_PENALTY = 1.0  # ridge penalty, in days: an effect that is seen on one day is halved
LARGEST_ORDER = 2
MIN_INDEPENDENT_SHARE = 1e-7  # of a column, left over by those before it


class CalendarArima:
    """The part of a statsforecast model's interface that `Statistical` needs: effects of X times an ARIMA(p, 1, q)."""

    uses_exog = True

    def __init__(self) -> None:
        self._arima = AutoARIMA(
            d=1,
            max_p=LARGEST_ORDER,
            max_q=LARGEST_ORDER,
            start_p=1,
            start_q=1,
            allowdrift=False,
            approximation=True,
            season_length=1,
        )
        self._effects = np.zeros(0)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({described(self._arima)})"

    def fit(self, y: FloatArray, X: FloatArray) -> "CalendarArima":  # noqa: N803  the library's name
        """Fit to counts (n_days,) and regressors (n_days, n_features), and return the model."""
        tried = [_effects(logs(y), X, ma_coefficient) for ma_coefficient in MA_COEFFICIENTS]
        self._effects, _ = min(tried, key=lambda found: found[1])
        self._arima.fit(y / self._multiples(X))
        return self

    def forward(self, y: FloatArray, h: int, X: FloatArray, X_future: FloatArray) -> dict[str, FloatArray]:  # noqa: N803
        """Return `mean` (h,) of the `h` days after the counts, with the parameters fitted before."""
        ahead = self._arima.forward(y / self._multiples(X), h)["mean"]
        return {"mean": ahead * self._multiples(X_future)}

    def _multiples(self, features: FloatArray) -> FloatArray:
        return np.asarray(np.exp(features @ self._effects))


def _effects(counts: FloatArray, table: FloatArray, ma_coefficient: float) -> tuple[FloatArray, float]:
    """Return effects in logs (n_features,), and the sum of squared innovations; `table` (n_days, n_features)."""
    target, features = whitened(counts, ma_coefficient), whitened(table, ma_coefficient)
    effects = ridge_coefficients(features, target, EFFECT_PENALTY)
    return effects, float(np.sum((target - features @ effects) ** 2))


def independent(table: FloatArray) -> BoolArray:
    """Return (n_features,) True for columns that are neither constant nor linear combinations of those before them."""
    basis = np.full((len(table), 1), len(table) ** -0.5)
    is_independent = np.zeros(table.shape[1], bool)
    for position, column in enumerate(table.T):
        # One by one: a QR of all columns at once goes on with the rounding noise that a dependent one leaves.
        left = column - basis @ (basis.T @ column)
        left -= basis @ (basis.T @ left)
        size = np.linalg.norm(left)
        is_independent[position] = size > MIN_INDEPENDENT_SHARE * np.linalg.norm(column)
        if is_independent[position]:
            basis = np.column_stack([basis, left / size])
    return is_independent


def regressors(history: PointInTimeHistory, last: pd.Timestamp, unique_ids: Sequence[str]) -> dict[str, FloatArray]:
    """Return the features (n_days, n_features) of each series, from the first day of the history to `last`.

    Without Fourier terms: next to a random walk they take one year's epidemic for a season.
    """
    known = history.context
    days = pd.date_range(history.first_day, last)
    shared = calendar_features(days, known.holidays, seasons=False, hidden=known.hidden_holidays)
    own = event_tables(days, unique_ids, known, history.system).values()
    return {i: np.column_stack([shared, *(table[:, j] for table in own)]) for j, i in enumerate(unique_ids)}
