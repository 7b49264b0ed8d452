"""Saved state of a version: files with numbers and names alone, which give the same forecasts."""

import json
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import pytest
from skops.io import dumps
from skops.io.exceptions import UntrustedTypesFoundException

from tests.unit.pipeline.histories import ENGLISH, LEVELS, build_system, counts, four_sites
from training.frames import long
from training.history.point_in_time import PointInTimeHistory, known_at_day_end
from training.models.candidate import Candidate, ForecastRequest, Means, Scope
from training.models.catalogue import CATALOGUE
from training.pipeline.forecaster import Forecaster
from training.pipeline.saved_means import read_means, write_means
from training.pipeline.state import ARRAYS, PARTS, PipelineState, load_fitted, read_state, save_fitted

HORIZON = 7
SYSTEM = build_system(horizon_days=HORIZON)
TABLE = four_sites(200)
TRAINED, TOMORROW = (pd.Timestamp(TABLE.index[i]) for i in (-4, -1))
RECIPES = ("Weighted", "Ridge", "PoissonRegressor", "Mean", "SeasonalNaive")


def history(table: pd.DataFrame = TABLE) -> PointInTimeHistory:
    return known_at_day_end(long(table), SYSTEM, ENGLISH)


def recipe(name: str) -> dict[str, str]:
    return {"attendances": name, "occupancy": name}


def trained(name: str, folder: Path) -> PipelineState:
    """Of a version trained three days ago, written and read again."""
    forecaster = Forecaster(history(TABLE.loc[:TRAINED]), HORIZON)
    forecaster.forecast(recipe(name), TRAINED)
    forecaster.state(recipe(name), TRAINED).write(folder / "state")
    return read_state(folder / "state")


@pytest.mark.parametrize("name", RECIPES)
def test_with_its_state_a_version_forecasts_as_if_fitted_anew(name: str, tmp_path: Path) -> None:
    anew = Forecaster(history(), HORIZON).forecast(recipe(name), TOMORROW)
    brought = Forecaster(history(), HORIZON, state=trained(name, tmp_path)).forecast(recipe(name), TOMORROW)
    pd.testing.assert_frame_equal(brought.rows(LEVELS), anew.rows(LEVELS), check_exact=True)


class Counting:
    """A candidate that counts the cutoffs and series that it is asked for, and passes them on."""

    scope = Scope.SERIES

    def __init__(self, name: str) -> None:
        self._inner = cast(Candidate, CATALOGUE[name])
        self.requested: set[tuple[pd.Timestamp, str]] = set()

    def forecast(self, request: ForecastRequest) -> Means:
        self.requested |= {
            (c, str(i)) for c in request.cutoffs for i in request.history.as_of(c).columns if request.needs(str(i))
        }
        return self._inner.forecast(request)


def test_what_did_not_change_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of yesterday's version only the windows of new days are made; of a revised series those of its measure."""
    state = trained("SeasonalNaive", tmp_path)
    revised = TABLE.copy()
    revised.loc[TABLE.index[-60], "C/attendances"] = 33.0
    attendances = {str(i) for i in TABLE if str(i).endswith("/attendances")}
    for table, expected in ((TABLE, set()), (revised, attendances)):
        counting = Counting("SeasonalNaive")
        monkeypatch.setitem(CATALOGUE, "SeasonalNaive", counting)
        Forecaster(history(table), HORIZON, state=state).forecast(recipe("SeasonalNaive"), TOMORROW)
        monkeypatch.undo()
        assert {i for c, i in counting.requested if c < TRAINED} == expected
        assert (TOMORROW, "A/attendances") in counting.requested


def late_days() -> pd.DataFrame:
    """Twenty days of A that were missing when a version was trained have arrived, at twice its level."""
    arrived = TABLE.copy()
    arrived.iloc[-24:-4, list(TABLE.columns).index("A/attendances")] = counts(20, 80, 7).to_numpy()
    return arrived


