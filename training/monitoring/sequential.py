"""Sequential tests of issued forecasts: evidence against a promise, gathered day by day, with a known rate of alarms.

An *e-value* of a day is a positive number whose mean is at most 1 while the promise holds, whatever happened before.
An *e-detector* multiplies them from the day on which a change may have begun (Shin, Ramdas and Rinaldo 2023,
"E-detectors"). While the promise holds, it takes at least `limit` days on average until it reaches `limit`. That needs
no model of how places depend on each other: means of detectors are detectors. The reasons are in ADR 34.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import numpy as np
from scipy.stats import norm

from training.frames import FloatArray

CAP = 10.0
"""Evidence is held at this multiple of the limit, so that it falls again soon after a change is over."""


@dataclass(frozen=True)
class Alternative:
    """One way in which standard normal scores of actuals may differ, and the difference that is still tolerated.

    `shift` is the mean of the scores, `ratio` their standard deviation. The e-value is the ratio of the two densities,
    so it is one for every promise between "calibrated" and the tolerance.
    """

    shift: float = 0.0
    ratio: float = 1.0
    tolerated_shift: float = 0.0
    tolerated_ratio: float = 1.0

    def of_bins(self, levels: Sequence[float]) -> FloatArray:
        """Return the e-value of each bin between published quantiles, (n_levels + 1,)."""
        edges = norm.ppf([0.0, *levels, 1.0])
        shares = np.diff(norm.cdf((edges - self.shift) / self.ratio))
        tolerated = np.diff(norm.cdf((edges - self.tolerated_shift) / self.tolerated_ratio))
        return np.asarray(shares / tolerated, dtype=float)


TOLERATED_SHIFT = 0.2
"""Of the standard deviation of a forecast: a bias that makes an 80 % interval hold 79 % of actuals."""
SHIFTS = (0.75, 1.5, 3.0)
TOLERATED_NARROW, TOO_NARROW = 1.03, 4 / 3
"""Standard deviation of actuals as a multiple of that of forecasts: intervals 3 % and 25 % too narrow."""
TOLERATED_WIDE, TOO_WIDE = 0.97, 3 / 4


class Direction(StrEnum):
    """The side on which a promise fails."""

    TOO_LOW = "too low"
    TOO_HIGH = "too high"
    TOO_NARROW = "too narrow"
    TOO_WIDE = "too wide"


ALTERNATIVES = {
    Direction.TOO_LOW: tuple(Alternative(shift=by, tolerated_shift=TOLERATED_SHIFT) for by in SHIFTS),
    Direction.TOO_HIGH: tuple(Alternative(shift=-by, tolerated_shift=-TOLERATED_SHIFT) for by in SHIFTS),
    Direction.TOO_NARROW: (Alternative(ratio=TOO_NARROW, tolerated_ratio=TOLERATED_NARROW),),
    Direction.TOO_WIDE: (Alternative(ratio=TOO_WIDE, tolerated_ratio=TOLERATED_WIDE),),
}


@cache
def e_values_of_bins(direction: Direction, levels: tuple[float, ...]) -> FloatArray:
    """Return the e-value of each alternative in each bin between the levels, (n_levels + 1, n_alternatives)."""
    return np.stack([alternative.of_bins(levels) for alternative in ALTERNATIVES[direction]], axis=1)


def e_values(pits: FloatArray, direction: Direction, levels: Sequence[float]) -> FloatArray:
    """Return the e-values (n_days, n_series, n_alternatives) of PITs (n_days, n_series); 1 where there is no PIT.

    What the distribution is between two published quantiles is no promise, so all of a bin counts alike.
    """
    of_bins = e_values_of_bins(direction, tuple(levels))
    found = of_bins[np.searchsorted(np.asarray(levels), np.nan_to_num(pits, nan=0.5))]
    return np.where(np.isnan(pits)[..., None], 1.0, found)


BETS = (0.2, 0.5, 0.9)
"""Shares of the largest bet on a mean that cannot lose all."""


def pooled_e_values(values: FloatArray, smallest: FloatArray) -> FloatArray:
    """Return e-values (n_days, n_bets * n_alternatives) of the mean over series of `values`.

    A mean of e-values is one, and so is 1 + bet (mean - 1) for any bet that leaves it positive: where places err
    independently, their mean varies little, and a large bet gains most. `smallest` (n_alternatives,) are the least
    e-values.
    """
    gain = values.mean(axis=1) - 1.0
    bets = np.array(BETS)[:, None] / (1.0 - smallest)
    pooled: FloatArray = 1.0 + bets * gain[:, None, :]
    return pooled.reshape(len(values), -1)


def skill_e_values(losses: FloatArray, baseline: FloatArray) -> FloatArray:
    """Return e-values (n_days, n_bets) against "the losses are at most those of the baseline", both (n_days,).

    Their difference over their sum lies in -1 to 1 (Choe and Ramdas 2024, "Comparing sequential forecasters"). A day
    without losses has 1.
    """
    total = losses + baseline
    difference = np.where(total > 0, (losses - baseline) / np.where(total > 0, total, 1.0), 0.0)
    values: FloatArray = 1.0 + np.array(BETS) * np.nan_to_num(difference)[:, None]
    return values


def detectors(values: FloatArray, caps: FloatArray) -> FloatArray:
    """Return the evidence (n_days, n_detectors) of e-values of that shape after each day; at most `caps`."""
    evidence = np.ones(values.shape[1])
    found = np.empty_like(values)
    for day, today in enumerate(values):
        evidence = np.minimum(np.maximum(evidence, 1.0) * today, caps)
        found[day] = evidence
    return found
