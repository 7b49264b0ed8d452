"""AutoARIMA with regressors: their effects first, then ARIMA of what is left of the counts.

In one go the library does not get there: statsforecast 2.1.1 leaves the ARMA parameters of a differenced model with
regressors where its search starts, at zero, and takes seconds for forty columns. Hence regression with ARIMA errors in
two steps (Cochrane and Orcutt), the first with a prior that no rare holiday can outrun.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import Ridge
from statsforecast.models import AutoARIMA

from training.features.calendar import calendar
from training.features.events import disturbance_tables
from training.history.known import PointInTimeHistory
from training.models.effects import logs, whitened

Values = NDArray[np.float64]
MEMORIES = (0.0, 0.3, 0.6, 0.8, 0.9)  # of the surprises in the first step: the one that leaves the least is taken
SHRINKAGE = 1.0  # of each effect, in days: one that is seen once is believed by half
LARGEST_ORDER = 2
DEPENDENT = 1e-7  # the share of a column that the columns before it leave unexplained, below which it adds nothing


class CalendarArima:
    """A statsforecast model as far as we use one: multiplicative effects of X around an ARIMA(p, 1, q)."""

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

    def fit(self, y: Values, X: Values) -> "CalendarArima":  # noqa: N803  the library's name
        """Learn from counts (n_days,) and regressors (n_days, n_features)."""
        tried = [_effects(logs(y), X, memory) for memory in MEMORIES]
        self._effects, _ = min(tried, key=lambda found: found[1])
        self._arima.fit(y / self._multiples(X))
        return self

    def forward(self, y: Values, h: int, X: Values, X_future: Values) -> dict[str, Values]:  # noqa: N803
        """Means of the `h` days after the counts, with the parameters learnt before."""
        ahead = self._arima.forward(y / self._multiples(X), h)["mean"]
        return {"mean": ahead * self._multiples(X_future)}

    def _multiples(self, features: Values) -> Values:
        return np.asarray(np.exp(features @ self._effects))


def _effects(counts: Values, table: Values, memory: float) -> tuple[Values, float]:
    """Effects in logs (n_features,), and the squares that they leave; `table` (n_days, n_features)."""
    target, features = whitened(counts, memory), whitened(table, memory)
    ridge = Ridge(alpha=SHRINKAGE, fit_intercept=False).fit(features, target)
    return np.asarray(ridge.coef_), float(np.sum((target - ridge.predict(features)) ** 2))


def independent(table: Values) -> NDArray[np.bool_]:
    """Which columns are neither constant nor made up of the columns before them."""
    basis = np.full((len(table), 1), len(table) ** -0.5)
    kept = np.zeros(table.shape[1], bool)
    for position, column in enumerate(table.T):
        # One by one: a QR of all columns at once goes on with the rounding noise that a dependent one leaves.
        left = column - basis @ (basis.T @ column)
        left -= basis @ (basis.T @ left)
        size = np.linalg.norm(left)
        kept[position] = size > DEPENDENT * np.linalg.norm(column)
        if kept[position]:
            basis = np.column_stack([basis, left / size])
    return kept


def regressors(history: PointInTimeHistory, last: pd.Timestamp, unique_ids: Sequence[str]) -> dict[str, Values]:
    """Of each series, its features (n_days, n_features) from the first day of the history to the day `last`.

    Without the year's course: next to a level that wanders it takes one year's epidemic for a season.
    """
    known = history.context
    days = pd.date_range(history.first_day, last)
    shared = calendar(days, known.holidays, seasons=False)
    own = disturbance_tables(days, unique_ids, known, history.system).values()
    return {i: np.column_stack([shared, *(table[:, j] for table in own)]) for j, i in enumerate(unique_ids)}
