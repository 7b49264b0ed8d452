"""Fits of AutoETS that are saved forecast as the library's model does, for as long as their data stay the same."""

from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import pytest
from statsforecast.models import MSTL, AutoETS

from tests.unit.pipeline.histories import build_history, counts
from training.frames import FloatArray
from training.models.candidate import Candidate, FitCache, ForecastRequest, fit_day
from training.models.catalogue import CATALOGUE
from training.models.series_forecast import FittedETS, Origin, ets_of_constant, fitted_ets, forecast_series
from training.pipeline.state import load_fitted, save_fitted

HORIZON = 28
RNG = np.random.default_rng(3)
DAYS = np.arange(300)
WEEKLY = RNG.poisson(80 * (1 + 0.3 * np.cos(2 * np.pi * DAYS / 7))).astype(float)
SERIES = {
    "weekly": WEEKLY,
    "a random walk": 500 + RNG.standard_normal(300).cumsum(),
    "none on some days": RNG.poisson(0.7, 300).astype(float),
    "constant since the fit": np.where(DAYS < 200, WEEKLY, 80.0),
}


@pytest.mark.parametrize("name", SERIES)
def test_a_saved_fit_forecasts_as_the_librarys_model(name: str, tmp_path: Path) -> None:
    values = SERIES[name]
    library = AutoETS(season_length=7, model="ZNZ").fit(values[:200])
    save_fitted({("AutoETS", "2026-01-01"): fitted_ets(library)}, tmp_path / "fits")
    saved = cast(FittedETS, load_fitted(tmp_path / "fits")["AutoETS", "2026-01-01"])
    for until in (200, 240, 300):
        expected: FloatArray = library.forward(y=values[:until], h=HORIZON)["mean"]
        np.testing.assert_array_equal(saved.forward(y=values[:until], h=HORIZON)["mean"], expected)


@pytest.mark.parametrize("beds", [850.0, 721.0, 37.0, 12.25, 0.0])
def test_constant_counts_are_forecast_as_the_librarys_model_does_without_a_search(beds: float) -> None:
    constant, later = np.full(400, beds), np.append(np.full(400, beds), [beds + 20, beds + 22, beds + 21])
    library, ours = AutoETS(season_length=7, model="ZNZ").fit(constant), ets_of_constant(beds)
    assert (ours.components, ours.season_length) == (library.model_["components"], library.model_["m"])
    for values in (constant, later):
        expected: FloatArray = library.forward(y=values, h=HORIZON)["mean"]
        np.testing.assert_allclose(ours.forward(y=values, h=HORIZON)["mean"], expected, rtol=1e-6)


def test_the_library_does_not_search_for_the_level_of_constant_counts() -> None:
    """It stops a little off the constant: at 849.99998, say. A fit without a search has it exactly."""
    day, values = pd.Timestamp("2026-01-01"), np.full(90, 809.0)
    searched = AutoETS(season_length=7, model="ZNZ").fit(values).model_["par"][4]
    origin = Origin(day, day, 0, values, values, 0)
    answer = forecast_series(AutoETS(season_length=7, model="ZNZ"), [origin], 3, None, {})
    (fit,) = answer.fits.values()
    assert fit.parameters[4] == 809.0 != searched
    np.testing.assert_array_equal(cast(FloatArray, answer.means[day]), [809.0] * 3)


@pytest.mark.parametrize(("values", "is_known", "expected"), [(WEEKLY, False, True), (WEEKLY, True, False)])
def test_a_known_fit_takes_no_time(values: FloatArray, is_known: bool, expected: bool) -> None:
    day = pd.Timestamp("2026-01-01")
    origin = Origin(day, day, 0, values, values, 0)
    known = {origin.made_from: FittedETS("ANNN", 1, 3, (0.1, np.nan, np.nan, np.nan, 80.0))} if is_known else {}
    assert origin.takes_time(known) == expected
    assert not Origin(day, day, 0, np.full(60, 80.0), values, 0).takes_time({}), "constant values need no search"


def test_other_models_are_not_saved() -> None:
    assert fitted_ets(MSTL([7], trend_forecaster=AutoETS(model="ZNN"))) is None


def test_a_fit_is_used_again_for_as_long_as_its_values_stay_the_same() -> None:
    """Fits are replaced by a level of 1,000 that hardly moves: forecasts show which of them were used."""
    candidate, table = cast(Candidate, CATALOGUE["AutoETS"]), pd.DataFrame({"A/occupancy": counts(300, 60, 1)})
    table["A/attendances"] = counts(300, 60, 2)
    cutoff = pd.Timestamp(table.index[-1])
    fits = FitCache()
    candidate.forecast(ForecastRequest(build_history(table), [cutoff], HORIZON, fits=fits))
    of_series = {key: fit for key, fit in fits.of_days([fit_day(cutoff)]).items() if isinstance(fit, FittedETS)}
    assert sorted(key[2] for key in of_series) == ["A/attendances", "A/occupancy"]
    parameters = (1e-4, np.nan, np.nan, np.nan, 1000.0)
    high = {
        key: replace(fit, components="ANNN", season_length=1, parameters=parameters) for key, fit in of_series.items()
    }
    fits.add(high)
    revised = table.copy()
    revised.loc[fit_day(cutoff) - pd.Timedelta(days=30), "A/attendances"] = 77.0
    made = candidate.forecast(ForecastRequest(build_history(revised), [cutoff], HORIZON, fits=fits)).by_cutoff[cutoff]
    assert made["A/occupancy"].between(900, 1000).all(), "of another measure: its values are the same"
    assert made["A/attendances"].between(40, 80).all(), "one of its values was revised"
