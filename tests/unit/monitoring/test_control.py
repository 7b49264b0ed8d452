"""States of control: who is named, since when, how large, and when a signal ends."""

from collections.abc import Callable
from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from publication.control import ControlCheck, ControlState, Signal, sentence
from tests.builders import QUANTILES
from tests.unit.pipeline.histories import build_system
from training.frames import FloatArray
from training.monitoring.control import control_states

PLACES = ("A", "B", "C", "D")
SYSTEM = build_system({"T": "north", **dict.fromkeys(PLACES, "T")})
N_DAYS, CHANGE = 91, 40
DAYS = pd.date_range("2026-01-01", periods=N_DAYS, name="ds")


def rows(
    change: Callable[[FloatArray], FloatArray] = lambda scores: scores, days: slice = slice(CHANGE, None)
) -> pd.DataFrame:
    """Occupancy of four independent places and of the system: standard normal scores, changed on some days."""
    scores = np.random.default_rng(11).standard_normal((N_DAYS, len(PLACES)))
    scores[days] = change(scores[days])
    table = {f"{place}/occupancy": scores[:, i] for i, place in enumerate(PLACES)}
    table["north/occupancy"] = scores.sum(axis=1) / np.sqrt(len(PLACES))
    parts = [
        pd.DataFrame(
            {
                "unique_id": unique_id,
                "ds": DAYS,
                "y": 100 + 10 * of,
                "pit": norm.cdf(of),
                "bias": -10 * of,
                "last_week_mae": 15.0,
                "mae_vs_last_week": np.abs(10 * of),
            }
        )
        for unique_id, of in table.items()
    ]
    return pd.concat(parts, ignore_index=True)


def states(table: pd.DataFrame) -> dict[ControlCheck, ControlState]:
    return {state.check: state for state in control_states(table, SYSTEM, QUANTILES)}


def signal_of(table: pd.DataFrame, check: ControlCheck) -> Signal:
    found = states(table)[check].signal
    assert found is not None
    return found


def test_forecasts_that_keep_their_promise_give_no_signal() -> None:
    found = states(rows())
    assert set(found) == {ControlCheck.BIAS, ControlCheck.COVERAGE, ControlCheck.SKILL}
    assert {(state.measure, state.n_days, state.signal) for state in found.values()} == {("occupancy", N_DAYS, None)}
    assert all(state.evidence is not None and state.evidence < 1 for state in found.values())


def test_a_common_bias_is_that_of_the_system() -> None:
    signal = signal_of(rows(lambda scores: scores + 1.5), ControlCheck.BIAS)
    assert signal.unique_id == "north/occupancy"
    assert abs((signal.since - DAYS[CHANGE].date()).days) <= 3
    assert signal.since <= signal.found <= DAYS[CHANGE + 10].date()
    assert signal.size == pytest.approx(-0.19, abs=0.06), "15 of 100 to 130: the forecast is too low, so it is negative"
    assert signal.expected == 0.0


def one_place(scores: FloatArray) -> FloatArray:
    shifted: FloatArray = scores - np.array([0.0, 0.0, 3.0, 0.0])
    return shifted


def test_the_bias_of_one_place_has_its_name() -> None:
    signal = signal_of(rows(one_place), ControlCheck.BIAS)
    assert signal.unique_id == "C/occupancy"
    assert signal.size > 0.2, "counts of 70 where 100 are forecast"


@pytest.mark.parametrize(
    ("factor", "is_narrow", "held"),
    [(1.7, True, 2 * norm.cdf(1.2816 / 1.7) - 1), (0.5, False, 2 * norm.cdf(1.2816 / 0.5) - 1)],
)
def test_intervals_that_hold_too_little_or_too_much_are_those_of_all_places(
    factor: float, is_narrow: bool, held: float
) -> None:
    signal = signal_of(rows(lambda scores: factor * scores, slice(10, None)), ControlCheck.COVERAGE)
    assert signal.unique_id is None
    assert signal.expected == 0.8
    assert signal.size == pytest.approx(held, abs=0.1)
    assert (signal.size < signal.expected) == is_narrow


def test_forecasts_that_are_worse_than_last_week_have_lost_their_skill() -> None:
    table = rows()
    table["mae_vs_last_week"] = np.where(table["ds"] >= DAYS[CHANGE], 30.0, 8.0)
    signal = signal_of(table, ControlCheck.SKILL)
    assert (signal.unique_id, signal.expected) == (None, 0.0)
    assert signal.size == pytest.approx(1 - 30 / 15)
    assert signal.since == DAYS[CHANGE].date()


def test_a_signal_ends_some_days_after_the_change_is_over() -> None:
    changed = rows(lambda scores: scores + 2.0, slice(20, 40))
    until = {day: states(changed[changed["ds"] <= DAYS[day]])[ControlCheck.BIAS].signal for day in (19, 30, 39, 75)}
    assert [signal is not None for signal in until.values()] == [False, True, True, False]


def test_days_without_an_actual_change_nothing() -> None:
    """A series that has none on half of its days counts as on the others alone, and none is needed at all."""
    table = rows(lambda scores: scores + 1.5)
    missing = table["ds"].isin(DAYS[45:60])
    signal = signal_of(table[~missing], ControlCheck.BIAS)
    assert signal.found <= DAYS[60].date()
    nothing = table.assign(pit=np.nan, y=np.nan, bias=np.nan, mae_vs_last_week=np.nan, last_week_mae=np.nan)
    assert {state.signal for state in states(nothing).values()} == {None}


def test_a_system_of_one_series_is_controlled_too() -> None:
    table = rows(lambda scores: scores + 1.5)
    assert signal_of(table[table["unique_id"] == "A/occupancy"], ControlCheck.BIAS).unique_id == "A/occupancy"


@pytest.mark.parametrize(
    ("check", "signal", "expected"),
    [
        (
            ControlCheck.BIAS,
            Signal("A/occupancy", date(2026, 2, 1), date(2026, 2, 5), -0.031, 0.0),
            (
                "Forecasts of occupancy one day ahead are too low, by 3.1% of the actual "
                "(A/occupancy; since 2026-02-01, found on 2026-02-05)."
            ),
        ),
        (
            ControlCheck.COVERAGE,
            Signal(None, date(2026, 2, 1), date(2026, 2, 5), 0.61, 0.8),
            (
                "Intervals of occupancy one day ahead are too narrow: that of 80% has held 61% of actuals "
                "(all places together; since 2026-02-01, found on 2026-02-05)."
            ),
        ),
    ],
)
def test_a_signal_is_a_sentence(check: ControlCheck, signal: Signal, expected: str) -> None:
    assert sentence(ControlState("occupancy", check, 91, 2.0, signal)) == expected


def test_no_signal_is_no_sentence() -> None:
    assert sentence(ControlState("occupancy", ControlCheck.BIAS, 91, 0.1)) == ""
