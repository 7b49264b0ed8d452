"""Poisson regression on lagged counts, in a form that stays put when its own means become its lags."""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import PoissonRegressor

LAGGED = ("lag", "rolling")  # how mlforecast names what it makes of past values
SMALLEST = 0.1  # of the level, whose logarithm stands for that of less


class LogLagPoisson(PoissonRegressor):  # type: ignore[misc]  # scikit-learn has no types
    """scikit-learn's, with past values in logs: as its mean is the exponential of a sum, plain ones would explode."""

    def fit(self, X: pd.DataFrame, y: ArrayLike, sample_weight: ArrayLike | None = None) -> "LogLagPoisson":  # noqa: N803
        super().fit(_with_logs(X), y, sample_weight)
        return self

    def predict(self, X: pd.DataFrame) -> NDArray[np.float64]:  # noqa: N803
        return np.asarray(super().predict(_with_logs(X)))


def _with_logs(features: pd.DataFrame) -> pd.DataFrame:
    lagged = [name for name in features if str(name).startswith(LAGGED)]
    return features.assign(**{str(name): np.log(np.maximum(features[name], SMALLEST)) for name in lagged})
