"""The suspect checks: each gives the lags of the days that it does not believe. findings.md says them in words."""

import numpy as np
from numpy.typing import NDArray

from publication.vocabulary import Kind
from training.arrays import BoolArray, FloatArray, IntArray
from training.history.plausibility.lags import NOT_FLAGGED, Lags
from training.history.plausibility.panel import STAND_INS, Panel
from training.history.plausibility.runs import days_left, positions
from training.history.plausibility.usual import repeat_rate

JUMP_SPREADS = 4.5
JUMP_SMALLEST = 0.3  # of the logarithm: 35 % above or 26 % below the days around it
HOLIDAY_JUMP_SMALLEST = 0.5
FAR = np.log(2.0)
FAR_SPREADS = 8.0
NEAR = 0.25  # of the logarithm: what counts as back at the usual level
LONGEST_EXCURSION_DAYS = 6
ZERO_IS_ODD_FROM = 20.0  # of the usual count: smaller places have days without a patient
WHOLE_FROM = 5.0  # of the usual count: series that speak for the system when all of them are zero
FEWEST_AT_ONCE = 2
SHARE_AT_ONCE = 0.9
CHANCE_OF_A_RUN = 1e-6
FEWEST_REPEATS = 4
LEAST_REPEAT_RATE = 0.02
STAND_IN_FAR = np.log(1.5)
STAND_IN_SPREADS = 6.0
BEDS_FACTOR = 1.5  # escalation beds and blank rounding are real; half as many again are not
BEDS_MARGIN = 5.0
PARTS_SHARE = 0.02
PARTS_MARGIN = 2.0
PARTS_AGREE_DAYS = 28
PARTS_AGREE_SHARE = 0.9
PARTIAL = np.log(0.6)
PARTIAL_SPREADS = 4.0


def spike(panel: Panel) -> Lags:
    """One day far from the days around it; a move that the other series share is no fault."""
    smallest = np.where(panel.is_holiday, HOLIDAY_JUMP_SMALLEST, JUMP_SMALLEST)
    far = np.abs(panel.jump) >= np.fmax(smallest, JUMP_SPREADS * panel.spread)
    unusual = (
        np.abs(panel.idiosyncratic_residual) >= JUMP_SMALLEST / 2
    )  # the neighbour of a spike jumps, but is usual itself
    return _shows(far & unusual & _away_from_both_neighbours(panel) & (panel.values != 0), 1)


def transient_shift(panel: Panel) -> Lags:
    """Some days at less than half or more than double their level, from one day to the next, and back again."""
    own, spread = panel.idiosyncratic_residual, panel.spread
    away = (np.abs(own) >= FAR) & (np.abs(own) >= FAR_SPREADS * spread) & (panel.values != 0)
    near = np.abs(own) <= NEAR
    if not away.any():
        return _nothing(panel)
    position, left = positions(away), days_left(away)
    length = position + left
    entered, returned = _edges(away, near)
    found = away & (length <= LONGEST_EXCURSION_DAYS) & entered & returned
    return _shows(found, left + 1)


def reporting_failure(panel: Panel) -> Lags:
    """Nine in ten of the series that speak for the system are zero on the same day."""
    speak = (panel.usual_count >= WHOLE_FROM) & ~np.isnan(panel.values)
    zero = speak & (panel.values == 0)
    n = speak.sum(axis=1, keepdims=True)
    everywhere = (n >= FEWEST_AT_ONCE) & (zero.sum(axis=1, keepdims=True) >= SHARE_AT_ONCE * n) & ~panel.is_holiday
    return _shows(everywhere & (panel.values == 0), 0)


def sudden_zero(panel: Panel) -> Lags:
    """Zero where that has not been so for weeks. After three weeks of it the place counts as closed."""
    return _shows(_zero(panel), 0)


def frozen(panel: Panel) -> Lags:
    """The same value again and again, more often than chance would have it; beds, and zeros, do stand still."""
    if panel.kind is Kind.CAPACITY:
        return _nothing(panel)
    repeats = np.zeros(panel.values.shape, bool)
    repeats[1:] = (panel.values[1:] == panel.values[:-1]) & (panel.values[1:] > 0)
    position, left = positions(repeats), days_left(repeats)
    if (position + left).max(initial=0) < FEWEST_REPEATS:
        return _nothing(panel)
    rate = np.clip(repeat_rate(panel.values, panel.days[0].date()), LEAST_REPEAT_RATE, 1 - 1e-9)
    # The rate on the first day of the run: what it was before the feed froze.
    first = np.arange(len(rate))[:, None] - np.maximum(position - 1, 0)
    needed = np.maximum(np.ceil(np.log(CHANCE_OF_A_RUN) / np.log(np.take_along_axis(rate, first, axis=0))), 0)
    needed = np.maximum(np.nan_to_num(needed, nan=np.inf), FEWEST_REPEATS)
    return _shows(repeats & (position + left >= needed), np.maximum(needed - position, 0))


