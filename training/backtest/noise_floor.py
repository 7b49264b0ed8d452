"""What no forecast can win: the noise of a count whose level is known exactly."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import pdtr
from scipy.stats import poisson

Values = NDArray[np.float64]


def poisson_noise(means: Values) -> Values:
    """The mean absolute error that is left to the best point forecast of Poisson counts with these means, any shape.

    The best is the median k, and E|Y - k| = mean - k + 2 (k F(k) - mean F(k - 1)), since y P(y) = mean P(y - 1). In
    counts; about 0.8 of the square root of a large mean.
    """
    median = poisson.ppf(0.5, means)
    before = np.where(median > 0, pdtr(np.maximum(median - 1, 0), means), 0.0)
    noise: Values = means - median + 2 * (median * pdtr(median, means) - means * before)
    return noise
