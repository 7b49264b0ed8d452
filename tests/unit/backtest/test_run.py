"""Forecasts at past cutoffs are the same however they are asked for."""

import pandas as pd
import pytest

from tests.unit.pipeline.histories import build_history, four_sites
from training.backtest.run import REFIT_POLICY, backtest_candidate, backtest_candidates, last_of_refit
from training.frames import forecast_columns
from training.pipeline.forecaster import Forecaster

TABLE = four_sites(200)
HISTORY = build_history(TABLE)
CUTOFFS = [pd.Timestamp(day) for day in TABLE.index[[-80, -60, -40, -20, -9]]]  # of two refit days
NAMES = ["SeasonalNaive", "Ridge"]


def fresh() -> Forecaster:
    return Forecaster(HISTORY, 7)


@pytest.fixture(scope="module")
def together() -> pd.DataFrame:
    return backtest_candidates(fresh(), CUTOFFS, NAMES, HISTORY)


@pytest.mark.parametrize("cut", [2])
def test_it_is_the_same_in_pieces_and_in_one(together: pd.DataFrame, cut: int) -> None:
    one = fresh()
    last = last_of_refit(CUTOFFS[:cut], CUTOFFS[-1])
    pieces = [
        backtest_candidates(one, CUTOFFS[:cut], NAMES, HISTORY, ahead=[last]),
        backtest_candidates(fresh(), CUTOFFS[cut:], NAMES, HISTORY),  # what an interrupted process starts anew
    ]
    order = ["candidate", "cutoff", "unique_id", "lead"]
    found, complete = (
        frame.sort_values(order, ignore_index=True) for frame in (pd.concat(pieces, ignore_index=True), together)
    )
    pd.testing.assert_frame_equal(found, complete, check_exact=True)


def test_each_candidate_is_what_the_backtest_of_it_alone_gives(together: pd.DataFrame) -> None:
    alone = {name: backtest_candidate(fresh(), CUTOFFS, name) for name in NAMES}
    assert list(together["candidate"].unique()) == list(alone)
    for name, frame in alone.items():
        found = together[together["candidate"] == name].drop(columns="candidate").reset_index(drop=True)
        assert list(found.columns) == forecast_columns(HISTORY.system.quantiles)
        pd.testing.assert_frame_equal(found, frame, check_exact=True)


@pytest.mark.parametrize(
    ("cutoff", "last", "expected"),
    [
        ("2022-02-06", "2023-01-01", "2022-04-02"),  # the day before the next refit day
        ("2022-04-02", "2023-01-01", "2022-04-02"),
        ("2022-04-03", "2023-01-01", "2022-05-28"),
        ("2022-02-06", "2022-03-01", "2022-03-01"),  # no further than the backtest goes
    ],
)
def test_a_refit_holds_for_eight_weeks(cutoff: str, last: str, expected: str) -> None:
    assert last_of_refit([pd.Timestamp(cutoff)], pd.Timestamp(last)) == pd.Timestamp(expected)


def test_the_refit_policy_says_how_often() -> None:
    assert "every 56 days" in REFIT_POLICY