def placeholder_run(panel: Panel) -> Lags:
    """99, 999 or 9999 where the series is nowhere near: typed for a count that was not known."""
    typed = np.isin(panel.values, STAND_INS)
    if not typed.any():
        return _nothing(panel)
    far = np.abs(panel.departure) >= np.maximum(STAND_IN_FAR, STAND_IN_SPREADS * panel.spread)
    return _shows(typed & far, 0)


def above_beds(panel: Panel) -> Lags:
    """Occupancy far above the beds that are open."""
    return _shows((panel.beds > 0) & (panel.values > BEDS_FACTOR * panel.beds + BEDS_MARGIN), 0)


def disagreeing_total(panel: Panel) -> Lags:
    """A parent that is not the sum of its parts, though it usually is."""
    compared = ~np.isnan(panel.values) & ~np.isnan(panel.parts)
    if not compared.any():
        return _nothing(panel)
    off = compared & (np.abs(panel.values - panel.parts) > np.maximum(PARTS_MARGIN, PARTS_SHARE * np.abs(panel.parts)))
    agreed, known = _in_the_days_before(compared & ~off), _in_the_days_before(compared)
    return _shows(off & (known >= WHOLE_FROM) & (agreed >= PARTS_AGREE_SHARE * known), 0)


def outside_opening_period(panel: Panel) -> Lags:
    """A count for a place that is not open yet, or no longer."""
    return _shows(~panel.is_open & ~np.isnan(panel.values), 0)


def partial_day(panel: Panel) -> Lags:
    """The newest day where it is far from usual: most often half counted. The day after it will tell."""
    newest = np.zeros(panel.values.shape, bool)
    own, spread = panel.departure[-1], panel.spread[-1]
    partial = (own <= PARTIAL) & (own <= -PARTIAL_SPREADS * spread)
    far = (np.abs(own) >= FAR) & (np.abs(own) >= FAR_SPREADS * spread)
    newest[-1] = ((partial & ~panel.is_holiday[-1]) if panel.kind is Kind.FLOW else far) | (far & (own > 0))
    return _shows(newest & ~np.isnan(panel.values), 0)


def _away_from_both_neighbours(panel: Panel) -> BoolArray:
    """A step up or down is away from one of them only: that is a new level. So is the day next to a spike."""
    away = np.zeros(panel.values.shape, bool)
    departure = panel.departure
    before, after = departure[1:-1] - departure[:-2], departure[1:-1] - departure[2:]
    nearer = np.minimum(np.abs(before), np.abs(after))
    away[1:-1] = (nearer >= np.abs(panel.jump[1:-1]) / 2) & (before * after > 0)
    return away


def _zero(panel: Panel) -> BoolArray:
    zero: BoolArray = (panel.values == 0) & (panel.usual_count >= ZERO_IS_ODD_FROM) & ~panel.is_holiday
    return zero


def _edges(away: BoolArray, near: BoolArray) -> tuple[BoolArray, BoolArray]:
    """Whether the day before a run, and the day after it, are near the usual level; for each day of the run."""
    day = np.arange(len(away))[:, None]
    before, after = day - positions(away), day + days_left(away) + 1
    inside = after < len(away)
    entered = (before >= 0) & np.take_along_axis(near, np.maximum(before, 0), axis=0)
    returned = inside & np.take_along_axis(near, np.minimum(after, len(away) - 1), axis=0)
    return entered, returned


def _in_the_days_before(holds: BoolArray) -> IntArray:
    """On how many of the `PARTS_AGREE_DAYS` days before each day it held."""
    total = np.cumsum(holds, axis=0)
    until = np.vstack([np.zeros((1, holds.shape[1]), int), total[:-1]])
    before: IntArray = np.vstack([np.zeros((PARTS_AGREE_DAYS, holds.shape[1]), int), until])[: len(holds)]
    return until - before


def _nothing(panel: Panel) -> Lags:
    return np.full(panel.values.shape, NOT_FLAGGED, dtype=np.int16)


def _shows(found: BoolArray, after_days: NDArray[np.int32] | FloatArray | int) -> Lags:
    lags: Lags = np.where(found, after_days, NOT_FLAGGED).astype(np.int16)
    return lags
