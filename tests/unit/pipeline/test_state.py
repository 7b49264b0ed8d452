"""What a version brings along: files that hold numbers and names alone, and give the same forecasts."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from skops.io import dumps
from skops.io.exceptions import UntrustedTypesFoundException

from tests.unit.pipeline.histories import ENGLISH, LEVELS, build_system, four_sites
from training.frames import long
from training.history.known import KnownHistory, known_at_day_end
from training.models.kept import ARRAYS, PARTS, keep, kept
from training.pipeline import Forecaster
from training.pipeline.state import State, read_state

HORIZON = 7
SYSTEM = build_system(horizon_days=HORIZON)
TABLE = four_sites(200)
TRAINED, TOMORROW = (pd.Timestamp(TABLE.index[i]) for i in (-4, -1))
RECIPES = ("Weighted", "Weighted+mint", "Ridge", "PoissonRegressor", "Mean", "SeasonalNaive")


def history(table: pd.DataFrame = TABLE) -> KnownHistory:
    return known_at_day_end(long(table), SYSTEM, ENGLISH)


def recipe(name: str) -> dict[str, str]:
    return {"attendances": name, "occupancy": name}


def trained(name: str, folder: Path) -> State:
    """Of a version trained three days ago, written and read again."""
    forecaster = Forecaster(history(TABLE.loc[:TRAINED]), HORIZON)
    forecaster.forecast(recipe(name), TRAINED)
    forecaster.state(recipe(name), TRAINED).write(folder / "state")
    return read_state(folder / "state")


@pytest.mark.parametrize("name", RECIPES)
def test_with_its_state_a_version_forecasts_what_it_would_have_learnt_anew(name: str, tmp_path: Path) -> None:
    anew = Forecaster(history(), HORIZON).forecast(recipe(name), TOMORROW)
    brought = Forecaster(history(), HORIZON, state=trained(name, tmp_path)).forecast(recipe(name), TOMORROW)
    pd.testing.assert_frame_equal(brought.rows(LEVELS), anew.rows(LEVELS), check_exact=True)


@pytest.mark.parametrize("name", ["CalendarLevel", "Ridge"])
def test_what_all_series_share_is_not_fitted_again(name: str, tmp_path: Path) -> None:
    """Parts that were learnt where weekends are quiet are used where they are not: nothing is learnt in their stead."""
    own = trained(name, tmp_path / "own")
    quiet = TABLE.mul(np.where(pd.DatetimeIndex(TABLE.index).dayofweek >= 5, 0.5, 1.0), axis=0).round()
    elsewhere = Forecaster(history(quiet.loc[:TRAINED]), HORIZON)
    elsewhere.forecast(recipe(name), TRAINED)
    brought = replace(own.series, learnt=elsewhere.state(recipe(name), TRAINED).series.learnt)
    assert set(brought.learnt) == set(own.series.learnt)
    means = [
        Forecaster(history(), HORIZON, state=state).forecast(recipe(name), TOMORROW).means["A/attendances"]
        for state in (own, replace(own, series=brought))
    ]
    saturdays = pd.DatetimeIndex(means[0].index).dayofweek == 5
    assert (means[1][saturdays] < 0.8 * means[0][saturdays]).all()


def test_windows_at_which_other_series_report_by_now_are_made_again(tmp_path: Path) -> None:
    """A place that was not there when the version was trained is calibrated as if it had been."""
    state = trained("SeasonalNaive", tmp_path)
    lost = {name: {c: page.drop(columns=page.columns[0]) for c, page in made.by_cutoff.items()}
            for name, made in state.series.means.items()}  # fmt: skip
    for name, pages in lost.items():
        state.series.means[name].by_cutoff.update(pages)
    brought = Forecaster(history(), HORIZON, state=state).forecast(recipe("SeasonalNaive"), TOMORROW)
    anew = Forecaster(history(), HORIZON).forecast(recipe("SeasonalNaive"), TOMORROW)
    pd.testing.assert_frame_equal(brought.rows(LEVELS), anew.rows(LEVELS), check_exact=True)


def test_a_state_of_a_longer_horizon_serves_and_one_of_a_shorter_does_not(tmp_path: Path) -> None:
    state = trained("SeasonalNaive", tmp_path)
    for horizon in (HORIZON - 2, HORIZON + 2):
        brought = Forecaster(history(), horizon, state=state).forecast(recipe("SeasonalNaive"), TOMORROW)
        anew = Forecaster(history(), horizon).forecast(recipe("SeasonalNaive"), TOMORROW)
        pd.testing.assert_frame_equal(brought.rows(LEVELS), anew.rows(LEVELS), check_exact=True)


def test_nothing_but_known_kinds_is_written(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="a fitted part holds a set, which is not written"):
        keep({("X", "2026-01-01"): {1, 2}}, tmp_path / "learnt")


def test_a_pickle_among_the_arrays_is_refused(tmp_path: Path) -> None:
    keep({("X", "2026-01-01"): np.ones(2)}, tmp_path / "learnt")
    np.savez(tmp_path / "learnt" / ARRAYS, np.array([object()]))
    with pytest.raises(ValueError, match="allow_pickle"):
        kept(tmp_path / "learnt")


def test_a_regressor_of_a_foreign_type_is_refused(tmp_path: Path) -> None:
    """One whose reading would run code that is not ours: here a function of the standard library."""
    foreign = np.frombuffer(dumps({"call": pytest.raises}), dtype=np.uint8)
    keep({("X", "2026-01-01"): foreign}, tmp_path / "learnt")
    parts = json.loads((tmp_path / "learnt" / PARTS).read_text())
    parts[0]["part"] = {"regressor": 0}
    (tmp_path / "learnt" / PARTS).write_text(json.dumps(parts))
    with pytest.raises(UntrustedTypesFoundException):
        kept(tmp_path / "learnt")