EXPECTED_OF_ARRIVED = {"Weighted": 55.0, "CalendarLevel": 55.0, "Ridge": 50.0, "SeasonalNaive": 75.0}


@pytest.mark.parametrize("name", EXPECTED_OF_ARRIVED)
def test_days_that_arrive_after_training_count_from_their_arrival(name: str) -> None:
    before = late_days()
    before.iloc[-24:-4, list(TABLE.columns).index("A/attendances")] = np.nan
    forecaster = Forecaster(history(before.loc[:TRAINED]), HORIZON)
    forecaster.forecast(recipe(name), TRAINED)
    state = forecaster.state(recipe(name), TRAINED)
    inside = pd.Timestamp(TABLE.index[-9])
    saved = Forecaster(history(late_days()), HORIZON, state=state).forecast(recipe(name), inside)
    anew = Forecaster(history(late_days()), HORIZON).forecast(recipe(name), inside)
    pd.testing.assert_frame_equal(saved.rows(LEVELS), anew.rows(LEVELS), rtol=1e-6)
    blind = forecaster.forecast(recipe(name), inside).means["A/attendances"].mean()
    assert blind < 45.0
    assert saved.means["A/attendances"].mean() > EXPECTED_OF_ARRIVED[name]


@pytest.mark.parametrize("horizon", [HORIZON - 2, HORIZON + 2])
def test_a_state_of_another_horizon_is_made_again(horizon: int, tmp_path: Path) -> None:
    state = trained("SeasonalNaive", tmp_path)
    saved = Forecaster(history(), horizon, state=state).forecast(recipe("SeasonalNaive"), TOMORROW)
    anew = Forecaster(history(), horizon).forecast(recipe("SeasonalNaive"), TOMORROW)
    pd.testing.assert_frame_equal(saved.rows(LEVELS), anew.rows(LEVELS), check_exact=True)


def test_a_series_that_failed_says_why_when_its_state_is_read_again(tmp_path: Path) -> None:
    young = TABLE.copy()
    young.loc[young.index[:-12], "B/attendances"] = np.nan
    forecaster = Forecaster(history(young), HORIZON)
    forecaster.forecast(recipe("Ridge"), TRAINED)
    forecaster.prepare(["Ridge"], [TRAINED])
    means = forecaster._means.state(["Ridge"], [TRAINED], []).means
    write_means(means, tmp_path / "first.parquet")
    write_means(read_means(tmp_path / "first.parquet"), tmp_path / "again.parquet")
    first, again = (pd.read_parquet(tmp_path / name) for name in ("first.parquet", "again.parquet"))
    assert again.equals(first)
    assert again.query("failure != ''")["failure"].tolist() == ["9 days are known, 29 are needed"]


def test_nothing_but_known_kinds_is_written(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="a fitted part holds a set, which is not written"):
        save_fitted({("X", "2026-01-01"): {1, 2}}, tmp_path / "fitted")


def test_a_pickle_among_the_arrays_is_rejected(tmp_path: Path) -> None:
    save_fitted({("X", "2026-01-01"): np.ones(2)}, tmp_path / "fitted")
    np.savez(tmp_path / "fitted" / ARRAYS, np.array([object()]))
    with pytest.raises(ValueError, match="allow_pickle"):
        load_fitted(tmp_path / "fitted")


def test_a_regressor_of_a_foreign_type_is_rejected(tmp_path: Path) -> None:
    """One whose reading would run code that is not ours: here a function of the standard library."""
    foreign = np.frombuffer(dumps({"call": pytest.raises}), dtype=np.uint8)
    save_fitted({("X", "2026-01-01"): foreign}, tmp_path / "fitted")
    parts = json.loads((tmp_path / "fitted" / PARTS).read_text())
    parts[0]["part"] = {"regressor": 0}
    (tmp_path / "fitted" / PARTS).write_text(json.dumps(parts))
    with pytest.raises(UntrustedTypesFoundException):
        load_fitted(tmp_path / "fitted")
