"""Small counts and fractional measures in the pipeline: which have integer quantiles, and which are never rounded."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import poisson

from publication.model import Measure
from publication.vocabulary import Kind
from tests.unit.pipeline.histories import ENGLISH, FIRST_DAY, LEVELS, MEASURES, build_system, versions
from training.history.point_in_time import PointInTimeHistory
from training.pipeline.forecast import Forecast
from training.pipeline.forecaster import Forecaster
from training.pipeline.system_paths import DECIMALS

N_DAYS = 300
HORIZON = 7
DAYS = pd.date_range(FIRST_DAY, periods=N_DAYS, freq="D", name="ds")
SCORE, RATE = Measure("score", Kind.FLOW, "points"), Measure("share", Kind.RATE, "percent")
WARDS = {"A": "north", "B": "north", "C": "north"}


def forecast(columns: dict[str, np.ndarray], candidate: str = "CalendarLevel") -> Forecast:
    table = pd.DataFrame(columns, index=DAYS, dtype=float)
    system = replace(build_system(WARDS, HORIZON), measures=(*MEASURES, SCORE, RATE))
    history = PointInTimeHistory(versions(table), system, context=ENGLISH)
    measures = {name.split("/")[1] for name in columns}
    return Forecaster(history, HORIZON).forecast(dict.fromkeys(measures, candidate), DAYS[-1])


def of(made: Forecast, unique_id: str) -> np.ndarray:
    """Quantiles (horizon, n_levels) of one series."""
    return np.asarray(made.quantiles[list(made.means.columns).index(unique_id)])


def drawn(mean: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).poisson(mean, N_DAYS).astype(float)


def test_wards_have_the_quantiles_of_poisson_counts_and_their_sum_those_of_paths() -> None:
    means = {"A": 0.5, "B": 2.0, "C": 9.0}
    made = forecast({f"{ward}/attendances": drawn(mean, seed) for seed, (ward, mean) in enumerate(means.items())})
    for ward, mean in means.items():
        found = of(made, f"{ward}/attendances")
        assert (found % 1 == 0).all()
        assert np.abs(found.mean(axis=0) - poisson.ppf(LEVELS, mean)).max() <= 1.0
    total, summed = of(made, "north/attendances"), made.paths.complete().values.sum(axis=0)
    assert (np.round(summed) == summed).all()
    np.testing.assert_array_equal(total[:, 3], np.quantile(summed, 0.5, axis=-1, method="weibull"))
    assert total.mean(axis=0)[[1, -2]] == pytest.approx(poisson.ppf([0.1, 0.9], 11.5), abs=1.5)


def test_a_stock_that_hardly_changes_has_narrower_intervals_than_a_flow_of_the_same_counts() -> None:
    """A stock depends on the day before: a ward that has always four or five patients is no Poisson count."""
    steady = np.resize([4.0, 5.0, 5.0, 4.0, 5.0, 4.0, 4.0, 5.0, 5.0], N_DAYS)
    made = forecast({"A/attendances": steady, "A/occupancy": steady}, "SeasonalNaive")
    flow, stock = (np.ptp(of(made, f"A/{measure}"), axis=-1).mean() for measure in ("attendances", "occupancy"))
    assert stock <= 3.0
    assert flow >= 7.0


def test_a_ward_without_any_count_is_forecast_as_zero() -> None:
    made = forecast({"A/attendances": np.zeros(N_DAYS), "B/attendances": drawn(2.0, 4)})
    assert (of(made, "A/attendances") == 0).all()
    assert (made.means["A/attendances"] == 0).all()
    assert of(made, "B/attendances")[:, -1].min() >= 4.0
    np.testing.assert_array_equal(of(made, "north/attendances"), of(made, "B/attendances"))


@pytest.mark.parametrize("unique_id", ["A/score", "A/share"], ids=["a declared flow", "a rate"])
def test_a_fractional_measure_below_one_is_never_rounded_to_integers(unique_id: str) -> None:
    """Scores of 0.12, give or take 0.02, to two decimals: their intervals hold what they promise, in thousandths."""
    values = np.round(0.12 + 0.02 * np.random.default_rng(6).standard_normal(N_DAYS), 2)
    made = forecast({unique_id: values, "B/attendances": drawn(2.0, 5)})
    found = of(made, unique_id)
    assert made.means[unique_id].to_numpy() == pytest.approx(0.12, abs=0.015)
    assert found[:, 3] == pytest.approx(0.12, abs=0.015)
    assert (found[:, [1, -2]].mean(axis=0) - 0.12) / 0.02 == pytest.approx([-1.28, 1.28], abs=0.45)
    assert (np.diff(found, axis=-1) > 0).all(), "seven levels, seven values"
    np.testing.assert_array_equal(found, found.round(DECIMALS))


def test_one_fraction_among_integers_shows_that_a_measure_is_no_count() -> None:
    values = drawn(2.0, 7)
    values[100] = 2.5
    integers, fractional = forecast({"A/score": drawn(2.0, 7)}), forecast({"A/score": values})
    assert (of(integers, "A/score") % 1 == 0).all()
    assert (of(fractional, "A/score") % 1 != 0).any()
