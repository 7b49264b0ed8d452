"""The suspect checks: each gives the delay after which a day's fault shows. docs/history.md has them in words."""

import numpy as np
from numpy.typing import NDArray

from publication.vocabulary import Kind
from training.frames import BoolArray, FloatArray, IntArray
from training.history.plausibility.baseline import repeat_rate
from training.history.plausibility.panel import PLACEHOLDERS, Panel

DetectionDelays = NDArray[np.int16]
"""0: on the day itself; 1: when the next day's value is known; `NOT_FLAGGED`: never. Shape (n_days, n_series)."""

NOT_FLAGGED = -1
Counts = NDArray[np.int32]
JUMP_SCALES = 4.5
JUMP_SMALLEST = 0.3  # of the logarithm: 35 % above or 26 % below the days around it
HOLIDAY_JUMP_SMALLEST = 0.5
FAR = np.log(2.0)
FAR_SCALES = 8.0
NEAR_BASELINE = 0.25  # of the logarithm: within it a value is back at its baseline
LONGEST_EXCURSION_DAYS = 6
ZERO_IS_SUSPECT_FROM = 20.0  # of the baseline: smaller places have days without a patient
REPRESENTATIVE_FROM = 5.0  # of the baseline: series that represent the system when all of them are zero
FEWEST_AT_ONCE = 2
SHARE_AT_ONCE = 0.9
CHANCE_OF_A_RUN = 1e-6
FEWEST_REPEATS = 4
LEAST_REPEAT_RATE = 0.02
PLACEHOLDER_FAR = np.log(1.5)
PLACEHOLDER_SCALES = 6.0
BEDS_FACTOR = 1.5  # escalation beds and blank rounding are real; half as many again are not
BEDS_MARGIN = 5.0
PARTS_SHARE = 0.02
PARTS_MARGIN = 2.0
PARTS_AGREE_DAYS = 28
PARTS_FEWEST_DAYS = 5
PARTS_AGREE_SHARE = 0.9
PARTIAL_AT_MOST = np.log(0.6)
PARTIAL_SCALES = 4.0


def earliest(first: DetectionDelays, second: DetectionDelays) -> DetectionDelays:
    """Return the shorter of two delays where either check finds a fault."""
    both = np.minimum(first, second)
    result: DetectionDelays = np.where(both == NOT_FLAGGED, np.maximum(first, second), both)
    return result


def flagged_by(delays: DetectionDelays, last: int) -> BoolArray:
    """Return which days up to position `last` are known by then to be faulty: shape (last + 1, n_series)."""
    until = delays[: last + 1]
    days = np.arange(len(until))[:, None]
    mask: BoolArray = (until != NOT_FLAGGED) & (days + until <= last)
    return mask


def run_positions(holds: BoolArray) -> Counts:
    """Return the position of each day (axis 0) in its run, from 1; 0 where `holds` is false."""
    day = np.arange(len(holds), dtype=np.int32)[:, None]
    last_break = np.maximum.accumulate(np.where(holds, np.int32(-1), day), axis=0)
    return np.where(holds, day - last_break, np.int32(0))


def run_days_left(holds: BoolArray) -> Counts:
    """Return the number of days that follow each day in its run; 0 where `holds` is false."""
    return np.maximum(run_positions(holds[::-1])[::-1] - 1, 0)


def spike(panel: Panel) -> DetectionDelays:
    """One day far from the days around it; a move that the other series share is no fault."""
    smallest = np.where(panel.is_holiday, HOLIDAY_JUMP_SMALLEST, JUMP_SMALLEST)
    far = np.abs(panel.jump) >= np.fmax(smallest, JUMP_SCALES * panel.scale)
    # The neighbour of a spike jumps too, but is near its own baseline.
    departs = np.abs(panel.idiosyncratic_residual) >= JUMP_SMALLEST / 2
    return _delays_where(far & departs & _away_from_both_neighbours(panel) & (panel.values != 0), 1)


def transient_shift(panel: Panel) -> DetectionDelays:
    """Some days at less than half or more than double their level, from one day to the next, and back again."""
    own, scale = panel.idiosyncratic_residual, panel.scale
    away = (np.abs(own) >= FAR) & (np.abs(own) >= FAR_SCALES * scale) & (panel.values != 0)
    near = np.abs(own) <= NEAR_BASELINE
    if not away.any():
        return _never(panel)
    position, left = run_positions(away), run_days_left(away)
    length = position + left
    entered, returned = _edges(away, near)
    found = away & (length <= LONGEST_EXCURSION_DAYS) & entered & returned
    return _delays_where(found, left + 1)


def reporting_failure(panel: Panel) -> DetectionDelays:
    """Nine in ten of the representative series are zero on the same day."""
    speak = (panel.baseline_count >= REPRESENTATIVE_FROM) & ~np.isnan(panel.values)
    zero = speak & (panel.values == 0)
    n = speak.sum(axis=1, keepdims=True)
    everywhere = (n >= FEWEST_AT_ONCE) & (zero.sum(axis=1, keepdims=True) >= SHARE_AT_ONCE * n) & ~panel.is_holiday
    return _delays_where(everywhere & (panel.values == 0), 0)


def sudden_zero(panel: Panel) -> DetectionDelays:
    """Zero where there was none for weeks. After three weeks of it the place counts as closed."""
    return _delays_where(_implausible_zero(panel), 0)


