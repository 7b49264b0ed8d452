"""A recipe as it was fitted: its parameters in text, and the weights that its forecasts are made with."""

import numpy as np
import pandas as pd
import pytest

from tests.unit.pipeline.histories import build_history, build_system, four_sites
from training.backtest.run import same_for_every_measure
from training.calibration.weights import Weights
from training.models.calendar_level import FittedLevel
from training.models.candidate import fit_day
from training.models.catalogue import CATALOGUE, LearnedEnsemble
from training.models.effects import Effects
from training.models.level import Level
from training.pipeline.fitted_recipe import fitted_recipe
from training.pipeline.forecaster import Forecaster

HORIZON = 7
DAY = "2026-01-05"
LEVEL = FittedLevel(Effects([], np.zeros(0), {}), Level(np.zeros((0, 10))), 2, 0.6)
EQUAL = np.full(5, 0.2)


def weights_of(*by_series: list[float]) -> Weights:
    """Return weights of two leads, the same at both, that differ by series."""
    own = np.stack([np.array(by_series)] * 2)
    return Weights(np.stack([EQUAL] * 2), pd.Index([f"{n}/occupancy" for n in range(len(by_series))]), own)


def test_weights_are_means_over_the_series_and_a_member_without_one_is_left_out() -> None:
    """Of (0.5, 0, 0.5, 0, 0) and (0.1, 0, 0.9, 0, 0), the means are 0.3 and 0.7."""
    members = ("CalendarLevel", "BoostedLevel", "AutoETS", "FlowBalance", "Conversion")
    candidate = CATALOGUE["Weighted"]
    assert isinstance(candidate, LearnedEnsemble)
    assert candidate.members == members
    found = fitted_recipe(
        {"occupancy": "Weighted", "beds": "Weighted"},
        {},
        {("Weighted", "occupancy"): weights_of([0.5, 0.0, 0.5, 0.0, 0.0], [0.1, 0.0, 0.9, 0.0, 0.0])},
    )
    assert found.parameters["weights/occupancy/leads 01-02"] == "CalendarLevel 0.30, AutoETS 0.70"
    assert found.parameters["candidate"] == "Weighted"
    assert found.parameters["members"] == "CalendarLevel, BoostedLevel, AutoETS, FlowBalance, Conversion"
    assert list(found.weights) == ["occupancy"]
    frame = found.weights["occupancy"]
    assert (list(frame.index), list(frame.columns)) == ([1, 2], list(members))
    assert frame.loc[2].to_numpy() == pytest.approx([0.3, 0.0, 0.7, 0.0, 0.0])


def test_each_measure_of_a_mixed_recipe_has_its_candidate_and_the_fits_of_others_are_left_out() -> None:
    fits = {
        ("CalendarLevel", DAY, "admissions", "7", "a digest"): LEVEL,
        ("FlowBalance", DAY, "another digest"): LEVEL,
        ("Ridge", DAY, "admissions", "a digest"): "a part that shows nothing",
    }
    found = fitted_recipe({"admissions": "Mean", "occupancy": "Ridge"}, fits, {})
    assert found.parameters == {
        "candidate": "admissions: Mean, occupancy: Ridge",
        "members": "CalendarLevel, AutoETS",
        "settings/CalendarLevel/training_days": 2192,
        "settings/CalendarLevel/smoothing_constants": "1.0, 0.5, 0.2, 0.07, 0.02",
        "fitted/CalendarLevel/admissions/harmonics": 2,
        "fitted/CalendarLevel/admissions/ma_coefficient": 0.6,
        "settings/AutoETS/model": "AutoETS(season_length=7, model='ZNZ')",
        "settings/AutoETS/lookback_days": 420,
        "settings/Ridge/regressor": "Ridge()",
        "settings/Ridge/training_days": 1096,
        "settings/Ridge/lags": "1, 2, 7, 14, 21, 28",
    }


def test_a_fit_of_the_complete_system_has_no_measure_in_its_names() -> None:
    found = fitted_recipe({"occupancy": "FlowBalance"}, {("FlowBalance", DAY, "a digest"): LEVEL}, {})
    assert found.parameters["fitted/FlowBalance/harmonics"] == 2


@pytest.fixture(scope="module")
def forecaster() -> Forecaster:
    return Forecaster(build_history(four_sites(200), build_system(horizon_days=HORIZON)), HORIZON)


def test_the_weights_are_those_of_the_forecast(forecaster: Forecaster) -> None:
    """The mean of an ensemble is its members' means by these weights: attendances have the same for every series."""
    cutoff = forecaster.history.reached_day
    fitted = forecaster.fitted(same_for_every_measure(forecaster, "Weighted"), cutoff)
    weights = fitted.weights["attendances"]
    assert weights.sum(axis=1).to_numpy() == pytest.approx(1.0)
    members = list(weights.columns[weights.iloc[0] > 0])
    assert members == ["CalendarLevel", "AutoETS"]
    forecasts = {
        name: forecaster.forecast(same_for_every_measure(forecaster, name), cutoff).means["A/attendances"].to_numpy()
        for name in ("Weighted", *members)
    }
    expected = sum(weights[name].to_numpy() * forecasts[name] for name in members)
    assert forecasts["Weighted"] == pytest.approx(expected, abs=0.01)


def test_the_parameters_say_what_was_fitted_and_to_what(forecaster: Forecaster) -> None:
    cutoff = forecaster.history.reached_day
    found = forecaster.fitted(same_for_every_measure(forecaster, "CalendarLevel"), cutoff).parameters
    assert found["history_days"] == 200
    assert found["refit_day"] == f"{fit_day(cutoff):%Y-%m-%d}"
    for measure in ("attendances", "occupancy"):
        assert found[f"fitted/CalendarLevel/{measure}/harmonics"] == 0, "200 days are too few for a season"
        assert found[f"fitted/CalendarLevel/{measure}/ma_coefficient"] in (0.0, 0.3, 0.6, 0.8, 0.9)
    assert "fitted/CalendarLevel/attendances/level lead 07" in found
    assert "fitted/CalendarLevel/attendances/level lead 28" not in found
