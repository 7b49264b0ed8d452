"""Quantiles from the errors of windows before the cutoff: split conformal, scaled by series, lead and volatility.

The shape of the errors is pooled over the series of a group and a band of leads. Their scale is that of each series;
volatility and the factor of special days are the group's. `benchmarks.calibration` compares this rule with others.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Protocol

import numpy as np

from training.calibration.past_errors import PastErrors
from training.calibration.scale import FEWEST_ERRORS, NORMAL_SCALE, bands, count_sd, error_scale, volatility
from training.frames import BoolArray, FloatArray, IndexArray

MEDIAN_LEVEL = 0.5
CARRIED_BIAS = 0.5  # the least share of last year's bias that is expected to go on
SMALL_COUNT = 30.0  # up to which quantiles of integer counts are integers
FULL_SPAN_DAYS = 350.0  # of errors, from which on no interval is widened for want of them
FEW_DAYS_WIDENING = 0.8  # of the scale, where errors of one lead's length are known
MOST_DAYS_MISSING = 0.5  # of the lead
SPECIAL_PRIOR_DAYS = 10.0  # weight of a factor of 1 in that of special days
GOLDEN_RATIO = (5**0.5 - 1) / 2  # its multiples are spread evenly between 0 and 1


class SeriesQuantiles(Protocol):
    """Quantiles of many series, made for some of them at a time: those of all may not fit into memory."""

    def of(self, positions: IndexArray) -> FloatArray:
        """Return the quantiles of the series at some positions, (horizon, n_positions, n_levels)."""
        ...


@dataclass(frozen=True)
class Tabulated:
    """Quantiles (horizon, n_series, n_levels) that are all there."""

    values: FloatArray

    def of(self, positions: IndexArray) -> FloatArray:
        """Return those of some series."""
        return self.values[:, positions]


ErrorQuantiles = Callable[[PastErrors, Sequence[float]], SeriesQuantiles]
"""Errors of a group, and levels, to what is subtracted from the means, in units of `count_sd`."""
Calibration = Callable[[FloatArray, PastErrors, Sequence[str], Sequence[float]], SeriesQuantiles]
"""Means, past errors, groups and levels to quantiles, as `fitted_quantiles` returns them."""
Widening = Callable[[PastErrors], FloatArray]
"""Errors of a group to factors of its intervals (horizon,)."""


def special_factor(past: PastErrors) -> float:
    """Return the mean size of errors on special days over that on other days, at least 1.

    Christmas is harder to forecast than other weeks. Without this factor its intervals are too narrow, and those of the
    weeks after it too wide, while volatility decays. Sizes are relative to the scale and volatility of other days. The
    factor is 1 where either kind of day has no error, and is drawn towards 1.
    """
    special = past.is_special[:, :, None]
    ordinary = np.where(special, np.nan, past.scaled)
    baseline = error_scale(ordinary)
    expected = volatility(np.abs(ordinary) / baseline, past.age_days)[:-1, :, None]
    sizes = np.abs(past.scaled) / (baseline * expected)
    known = ~np.isnan(sizes)
    on_special, on_others = sizes[known & special], sizes[known & ~special]
    if not len(on_special) or not on_others.sum():
        return 1.0
    days = len(on_special) / past.scaled.shape[2]
    ratio = float(on_special.mean() / on_others.mean())
    factor: float = (ratio * days + SPECIAL_PRIOR_DAYS) / (days + SPECIAL_PRIOR_DAYS)
    return max(1.0, factor)


@dataclass(frozen=True)
class ErrorShapes:
    """Quantiles of the errors of one group: a `scale` (horizon, n_series) times a `shape` (horizon, n_levels)."""

    scale: FloatArray
    shape: FloatArray

    def of(self, positions: IndexArray) -> FloatArray:
        """Return the quantiles of the errors of some series."""
        return np.asarray(self.scale[:, positions, None] * self.shape[:, None])


def error_quantiles(
    past: PastErrors,
    levels: Sequence[float],
    *,
    carried_bias: float = CARRIED_BIAS,
    scale_of: Callable[[FloatArray], FloatArray] = error_scale,
    volatility_of: Callable[[FloatArray, FloatArray], FloatArray] = volatility,
    factor_of: Callable[[PastErrors], float] = special_factor,
) -> ErrorShapes:
    """Return the scaled errors to subtract from the means of one group, by level.

    The quantile of a count is its mean less the opposite quantile of the error. Their shape lies half-way between that
    of the sample and its mirror image, so that half of a bias is carried on; all of it where all errors have one sign.
    With fewer than `FEWEST_ERRORS` errors their shape is normal, and without any they are those of a Poisson count.

    The parts of the rule can be replaced: the least share of a bias that is carried on, the scale of errors, their
    volatility, and the factor of special days (`special_factor`).
    """
    opposite = [1 - level for level in levels]
    known = ~np.isnan(past.scaled)
    if known.sum() < FEWEST_ERRORS:
        normal = np.array([NormalDist().inv_cdf(level) for level in opposite])
        return ErrorShapes(scale_of(past.scaled) / NORMAL_SCALE, np.tile(normal, (past.scaled.shape[1], 1)))
    factor = factor_of(past)
    errors = past.scaled / np.where(past.is_special, factor, 1.0)[:, :, None]
    baseline = scale_of(errors)
    expected = volatility_of(np.abs(errors) / baseline, past.age_days)
    shapes = errors / baseline / expected[:-1, :, None]
    scale = baseline * (expected[-1] * np.where(past.special_ahead, factor, 1.0))[:, None]
    shape = np.empty((len(baseline), len(levels)))
    for leads in bands(len(shape)):
        near = leads if known[:, leads].sum() >= FEWEST_ERRORS else slice(None)
        # Weibull's positions, p (n + 1), are those of split conformal prediction (Hyndman and Fan's definition 6).
        sample = shapes[:, near][known[:, near]]
        own, mirrored = (np.quantile(sample, at, method="weibull") for at in (opposite, levels))
        carried = max(carried_bias, abs(np.sign(sample).mean()))
        shape[leads] = own - (1 - carried) / 2 * (own + mirrored)
    return ErrorShapes(scale, shape)


def few_days_factor(past: PastErrors) -> FloatArray:
    """Return by how much to widen intervals (horizon,) whose scale rests on errors of few days; 1 without any error.

    Errors of one lead overlap: as many days as the lead hold the information of one.
    """
    leads = np.arange(1.0, past.scaled.shape[1] + 1)
    days = past.age_days[~np.isnan(past.scaled).all(axis=2)]
    if not len(days):
        return np.ones(len(leads))
    span = days.max() - days.min() + 1
    missing = np.maximum(leads / span - leads / FULL_SPAN_DAYS, 0.0)
    return np.asarray(1 + FEW_DAYS_WIDENING * np.minimum(missing, MOST_DAYS_MISSING))


@dataclass(frozen=True)
class GroupErrors:
    """The fitted errors of one group, by level and at the median, and the `widening` (horizon,) of its intervals."""

    errors: SeriesQuantiles
    widening: FloatArray

    def of(self, members: IndexArray) -> FloatArray:
        """Return the widened errors of some members, without those at the median: (horizon, n_members, n_levels)."""
        errors = self.errors.of(members)
        middle = errors[:, :, -1:]
        return np.asarray(middle + (errors[:, :, :-1] - middle) * self.widening[:, None, None])


@dataclass(frozen=True)
class FittedQuantiles:
    """Quantiles of counts around `means` (horizon, n_series), from the errors of each group.

    `group` and `member` (n_series,) are the group of each series, and its position in the group.
    """

    means: FloatArray
    by_group: Sequence[GroupErrors]
    group: IndexArray
    member: IndexArray
    n_levels: int

    def of(self, positions: IndexArray) -> FloatArray:
        """Return the quantiles of some series, increasing and not negative: (horizon, n_positions, n_levels)."""
        means = self.means[:, positions]
        found, unit = np.empty((*means.shape, self.n_levels)), count_sd(means)[:, :, None]
        for group in np.unique(self.group[positions]):
            taken = np.flatnonzero(self.group[positions] == group)
            widened = self.by_group[group].of(self.member[positions[taken]])
            values = means[:, taken, None] - widened * unit[:, taken]
            found[:, taken] = np.maximum.accumulate(np.maximum(values, 0.0), axis=-1)
        return found


def fitted_quantiles(
    means: FloatArray,
    past: PastErrors,
    groups: Sequence[str],
    levels: Sequence[float],
    rule: ErrorQuantiles = error_quantiles,
    widening: Widening = few_days_factor,
) -> FittedQuantiles:
    """Return the quantiles of counts, fitted to past errors.

    `means` (horizon, n_series), in counts. `groups` names the group of each series: series of a measure with the same
    model share the shape of their errors. `rule` and `widening` are called once for each group, in order of first
    appearance.
    """
    number = {group: i for i, group in enumerate(dict.fromkeys(groups))}
    group = np.array([number[name] for name in groups], dtype=np.intp)
    by_group, member = [], np.zeros(len(groups), dtype=np.intp)
    for i in number.values():
        members = np.flatnonzero(group == i)
        of_group = past.of(members)
        by_group.append(GroupErrors(rule(of_group, [*levels, MEDIAN_LEVEL]), widening(of_group)))
        member[members] = np.arange(len(members))
    return FittedQuantiles(means, by_group, group, member, len(levels))


def in_integer_counts(values: FloatArray, means: FloatArray, is_integer: BoolArray) -> FloatArray:
    """Return the quantiles `values` (horizon, n_series, n_levels), rounded where small integer counts are forecast.

    `means` (horizon, n_series), in counts; `is_integer` (n_series,) marks the series that count in integers.
    """
    small = is_integer & (means <= SMALL_COUNT)
    return np.asarray(np.rint(values, out=values.copy(), where=small[:, :, None]))


def continuity_jitter(days: FloatArray) -> FloatArray:
    """Return what to add to the integer counts of each day, in [-0.5, 0.5), evenly spread over days. Any shape.

    Jittered counts have a distribution without steps, and rounding a quantile of it gives the quantile of the counts.
    `days` are ordinals; a day has always the same jitter.
    """
    return np.asarray((days * GOLDEN_RATIO) % 1.0 - 0.5)
