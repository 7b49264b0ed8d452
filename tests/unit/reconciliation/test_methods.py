"""Bottom-up, top-down and MinT on sums small enough to reconcile by hand."""

import numpy as np
import pytest

from training.frames import FloatArray
from training.pipeline.reconciliation import PlaceTree
from training.pipeline.selection import best_method
from training.reconciliation import fitted_map, reconciled

TWO = np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]])  # A, B, and A + B
DEEP = np.hstack([np.eye(4), [[1, 0, 1], [1, 0, 1], [0, 1, 1], [0, 1, 1]]])  # two sites in each of two trusts


def forecasts_of(parts: FloatArray, sds: list[float], n: int = 4000, seed: int = 1) -> tuple[FloatArray, FloatArray]:
    """Return actuals and forecasts of all series: independent errors with these standard deviations."""
    rng = np.random.default_rng(seed)
    bottom = rng.poisson(100, (n, len(parts))).astype(float)
    actuals = bottom @ parts
    return actuals, actuals + rng.normal(0, sds, actuals.shape)


def the_map(method: str, parts: FloatArray, actuals: FloatArray, forecasts: FloatArray) -> FloatArray:
    found = fitted_map(method, parts, actuals, forecasts)
    assert found is not None
    return found


@pytest.mark.parametrize("n", [0, 60], ids=["nothing known", "never an error"])
def test_mint_has_no_map_without_errors(n: int) -> None:
    beds = np.tile([30.0, 70.0, 100.0], (n, 1))
    assert fitted_map("mint", TWO, beds, beds) is None


def test_beds_that_were_constant_until_lately_stay_bottom_up() -> None:
    """Nothing can be fitted to the older windows without an error; the newer ones, with beds added, are scored."""
    tree = PlaceTree(("A", "B"), ("AB",), TWO)
    forecasts = np.tile([30.0, 70.0, 100.0], (40, 7, 1))
    actuals = forecasts[:, :, :2] + np.where(np.arange(40) < 20, 0.0, 2.0)[:, None, None] * np.array([1.0, 0.0])
    assert best_method(tree, forecasts, actuals) == "bottom_up"


def test_mint_divides_a_difference_equally_between_places_with_equal_errors() -> None:
    by = the_map("mint", TWO, *forecasts_of(TWO, [10, 10, 0.01]))
    np.testing.assert_allclose(reconciled(np.array([5.0, 5.0, 12.0]), by), [6.0, 6.0], atol=0.05)


def test_mint_gives_most_of_a_difference_to_the_place_with_the_largest_errors() -> None:
    """Standard deviations 3 and 1 are variances 9 and 1: of ten missing patients, nine and one."""
    by = the_map("mint", TWO, *forecasts_of(TWO, [3, 1, 0.001]))
    np.testing.assert_allclose(reconciled(np.array([50.0, 50.0, 110.0]), by), [59.0, 51.0], atol=0.3)


def test_mint_leaves_places_alone_whose_sum_is_badly_forecast() -> None:
    by = the_map("mint", TWO, *forecasts_of(TWO, [1, 1, 1000]))
    np.testing.assert_allclose(reconciled(np.array([50.0, 50.0, 300.0]), by), [50.0, 50.0], atol=0.5)


@pytest.mark.parametrize("parts", [TWO, DEEP], ids=["one sum", "sums of sums"])
def test_mint_changes_nothing_that_agrees_already(parts: FloatArray) -> None:
    by = the_map("mint", parts, *forecasts_of(parts, list(np.arange(1.0, parts.shape[1] + 1))))
    bottom = np.arange(10.0, 10.0 + len(parts))
    np.testing.assert_allclose(reconciled(bottom @ parts, by), bottom, rtol=1e-6)


def test_top_down_divides_the_total_by_past_proportions() -> None:
    actuals = np.array([[30.0, 70.0, 100.0], [20.0, 80.0, 100.0], [25.0, 75.0, 100.0]])
    by = the_map("top_down", TWO, actuals, actuals)
    np.testing.assert_allclose(reconciled(np.array([1.0, 1.0, 200.0]), by), [50.0, 150.0])


def test_missing_forecasts_leave_bottom_means_and_no_mean_is_negative() -> None:
    by = the_map("mint", TWO, *forecasts_of(TWO, [10, 10, 0.01]))
    forecasts = np.array([[5.0, 5.0, np.nan], [1.0, 9.0, 0.0]])
    found = reconciled(forecasts, by)
    np.testing.assert_array_equal(found[0], [5.0, 5.0])
    assert (found[1] >= 0).all()


def test_missing_actuals_are_left_out_of_the_fit() -> None:
    actuals, forecasts = forecasts_of(TWO, [10, 10, 0.01])
    holes = actuals.copy()
    holes[::2, 0] = np.nan
    assert np.isfinite(the_map("mint", TWO, holes, forecasts)).all()


@pytest.mark.parametrize(
    ("sds", "best"),
    [([10, 10, 1000], "bottom_up"), ([10, 10, 0.01], "mint")],
    ids=["the sum is forecast badly", "the sum is forecast well"],
)
def test_the_method_with_the_least_error_out_of_sample_is_chosen(sds: list[float], best: str) -> None:
    actuals, forecasts = (values.reshape(40, 7, 3) for values in forecasts_of(TWO, sds, 280))
    assert best_method(PlaceTree(("A", "B"), ("north",), TWO), forecasts, actuals[:, :, :2]) == best


def test_with_few_windows_the_method_is_bottom_up() -> None:
    actuals, forecasts = (values.reshape(10, 7, 3) for values in forecasts_of(TWO, [10, 10, 0.01], 70))
    assert best_method(PlaceTree(("A", "B"), ("north",), TWO), forecasts, actuals[:, :, :2]) == "bottom_up"
