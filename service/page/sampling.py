"""The sampling band of a share: how far it may be from what is promised by chance alone."""

from functools import lru_cache
from itertools import accumulate
from math import comb

BAND_PROBABILITY = 0.95
FEWEST_PUBLICATIONS = 7
"""Mornings, without which a share or a mean error means nothing yet: a week has every weekday once."""


@lru_cache(maxsize=1024)
def sampling_band(promised: float, n: int) -> tuple[float, float]:
    """Return the ends of the band in which the share of `n` cases lies with 95 % probability, if the promise is true.

    They are quantiles of the binomial distribution, over `n`. Cases are publications: forecasts of one morning for
    several places or days err together, and count as one.
    """
    tail = (1 - BAND_PROBABILITY) / 2
    chances = [comb(n, k) * promised**k * (1 - promised) ** (n - k) for k in range(n + 1)]
    reached = list(accumulate(chances))
    low = next(k for k in range(n + 1) if k == n or reached[k] >= tail)
    high = next(k for k in range(n + 1) if k == n or reached[k] >= 1 - tail)
    return low / n, high / n
