"""Weights of members whose errors are known."""

import numpy as np
import pandas as pd
import pytest

from training.calibration.weights import MAX_WEIGHT_ERRORS, Weights, fitted_weights, series_weights
from training.frames import FloatArray

SHAPE = (60, 28, 6)  # windows, leads, series


def noise(scale: float, seed: int) -> FloatArray:
    return np.random.default_rng(seed).normal(0, scale, SHAPE)


def test_a_member_that_is_much_better_gets_nearly_all() -> None:
    weights = fitted_weights(np.stack([noise(1, 1), noise(6, 2)]))
    assert weights.shape == (28, 2)
    assert (weights[:, 0] > 0.85).all()


def test_members_whose_errors_cancel_weigh_by_their_variances() -> None:
    """Independent errors with variances 1 and 4: the best weights are 0.8 and 0.2 (Bates and Granger 1969)."""
    weights = fitted_weights(np.stack([noise(1, 3), noise(2, 4)]))
    assert weights[:, 0] == pytest.approx(0.8, abs=0.08)


def test_each_band_of_leads_has_its_own_weights() -> None:
    errors = np.stack([noise(1, 5), noise(1, 6)])
    errors[0, :, :2] *= 5
    errors[1, :, 7:] *= 5
    weights = fitted_weights(errors)
    assert (weights[:2, 1] > 0.8).all()
    assert (weights[7:, 0] > 0.8).all()
    assert weights.sum(axis=1) == pytest.approx(1.0)


def test_a_constant_bias_of_a_member_does_not_lower_its_weight() -> None:
    """Quantiles are those of the errors themselves: only their scale counts."""
    weights = fitted_weights(np.stack([noise(1, 7) + 3, noise(3, 8)]))
    assert (weights[:, 0] > 0.75).all()


@pytest.mark.parametrize("n_windows", [4, 5, 60])
def test_a_bias_changes_no_weight_however_few_the_errors(n_windows: int) -> None:
    """Nearly: errors are taken in units of their mean size, which a bias changes."""
    errors = np.stack([noise(1, 17), noise(1.5, 18)])[:, :n_windows, :7, :1]
    biased = errors + np.array([3.0, -1.0])[:, None, None, None]
    pooled = fitted_weights(errors)
    assert fitted_weights(biased) == pytest.approx(pooled, abs=0.02)
    assert series_weights(biased, pooled) == pytest.approx(series_weights(errors, pooled), abs=0.02)


def test_members_whose_errors_never_change_weigh_alike() -> None:
    """Beds that stay as they are: one member is right and one is always four off. Both have errors of scale 0."""
    errors = np.stack([np.zeros(SHAPE), np.full(SHAPE, 4.0)])
    pooled = fitted_weights(errors)
    assert pooled == pytest.approx(0.5)
    assert series_weights(errors, pooled) == pytest.approx(0.5)


@pytest.mark.parametrize("known", [0, 1])
def test_with_too_few_errors_members_weigh_alike(known: int) -> None:
    errors = np.full((3, 2, 7, 1), np.nan)
    errors[:, :known, :2] = 1.0
    assert fitted_weights(errors) == pytest.approx(1 / 3)


def test_errors_that_one_member_lacks_are_left_out() -> None:
    errors = np.stack([noise(1, 9), noise(4, 10)])
    errors[1, :, :, 3:] = np.nan
    errors[0, :, :, 3:] = 99.0
    complete = fitted_weights(errors[:, :, :, :3])
    assert fitted_weights(errors) == pytest.approx(complete, abs=0.05)


def test_a_member_without_any_error_has_no_weight_and_changes_no_other() -> None:
    """Attendances have the weights that they would have without FlowBalance, which does not forecast them."""
    pair = np.stack([noise(1, 11), noise(2, 12)])
    weights = fitted_weights(np.concatenate([pair, np.full((1, *SHAPE), np.nan)]))
    assert (weights[:, 2] == 0.0).all()
    assert weights[:, :2] == pytest.approx(fitted_weights(pair))


def test_an_atypical_series_gives_more_weight_to_the_member_that_suits_it() -> None:
    """The first member is the better one everywhere but in the last series, where the second is."""
    errors = np.stack([noise(1, 13), noise(2, 14)])
    errors[:, :, :, 5] = errors[::-1, :, :, 5]
    pooled = fitted_weights(errors)
    own = series_weights(errors, pooled)
    assert own.shape == (28, 6, 2)
    assert own.sum(axis=2) == pytest.approx(1.0)
    assert (own[:, 5, 1] > pooled[:, 1] + 0.1).all()
    assert (own[:, :5, 0] > pooled[:, None, 0]).all()


def test_of_tens_of_thousands_of_errors_a_part_is_enough() -> None:
    signs = np.resize([1.0, 1.0, -1.0, -1.0], MAX_WEIGHT_ERRORS)
    few, many = (np.stack([1.01 * some, 0.99 * some])[:, :, None, None] for some in (signs[:24], signs))
    assert fitted_weights(many) == pytest.approx(fitted_weights(few))


def test_a_series_without_errors_and_a_member_without_any_have_the_pooled_weights() -> None:
    errors = np.stack([noise(1, 15), noise(2, 16), np.full(SHAPE, np.nan)])
    errors[:, :, :, 2] = np.nan
    pooled = fitted_weights(errors)
    own = series_weights(errors, pooled)
    assert own[:, 2] == pytest.approx(pooled)
    assert (own[:, :, 2] == 0.0).all()


@pytest.mark.parametrize(
    "errors",
    [
        pytest.param(np.empty((2, 0, 28, 6)), id="no window"),
        pytest.param(np.full((2, 3, 28, 6), np.nan), id="windows without an error"),
        pytest.param(np.empty((2, 0, 28, 0)), id="no window and no series"),
    ],
)
def test_series_of_a_measure_without_any_error_have_its_pooled_weights(errors: FloatArray) -> None:
    """A stock in its first eight weeks has no window yet."""
    pooled = np.tile([0.3, 0.7], (28, 1))
    np.testing.assert_array_equal(
        series_weights(errors, pooled), np.broadcast_to(pooled[:, None], (28, errors.shape[3], 2))
    )


def test_weights_are_given_by_series_and_an_unknown_one_has_the_pooled_ones() -> None:
    pooled = np.array([[0.5, 0.5]])
    weights = Weights(pooled, pd.Index(["A", "B"]), np.array([[[0.1, 0.9], [0.8, 0.2]]]))
    assert weights.of(["B", "sum", "A"]).tolist() == [[[0.8, 0.2], [0.5, 0.5], [0.1, 0.9]]]


def test_where_no_series_has_weights_of_its_own_all_have_the_pooled_ones() -> None:
    weights = Weights(np.array([[0.3, 0.7]]), pd.Index([], dtype=object), np.empty((1, 0, 2)))
    assert weights.of(["A", "B"]).tolist() == [[[0.3, 0.7], [0.3, 0.7]]]
    assert weights.of([]).shape == (1, 0, 2)
