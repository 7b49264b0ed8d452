"""A plain Poisson regression: weekdays and a year's wave, with the quantiles of Poisson counts."""

from importlib.metadata import version

import numpy as np
import pandas as pd
from scipy.stats import poisson
from sklearn.linear_model import PoissonRegressor

from benchmarks.accuracy.peers.peer import Answer, Question, Values

ALPHA = 1e-6  # of the penalty: none to speak of, and a ward that was always empty still has a fit
DAYS_A_YEAR = 365.25


class PoissonRegressionPeer:
    """scikit-learn's PoissonRegressor fitted anew at every cutoff, to all days of the series."""

    name = "Poisson regression"
    versions = f"scikit-learn {version('scikit-learn')}"

    def forecast(self, question: Question) -> Answer:
        known = question.values.dropna()
        days = pd.DatetimeIndex(known.index)
        model = PoissonRegressor(alpha=ALPHA, max_iter=1000).fit(features(days), known.to_numpy(dtype=float))
        means = np.asarray(model.predict(features(question.days_ahead)), dtype=float)
        return Answer(means, poisson.ppf(np.asarray(question.levels), means[:, None]))


def features(days: pd.DatetimeIndex) -> Values:
    """Return columns (n_days, 8): the weekdays but Monday, and sine and cosine of the day of the year."""
    angle = 2 * np.pi * days.dayofyear.to_numpy() / DAYS_A_YEAR
    weekdays = days.weekday.to_numpy()[:, None] == np.arange(1, 7)
    return np.column_stack([weekdays, np.sin(angle), np.cos(angle)])
