"""Calendar effects against simulated ones, and against a library's regression with ARIMA errors."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.arima.model import ARIMA

from tests.unit.pipeline.histories import ENGLISH, awkward_system
from training.frames import FloatArray
from training.history.point_in_time import known_at_day_end
from training.models.effects import Design, Effects, design, fitted_effects

DAYS = pd.date_range("2018-01-01", "2021-12-31", freq="D")
TRUE = {
    "weekday_5": -0.20,
    "weekday_6": -0.25,
    "holiday_day": -0.15,
    "holiday_is_christmas_day": -0.30,
    "holiday_after": 0.10,
    "season_cos_1": 0.08,
}


def features(harmonics: int = 1) -> Design:
    history = known_at_day_end(
        pd.DataFrame({"unique_id": ["regular/attendances"], "ds": [DAYS[0]], "y": [1.0]}), awkward_system(14), ENGLISH
    )
    return design(history, DAYS, ["regular/attendances"], harmonics)


def simulated(n_series: int, level: float, seed: int) -> pd.DataFrame:
    """Return Poisson counts with the true effects, around random walks of a tenth a year."""
    rng = np.random.default_rng(seed)
    effects = sum(features().tables[name] * effect for name, effect in TRUE.items())
    walk = rng.normal(0, 0.005, (len(DAYS), n_series)).cumsum(axis=0)
    return pd.DataFrame(
        rng.poisson(level * np.exp(walk + effects)), DAYS, [f"p{i}/attendances" for i in range(n_series)], dtype=float
    )


def fit(counts: pd.DataFrame, ma_coefficient: float = 0.9) -> Effects:
    return fitted_effects(counts, counts.notna().to_numpy(), features(), ma_coefficient)[0]


@pytest.mark.parametrize(("level", "tolerance"), [(400.0, 0.025), (60.0, 0.05)])
def test_the_simulated_effects_are_recovered(level: float, tolerance: float) -> None:
    found = fit(simulated(6, level, seed=3))
    for name in found.names:
        # Christmas is a holiday and itself: only the sum of the two is determined.
        expected = TRUE.get(name, 0.0)
        if name == "holiday_is_christmas_day":
            both = found.common[found.names.index(name)] + found.common[found.names.index("holiday_day")]
            assert both == pytest.approx(TRUE[name] + TRUE["holiday_day"], abs=2 * tolerance)
        elif not name.startswith("holiday_is") and not name.startswith("holiday_between"):
            assert found.common[found.names.index(name)] == pytest.approx(expected, abs=2 * tolerance), name


def test_with_many_data_the_effects_are_those_of_a_regression_with_arima_errors() -> None:
    counts = simulated(1, 5000.0, seed=5)
    names = ["weekday_1", "weekday_3", "weekday_5", "weekday_6"]
    part = Design({name: features().tables[name] for name in names})
    ours = fitted_effects(counts, counts.notna().to_numpy(), part, ma_coefficient=0.6)[0].by_series["p0/attendances"]
    exog = np.column_stack([part.tables[name] for name in names])
    model = ARIMA(np.log(counts.to_numpy().ravel()), exog=exog, order=(0, 1, 1))
    with model.fix_params({"ma.L1": -0.6}):
        theirs = model.fit(method="statespace").params[: len(names)]
    assert ours == pytest.approx(theirs, abs=0.006)


def test_a_short_series_is_drawn_to_the_common_effect_and_a_long_one_is_not() -> None:
    counts = simulated(5, 300.0, seed=8)
    sunday = DAYS.weekday == 6
    counts.loc[sunday, "p0/attendances"] *= 1.6
    counts.loc[sunday, "p1/attendances"] *= 1.6
    counts.loc[: DAYS[-15], "p1/attendances"] = np.nan
    found = fit(counts)
    at = found.names.index("weekday_6")
    common = np.median([found.by_series[f"p{i}/attendances"][at] for i in (2, 3, 4)])
    assert found.by_series["p0/attendances"][at] - common == pytest.approx(np.log(1.6), abs=0.06)
    assert 0.0 < found.by_series["p1/attendances"][at] - common < 0.75 * np.log(1.6)


def test_a_new_series_has_the_common_effects() -> None:
    found = fit(simulated(3, 300.0, seed=2))
    effects = found.on(features(), ["p0/attendances", "new/attendances"])
    assert effects.shape == (len(DAYS), 2)
    christmas = TRUE["holiday_day"] + TRUE["holiday_is_christmas_day"] + TRUE["season_cos_1"]
    assert effects[DAYS == "2020-12-25", 1] == pytest.approx(christmas, abs=0.06)


def test_days_that_were_not_observed_do_not_change_the_fit() -> None:
    counts = simulated(2, 300.0, seed=4)
    observed = np.ones(counts.shape, bool)
    observed[100:200, 0] = False
    faulty = counts.copy()
    faulty.iloc[100:200, 0] = counts.iloc[100:200, 0] * np.where(DAYS[100:200].weekday == 2, 3.0, 1.0)
    clean = fitted_effects(counts, observed, features(), 0.9)[0].by_series["p0/attendances"]
    masked = fitted_effects(faulty, observed, features(), 0.9)[0].by_series["p0/attendances"]
    unmasked = fitted_effects(faulty, np.ones(counts.shape, bool), features(), 0.9)[0].by_series["p0/attendances"]
    at = features().names.index("weekday_2")
    assert masked[at] == pytest.approx(clean[at], abs=0.02)
    assert unmasked[at] > clean[at] + 0.02


@pytest.mark.parametrize("values", [np.zeros(len(DAYS)), np.full(len(DAYS), 20.0)], ids=["all zero", "constant"])
def test_a_series_that_never_changes_has_no_effects(values: FloatArray) -> None:
    counts = pd.DataFrame({"p0/attendances": values}, DAYS)
    assert np.abs(fit(counts).by_series["p0/attendances"]).max() < 1e-9


def test_the_parts_of_an_effect_add_up() -> None:
    found = fit(simulated(2, 300.0, seed=6))
    groups = [("weekday",), ("season",), ("holiday",)]
    ids = ["p0/attendances", "p1/attendances"]
    assert sum(found.on(features(), ids, group) for group in groups) == pytest.approx(
        found.on(features(), ids), abs=1e-12
    )
