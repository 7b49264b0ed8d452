"""Statistical control: forecasts against what they promise, and inputs against those of the champion's training."""

from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import NamedTuple


class ControlCheck(StrEnum):
    """The checks of a measure. The first three are of its forecasts, the others of its inputs.

    `bias`, `coverage`, `skill`: sequential tests of forecasts one day ahead. `level`, `weekdays`, `scale`, `missing`,
    `delay`: the last four weeks against those before the champion was trained.
    """

    BIAS = "bias"
    COVERAGE = "coverage"
    SKILL = "skill"
    LEVEL = "level"
    WEEKDAYS = "weekdays"
    SCALE = "scale"
    MISSING = "missing"
    DELAY = "delay"

    @property
    def is_of_inputs(self) -> bool:
        """Return whether it compares inputs with the champion's training; else it tests forecasts."""
        return self not in (ControlCheck.BIAS, ControlCheck.COVERAGE, ControlCheck.SKILL)


class Signal(NamedTuple):
    """A change that a check has found.

    `unique_id` is the series that shows it most; None: all places together. `since` is the day on which it is likely to
    have begun, `found` the first one on which its evidence passed the limit. `size` and `expected` are in the unit of
    the check: bias as a share of the mean actual (forecast minus actual), coverage and missing days as shares, skill as
    1 - MAE / MAE of seasonal naive, level, weekdays and scale as ratios to the time before, delay in days.
    """

    unique_id: str | None
    since: date
    found: date
    size: float
    expected: float


class ControlState(NamedTuple):
    """The state of one check of one measure, over the `n_days` that the current champion has published for.

    `evidence` is a share of the limit: a signal begins when it reaches 1. None where there is too little to check.
    """

    measure: str
    check: ControlCheck
    n_days: int
    evidence: float | None
    signal: Signal | None = None


def sentence(state: ControlState) -> str:
    """Return a signal in words; an empty text where there is none."""
    if state.signal is None:
        return ""
    signal = state.signal
    where = "all places together" if signal.unique_id is None else signal.unique_id
    said = _SENTENCES[state.check](state.measure, signal)
    return f"{said} ({where}; since {signal.since}, found on {signal.found})."


def _bias(measure: str, signal: Signal) -> str:
    side = "high" if signal.size > 0 else "low"
    return f"Forecasts of {measure} one day ahead are too {side}, by {abs(signal.size):.1%} of the actual"


def _coverage(measure: str, signal: Signal) -> str:
    side = "narrow" if signal.size < signal.expected else "wide"
    held = f"that of {signal.expected:.0%} has held {signal.size:.0%} of actuals"
    return f"Intervals of {measure} one day ahead are too {side}: {held}"


def _skill(measure: str, signal: Signal) -> str:
    return (
        f"Forecasts of {measure} one day ahead are no better than same as last week: their skill is {signal.size:.0%}"
    )


def _level(measure: str, signal: Signal) -> str:
    return f"The level of {measure} is {signal.size:.2f} times that before the champion's training, season aside"


def _weekdays(measure: str, signal: Signal) -> str:
    return f"A weekday's share of {measure} is {signal.size:.2f} times that before the champion's training"


def _scale(measure: str, signal: Signal) -> str:
    return f"{measure.capitalize()} vary {signal.size:.1f} times as much as before the champion's training"


def _missing(measure: str, signal: Signal) -> str:
    return (
        f"{signal.size:.0%} of the days of {measure} are missing, {signal.expected:.0%} before the champion's training"
    )


def _delay(measure: str, signal: Signal) -> str:
    before = f"{signal.expected:.1f} before the champion's training"
    return f"Values of {measure} miss their publication by {signal.size:.1f} days, {before}"


_SENTENCES: Mapping[ControlCheck, Callable[[str, Signal], str]] = {
    ControlCheck.BIAS: _bias,
    ControlCheck.COVERAGE: _coverage,
    ControlCheck.SKILL: _skill,
    ControlCheck.LEVEL: _level,
    ControlCheck.WEEKDAYS: _weekdays,
    ControlCheck.SCALE: _scale,
    ControlCheck.MISSING: _missing,
    ControlCheck.DELAY: _delay,
}
