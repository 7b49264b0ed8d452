"""Statistical control of issued forecasts: by measure, whether they still keep what they promise one day ahead.

Only lead 1 is tested: its errors follow each other without overlap, as the tests require.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from publication.control import ControlCheck, ControlState, Signal
from publication.model import System
from publication.vocabulary import series_key
from training.frames import FloatArray
from training.history.hierarchy import bottom_series
from training.monitoring.sequential import (
    CAP,
    Direction,
    detectors,
    e_values,
    e_values_of_bins,
    pooled_e_values,
    skill_e_values,
)

DAYS_A_YEAR = 365
ALARMS_A_YEAR = {
    Direction.TOO_LOW: 0.1,
    Direction.TOO_HIGH: 0.1,
    Direction.TOO_NARROW: 0.3,
    Direction.TOO_WIDE: 0.1,
}
SKILL_ALARMS_A_YEAR = 0.1
"""The most false alarms of each test and measure, on average. The rest of one a year is left to drift."""


@dataclass(frozen=True)
class EvidenceWeights:
    """Shares of the evidence: the system's own series, all bottom series together, and the rest evenly over series.

    The distribution of the system's series says how places depend on each other, so it shows a common bias first. An
    error of intervals shows in many places, a little in each.
    """

    system: float
    pool: float


WEIGHTS = {ControlCheck.BIAS: EvidenceWeights(0.3, 0.3), ControlCheck.COVERAGE: EvidenceWeights(0.15, 0.7)}
DIRECTIONS = {
    ControlCheck.BIAS: (Direction.TOO_LOW, Direction.TOO_HIGH),
    ControlCheck.COVERAGE: (Direction.TOO_NARROW, Direction.TOO_WIDE),
}
ENDED_BELOW = 0.5
"""A signal ends when its evidence has fallen to this share of the limit."""
COVERAGE = 0.8
"""The central interval that a signal of coverage is described by."""


CONTROL_COLUMNS = ("unique_id", "ds", "y", "pit", "bias", "last_week_mae", "mae_vs_last_week")
"""Columns of `row_losses` that the tests read."""


@dataclass(frozen=True)
class LeadOne:
    """The forecasts of one measure, one day ahead: wide frames by target day, with a column for each series."""

    system_id: str
    bottom: tuple[str, ...]
    pits: pd.DataFrame
    errors: pd.DataFrame
    actuals: pd.DataFrame
    absolute: pd.DataFrame
    """Absolute errors where seasonal naive has one."""
    baseline: pd.DataFrame
    """Absolute errors of seasonal naive."""


@dataclass(frozen=True)
class DirectionEvidence:
    """Evidence of one direction after each day, (n_days, n_parts), the weight of each part, and its series.

    EvidenceWeights are shares of the limit: a signal begins where their sum of evidence reaches 1.
    """

    parts: FloatArray
    weights: FloatArray
    series: tuple[str | None, ...]

    @property
    def total(self) -> FloatArray:
        """Return the evidence after each day as a share of the limit, (n_days,)."""
        total: FloatArray = self.parts @ self.weights
        return total


def control_states(rows: pd.DataFrame, system: System, levels: Sequence[float]) -> tuple[ControlState, ...]:
    """Return the state of bias, coverage and skill of each measure.

    `rows` are forecasts of lead 1 of one champion, with `CONTROL_COLUMNS`. A day without an actual changes nothing.
    """
    measures = rows["unique_id"].map({i: series_key(i).measure for i in rows["unique_id"].unique()})
    return tuple(
        state
        for measure in system.measures
        if (measures == measure.name).any()
        for state in _states(measure.name, _lead_one(rows[measures == measure.name], system, measure.name), levels)
    )


def _lead_one(rows: pd.DataFrame, system: System, measure: str) -> LeadOne:
    """Return the forecasts of a measure in order of their days."""

    def table(column: str) -> pd.DataFrame:
        return rows.pivot(index="ds", columns="unique_id", values=column).astype(float).sort_index()

    pits = table("pit")
    return LeadOne(
        system_id=f"{system.name}/{measure}",
        bottom=tuple(bottom_series(system, pits.columns)),
        pits=pits,
        errors=table("bias"),
        actuals=table("y"),
        absolute=table("mae_vs_last_week"),
        baseline=table("last_week_mae"),
    )


def _states(measure: str, of: LeadOne, levels: Sequence[float]) -> Iterator[ControlState]:
    for check, directions in DIRECTIONS.items():
        evidence = [_of_direction(of, direction, levels, WEIGHTS[check]) for direction in directions]
        yield _state(measure, check, of, evidence)
    yield _state(measure, ControlCheck.SKILL, of, [_of_skill(of)])


def _of_direction(
    of: LeadOne, direction: Direction, levels: Sequence[float], weights: EvidenceWeights
) -> DirectionEvidence:
    """Return the evidence of every series, and of the bottom series together."""
    series, limit = list(of.pits.columns), DAYS_A_YEAR / ALARMS_A_YEAR[direction]
    values = e_values(of.pits.to_numpy(), direction, levels)
    n_days, _, n_alternatives = values.shape
    bottom = [series.index(unique_id) for unique_id in of.bottom]
    pooled = pooled_e_values(values[:, bottom], e_values_of_bins(direction, tuple(levels)).min(axis=0))
    single = _series_weights(series, of.system_id, weights)
    shares = [*np.repeat(single / n_alternatives, n_alternatives), *_evenly(weights.pool, pooled.shape[1])]
    return _evidence(
        np.concatenate([values.reshape(n_days, -1), pooled], axis=1),
        np.array(shares) / sum(shares),
        [*(unique_id for unique_id in series for _ in range(n_alternatives)), *([None] * pooled.shape[1])],
        limit,
    )


def _series_weights(series: Sequence[str], system_id: str, weights: EvidenceWeights) -> FloatArray:
    others = max(len(series) - (system_id in series), 1)
    single = (1 - weights.pool - weights.system) / others
    return np.array([weights.system if unique_id == system_id else single for unique_id in series])


def _evenly(share: float, n: int) -> list[float]:
    return [share / n] * n


def _of_skill(of: LeadOne) -> DirectionEvidence:
    bottom = list(of.bottom)
    losses, baseline = (table[bottom].sum(axis=1, min_count=1).to_numpy() for table in (of.absolute, of.baseline))
    values = skill_e_values(losses, baseline)
    n_bets = values.shape[1]
    return _evidence(values, np.array(_evenly(1.0, n_bets)), [None] * n_bets, DAYS_A_YEAR / SKILL_ALARMS_A_YEAR)


def _evidence(values: FloatArray, weights: FloatArray, parts: Sequence[str | None], limit: float) -> DirectionEvidence:
    shares = weights / limit
    return DirectionEvidence(detectors(values, CAP / shares), shares, tuple(parts))


def _state(measure: str, check: ControlCheck, of: LeadOne, evidence: Sequence[DirectionEvidence]) -> ControlState:
    """Return the state of a check by that of its directions that has most evidence now."""
    most = max(evidence, key=lambda direction: (_found(direction.total) is not None, direction.total[-1]))
    found = _found(most.total)
    signal = None if found is None else _signal(check, of, most, found)
    return ControlState(measure, check, len(of.pits), float(most.total[-1]), signal)


def _found(total: FloatArray) -> int | None:
    """Return the day on which the signal that has not ended began; None where there is none."""
    ended = np.flatnonzero(total < ENDED_BELOW)
    first = int(ended[-1]) + 1 if len(ended) else 0
    reached = np.flatnonzero(total[first:] >= 1.0)
    return first + int(reached[0]) if len(reached) else None


def _signal(check: ControlCheck, of: LeadOne, evidence: DirectionEvidence, found: int) -> Signal:
    strongest = int((evidence.parts[found] * evidence.weights).argmax())
    unique_id = evidence.series[strongest]
    since = _since(evidence.parts[:found, strongest])
    days = slice(since, None)
    columns = list(of.bottom) if unique_id is None else [unique_id]
    size, expected = _size(check, of, days, columns)
    return Signal(unique_id, of.pits.index[since].date(), of.pits.index[found].date(), size, expected)


def _since(evidence: FloatArray) -> int:
    """Return the day after the last one on which nothing spoke for an earlier change."""
    restarts = np.flatnonzero(evidence <= 1.0)
    return int(restarts[-1]) + 1 if len(restarts) else 0


def _size(check: ControlCheck, of: LeadOne, days: slice, columns: Sequence[str]) -> tuple[float, float]:
    """Return the size of the change since it began, and the promised value."""

    def sum_of(table: pd.DataFrame) -> float:
        return float(np.nansum(table.iloc[days][list(columns)].to_numpy()))

    if check is ControlCheck.BIAS:
        return sum_of(of.errors) / max(sum_of(of.actuals), 1.0), 0.0
    if check is ControlCheck.COVERAGE:
        pits = of.pits.iloc[days][list(columns)].to_numpy()
        inside = np.abs(pits[~np.isnan(pits)] - 0.5) <= COVERAGE / 2
        return float(inside.mean()), COVERAGE
    return 1 - sum_of(of.absolute) / sum_of(of.baseline), 0.0
