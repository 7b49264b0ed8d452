"""Drift of inputs: each kind of change is found by its own check, in the series that has it."""

from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from publication.control import ControlCheck, ControlState
from tests.unit.pipeline.histories import build_system
from training.frames import FloatArray, long
from training.history.point_in_time import PointInTimeHistory, known_at_day_end
from training.monitoring.drift import DRIFT_ALARMS_A_YEAR, alarm_limit, drift_states, inputs_of

SYSTEM = build_system({"A": "north", "B": "north"})
DAYS = pd.date_range(end="2026-03-31", periods=1000, freq="D", name="ds")
TRAINED = pd.Timestamp("2026-03-03")
SINCE = np.asarray(DAYS > TRAINED)
WEEKLY = 1 + 0.2 * np.cos(2 * np.pi * np.arange(len(DAYS)) / 7)


def counts(seed: int, level: float) -> FloatArray:
    """Poisson counts with a week and a year."""
    season = 1 + 0.1 * np.cos(2 * np.pi * np.arange(len(DAYS)) / 365)
    return np.random.default_rng(seed).poisson(level * WEEKLY * season).astype(float)


def history(change: Callable[[FloatArray], FloatArray] = lambda values: values) -> PointInTimeHistory:
    """Two places, of which B changes."""
    table = pd.DataFrame({"A/attendances": counts(1, 200), "B/attendances": change(counts(2, 150))}, DAYS)
    return known_at_day_end(long(table), SYSTEM)


def states(of: PointInTimeHistory, trained: pd.Timestamp = TRAINED) -> dict[ControlCheck, ControlState]:
    found = drift_states(inputs_of(of, DAYS[-1]), trained, SYSTEM)
    assert {state.measure for state in found} == {"attendances"}
    return {state.check: state for state in found}


def signals(of: PointInTimeHistory) -> set[ControlCheck]:
    return {check for check, state in states(of).items() if state.signal is not None}


def raised(values: FloatArray) -> FloatArray:
    return np.where(SINCE, np.round(1.15 * values), values)


def without_its_week(values: FloatArray) -> FloatArray:
    return np.where(SINCE, np.round(values / WEEKLY), values)


def noisy(values: FloatArray) -> FloatArray:
    swing = np.where(np.arange(len(DAYS)) // 7 % 2 == 0, 1.3, 0.7)
    return np.where(SINCE, np.round(values * swing), values)


def gappy(values: FloatArray) -> FloatArray:
    return np.where(SINCE & (np.arange(len(DAYS)) % 3 == 0), np.nan, values)


@pytest.mark.parametrize(
    ("change", "expected", "size"),
    [
        (raised, ControlCheck.LEVEL, 1.15),
        (without_its_week, ControlCheck.WEEKDAYS, None),
        (noisy, ControlCheck.SCALE, None),
        (gappy, ControlCheck.MISSING, 10 / 28),
    ],
    ids=["15 % more", "no weekdays", "up and down from week to week", "each third day missing"],
)
def test_each_change_is_found_by_its_check_in_its_series(
    change: Callable[[FloatArray], FloatArray], expected: ControlCheck, size: float | None
) -> None:
    found = states(history(change))[expected]
    assert found.signal is not None
    assert found.evidence is not None
    assert found.evidence >= 1
    assert found.signal.unique_id == "B/attendances"
    assert found.signal.since == date(2026, 3, 4), "the first of the four weeks that are compared"
    assert found.signal.found <= date(2026, 3, 31)
    if size is not None:
        assert found.signal.size == pytest.approx(size, rel=0.05)


def test_counts_that_go_on_as_before_give_no_signal() -> None:
    assert signals(history()) == set()


def test_a_level_that_the_season_raises_is_no_drift() -> None:
    """From November to January the level rises by a tenth each year."""
    in_winter = pd.Timestamp("2026-01-10")
    found = drift_states(inputs_of(history(), in_winter), pd.Timestamp("2025-12-13"), SYSTEM)
    assert all(state.signal is None for state in found)


def test_a_change_before_the_training_is_no_drift() -> None:
    """The champion was trained on it."""
    earlier = np.asarray(pd.Timestamp("2024-12-01") < DAYS)
    assert signals(history(lambda values: np.where(earlier, np.round(1.15 * values), values))) == set()


def test_values_that_begin_to_come_two_days_late_are_found_by_their_delay() -> None:
    base = history()
    table = long(base.latest)
    known_at = table["ds"].dt.tz_localize("Europe/London") + pd.Timedelta(days=1, hours=5)
    late = (table["ds"] > TRAINED) & (table["unique_id"] == "B/attendances")
    versions = table.assign(known_at=known_at.where(~late, known_at + pd.Timedelta(days=2)))
    newest = versions["known_at"] <= pd.Timestamp("2026-04-01 06:00", tz="Europe/London")
    found = states(PointInTimeHistory(versions[newest], SYSTEM))[ControlCheck.DELAY]
    assert found.signal is not None
    assert found.signal.unique_id == "B/attendances"
    assert found.signal.size == pytest.approx(2.0)
    assert found.signal.expected == 0.0


@pytest.mark.parametrize(
    ("trained", "n_days"), [("2026-03-20", 11), ("2026-03-31", 0), ("2023-07-10", 28)]
)  # 1,000 days end on 31 March 2026, so the last one is a week after the first day
def test_too_little_to_compare_is_no_evidence(trained: str, n_days: int) -> None:
    found = states(history(raised), pd.Timestamp(trained))
    assert {(state.n_days, state.evidence, state.signal) for state in found.values()} == {(n_days, None, None)}


def test_a_limit_is_exceeded_as_often_as_is_allowed() -> None:
    """Of 26 sides and windows of each of eight statistics in a year, by the distribution that the limit assumes."""
    assert 26 * 8 * student.sf(alarm_limit(8, 6), 6) == pytest.approx(DRIFT_ALARMS_A_YEAR)
