"""Other rules than ours, of one group's errors (n_windows, horizon, n_series) or of all groups'.

Errors are forecast minus actual over the scale of a count, NaN where not known; windows are in order of time.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.calibration.past_errors import PastErrors
from training.calibration.quantiles import SeriesQuantiles, Tabulated, fitted_quantiles
from training.calibration.scale import FEWEST_ERRORS, error_scale

Values = NDArray[np.float64]
NEAR_LEADS = 3
FEWEST_OF_SERIES = 12
FIRST_WINDOWS = 20  # that quantile tracking begins from


class StaticSplit:
    """Split conformal by group and lead, calibrated where a group is first met and never again."""

    def __init__(self) -> None:
        self._calibrated: dict[str, Values] = {}

    def __call__(
        self, means: Values, past: PastErrors, groups: Sequence[str], levels: Sequence[float]
    ) -> SeriesQuantiles:
        met = iter(dict.fromkeys(groups))

        def rule(of_group: PastErrors, at: Sequence[float]) -> Tabulated:
            return Tabulated(self._of(next(met), of_group.scaled, at))

        return fitted_quantiles(means, past, groups, levels, rule)

    def _of(self, group: str, errors: Values, levels: Sequence[float]) -> Values:
        if group not in self._calibrated:
            self._calibrated[group] = np.stack([_conformal(errors[:, near], levels) for near in _near(errors.shape[1])])
        return np.repeat(self._calibrated[group][:, None], errors.shape[2], axis=1)


def rolling(past: PastErrors, levels: Sequence[float], days: float = np.inf) -> Tabulated:
    """Split conformal by series and neighbouring leads, from errors that became known in the newest days."""
    errors = np.where((past.age_days < days)[:, :, None], past.scaled, np.nan)
    _, horizon, n_series = errors.shape
    found = np.empty((horizon, n_series, len(levels)))
    for lead, near in enumerate(_near(horizon)):
        of_all = _conformal(errors[:, near], levels)
        for series in range(n_series):
            own = errors[:, near, series]
            enough = np.count_nonzero(~np.isnan(own)) >= FEWEST_OF_SERIES
            found[lead, series] = _conformal(own, levels) if enough else of_all
    return Tabulated(found)


def tracked(past: PastErrors, levels: Sequence[float], step: float) -> Tabulated:
    """Quantile tracking (Angelopoulos, Candes and Tibshirani 2023) by series and lead, in units of their scale.

    From the quantiles of the first windows, each error as it becomes known moves its quantiles by a step.
    """
    scale = error_scale(past.scaled)
    shapes = past.scaled / scale
    upside_down = 1 - np.asarray(levels)
    _, horizon, n_series = past.scaled.shape
    first = np.stack([_conformal(shapes[:FIRST_WINDOWS, near], levels) for near in _near(horizon)])
    track = np.repeat(first[:, None], n_series, axis=1)
    for shape in shapes[FIRST_WINDOWS:]:
        moved = track + step * (upside_down - (shape[:, :, None] <= track))
        track = np.where(np.isnan(shape)[:, :, None], track, moved)
    return Tabulated(track * scale[:, :, None])


def _near(horizon: int) -> list[slice]:
    """Of each lead, those at most three days away."""
    return [slice(max(lead - NEAR_LEADS, 0), lead + NEAR_LEADS + 1) for lead in range(horizon)]


def _conformal(errors: Values, levels: Sequence[float]) -> Values:
    """The (n + 1) quantiles of the known errors; those of a normal count where there are too few."""
    known = errors[~np.isnan(errors)]
    if len(known) < min(FEWEST_ERRORS, FEWEST_OF_SERIES):
        known = np.random.default_rng(0).normal(size=1000)
    return np.quantile(known, [1 - level for level in levels], method="weibull")