def frozen(panel: Panel) -> DetectionDelays:
    """The same value again and again, more often than chance would have it; beds, and zeros, do stand still."""
    if panel.kind is Kind.CAPACITY:
        return _never(panel)
    repeats = np.zeros(panel.values.shape, bool)
    repeats[1:] = (panel.values[1:] == panel.values[:-1]) & (panel.values[1:] > 0)
    position, left = run_positions(repeats), run_days_left(repeats)
    if (position + left).max(initial=0) < FEWEST_REPEATS:
        return _never(panel)
    rate = np.clip(repeat_rate(panel.values, panel.days[0].date()), LEAST_REPEAT_RATE, 1 - 1e-9)
    # The rate on the first day of the run: what it was before the feed froze.
    first = np.arange(len(rate))[:, None] - np.maximum(position - 1, 0)
    needed = np.maximum(np.ceil(np.log(CHANCE_OF_A_RUN) / np.log(np.take_along_axis(rate, first, axis=0))), 0)
    needed = np.maximum(np.nan_to_num(needed, nan=np.inf), FEWEST_REPEATS)
    return _delays_where(repeats & (position + left >= needed), np.maximum(needed - position, 0))


def placeholder_run(panel: Panel) -> DetectionDelays:
    """99, 999 or 9999 where the series is nowhere near: a placeholder for a count that was not known."""
    typed = np.isin(panel.values, PLACEHOLDERS)
    if not typed.any():
        return _never(panel)
    far = np.abs(panel.residual) >= np.maximum(PLACEHOLDER_FAR, PLACEHOLDER_SCALES * panel.scale)
    return _delays_where(typed & far, 0)


def above_beds(panel: Panel) -> DetectionDelays:
    """Occupancy far above the beds that are open."""
    return _delays_where((panel.beds > 0) & (panel.values > BEDS_FACTOR * panel.beds + BEDS_MARGIN), 0)


def disagreeing_total(panel: Panel) -> DetectionDelays:
    """A parent that is not the sum of its parts, though it is on most days."""
    compared = ~np.isnan(panel.values) & ~np.isnan(panel.parts)
    if not compared.any():
        return _never(panel)
    off = compared & (np.abs(panel.values - panel.parts) > np.maximum(PARTS_MARGIN, PARTS_SHARE * np.abs(panel.parts)))
    agreed, known = _n_days_before(compared & ~off), _n_days_before(compared)
    return _delays_where(off & (known >= PARTS_FEWEST_DAYS) & (agreed >= PARTS_AGREE_SHARE * known), 0)


def outside_opening_period(panel: Panel) -> DetectionDelays:
    """A count for a place that is not open yet, or no longer."""
    return _delays_where(~panel.is_open & ~np.isnan(panel.values), 0)


def partial_day(panel: Panel) -> DetectionDelays:
    """The newest day where it is far from its baseline: most often half counted. The day after it decides."""
    newest = np.zeros(panel.values.shape, bool)
    own, scale = panel.residual[-1], panel.scale[-1]
    partial = (own <= PARTIAL_AT_MOST) & (own <= -PARTIAL_SCALES * scale)
    far = (np.abs(own) >= FAR) & (np.abs(own) >= FAR_SCALES * scale)
    newest[-1] = ((partial & ~panel.is_holiday[-1]) if panel.kind is Kind.FLOW else far) | (far & (own > 0))
    return _delays_where(newest & ~np.isnan(panel.values), 0)


def _away_from_both_neighbours(panel: Panel) -> BoolArray:
    """A step up or down is away from one of them only: that is a new level. So is the day next to a spike."""
    away = np.zeros(panel.values.shape, bool)
    residual = panel.residual
    before, after = residual[1:-1] - residual[:-2], residual[1:-1] - residual[2:]
    nearer = np.minimum(np.abs(before), np.abs(after))
    away[1:-1] = (nearer >= np.abs(panel.jump[1:-1]) / 2) & (before * after > 0)
    return away


def _implausible_zero(panel: Panel) -> BoolArray:
    zero: BoolArray = (panel.values == 0) & (panel.baseline_count >= ZERO_IS_SUSPECT_FROM) & ~panel.is_holiday
    return zero


def _edges(away: BoolArray, near: BoolArray) -> tuple[BoolArray, BoolArray]:
    """Return for each day of a run whether the day before the run, and the day after it, are near the baseline."""
    day = np.arange(len(away))[:, None]
    before, after = day - run_positions(away), day + run_days_left(away) + 1
    inside = after < len(away)
    entered = (before >= 0) & np.take_along_axis(near, np.maximum(before, 0), axis=0)
    returned = inside & np.take_along_axis(near, np.minimum(after, len(away) - 1), axis=0)
    return entered, returned


def _n_days_before(holds: BoolArray) -> IntArray:
    """The number of the `PARTS_AGREE_DAYS` days before each day on which it held."""
    total = np.cumsum(holds, axis=0)
    until = np.vstack([np.zeros((1, holds.shape[1]), int), total[:-1]])
    before: IntArray = np.vstack([np.zeros((PARTS_AGREE_DAYS, holds.shape[1]), int), until])[: len(holds)]
    return until - before


def _never(panel: Panel) -> DetectionDelays:
    return np.full(panel.values.shape, NOT_FLAGGED, dtype=np.int16)


def _delays_where(found: BoolArray, after_days: NDArray[np.int32] | FloatArray | int) -> DetectionDelays:
    delays: DetectionDelays = np.where(found, after_days, NOT_FLAGGED).astype(np.int16)
    return delays
