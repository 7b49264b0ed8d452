"""Calibration of a history with no past errors, or hardly any: always a number, and the right one."""

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest

from tests.unit.calibration.past_errors import errors_of_all, past, quantiles_of_all
from tests.unit.pipeline.histories import build_history, counts
from tests.unit.sparse_errors import CONSTANT, NOTHING_KNOWN, SPARSE, with_sparse_errors
from training.calibration.past_errors import PastErrors, before_long_gap, windows_before
from training.calibration.quantiles import (
    continuity_jitter,
    in_integer_counts,
    special_factor,
)
from training.calibration.scale import NORMAL_SCALE, count_sd, error_scale, scaled_errors, volatility
from training.calibration.weights import FEWEST_WEIGHED_WINDOWS, fitted_weights, series_weights
from training.frames import FloatArray

LEVELS = [0.025, 0.1, 0.5, 0.9, 0.975]
MEAN = 400.0
OF_POISSON = [NormalDist(MEAN, MEAN**0.5).inv_cdf(level) for level in LEVELS]


def marked(what: str, every: int) -> PastErrors:
    """Return the errors with each `every`-th lead a special day, and all days ahead special."""
    errors = past(SPARSE[what])
    special = np.zeros(errors.is_special.shape, dtype=np.bool_)
    special[:, ::every] = True
    return replace(errors, is_special=special, special_ahead=np.ones(errors.scaled.shape[1], dtype=np.bool_))


@with_sparse_errors
def test_quantiles(what: str) -> None:
    horizon, n_series = SPARSE[what].shape[1:]
    means = np.full((horizon, n_series), MEAN)
    found = quantiles_of_all(means, past(SPARSE[what]), ["a"] * n_series, LEVELS)
    assert found.shape == (horizon, n_series, len(LEVELS))
    assert np.isfinite(found).all()
    assert (np.diff(found, axis=-1) >= 0).all()
    if what in NOTHING_KNOWN:
        np.testing.assert_allclose(found, np.broadcast_to(OF_POISSON, found.shape))
    if what == "all zero":
        np.testing.assert_array_equal(found, MEAN)
    if what == "constant":
        np.testing.assert_allclose(found, MEAN - CONSTANT * MEAN**0.5)


@with_sparse_errors
@pytest.mark.parametrize("every", [1, 3])
def test_special_days(what: str, every: int) -> None:
    errors = marked(what, every)
    assert special_factor(errors) == pytest.approx(1.0, abs=0.1)  # drawn alike on all days
    assert np.isfinite(errors_of_all(errors, LEVELS)).all()
    assert errors.align_by_lead(SPARSE[what]).shape == SPARSE[what].shape
    assert len(errors.without_first(1).scaled) == max(len(SPARSE[what]) - 1, 0)
    assert errors.of(np.array([], dtype=np.intp)).scaled.shape[2] == 0


@with_sparse_errors
def test_scale(what: str) -> None:
    found = error_scale(SPARSE[what])
    assert found.shape == SPARSE[what].shape[1:]
    assert (found > 0).all()
    if what in NOTHING_KNOWN:
        np.testing.assert_allclose(found, NORMAL_SCALE)
    if what == "constant":
        np.testing.assert_allclose(found, CONSTANT)


@with_sparse_errors
def test_volatility(what: str) -> None:
    n_windows, horizon, _ = SPARSE[what].shape
    errors = past(SPARSE[what])
    found = volatility(np.abs(errors.scaled), errors.age_days)
    assert found.shape == (n_windows + 1, horizon)
    assert np.isfinite(found).all()
    assert (found > 0).all()
    if what in NOTHING_KNOWN:
        np.testing.assert_array_equal(found, 1.0)


@with_sparse_errors
def test_weights(what: str) -> None:
    errors = SPARSE[what]
    members = np.stack([errors, 2 * errors])
    pooled = fitted_weights(members)
    assert pooled.sum(axis=1) == pytest.approx(1.0)
    own = series_weights(members, pooled)
    assert own.shape == (*errors.shape[1:], 2)
    assert own.sum(axis=2) == pytest.approx(1.0)
    if what in (*NOTHING_KNOWN, "one window", "all zero", "constant"):
        assert pooled == pytest.approx(0.5)
        assert own == pytest.approx(0.5)
    else:
        assert (pooled[:, 0] > 0.9).all() or what == "one window, one series missing"


@with_sparse_errors
def test_a_member_without_forecasts_and_one_with_them(what: str) -> None:
    errors = SPARSE[what]
    pooled = fitted_weights(np.stack([errors, np.full(errors.shape, np.nan)]))
    if what in NOTHING_KNOWN or len(errors) < FEWEST_WEIGHED_WINDOWS:
        assert pooled == pytest.approx(0.5)
    else:
        assert pooled.tolist() == [[1.0, 0.0]] * errors.shape[1]


@pytest.mark.parametrize("shape", [(0, 7, 3), (5, 7, 0), (0, 0)])
def test_elementwise_functions_accept_empty_arrays(shape: tuple[int, ...]) -> None:
    nothing: FloatArray = np.empty(shape, dtype=np.float64)
    for found in (count_sd(nothing), scaled_errors(nothing, nothing), continuity_jitter(nothing)):
        assert found.shape == shape
    assert in_integer_counts(np.empty((7, 0, 5)), np.empty((7, 0)), np.zeros(0, np.bool_)).shape == (7, 0, 5)


@pytest.mark.parametrize(
    ("y", "n_windows"),
    [
        pytest.param(counts(1, 50, 1), 0, id="one day"),
        pytest.param(counts(4, 50, 1), 0, id="a day before the first window"),
        pytest.param(counts(5, 50, 1), 1, id="one window"),
        pytest.param(counts(100, 50, 1).mask(np.arange(100) < 99), 0, id="one day after a long gap"),
        pytest.param(counts(100, 50, 1).mask(np.arange(100) >= 60), 6, id="not reported of late"),
        pytest.param(0 * counts(100, 50, 1), 15, id="all zero"),
    ],
)
def test_windows_before_the_last_day(y: pd.Series, n_windows: int) -> None:
    history = build_history(pd.DataFrame({"A/attendances": y, "B/occupancy": counts(1, 10, 2)}).reindex(y.index))
    found = windows_before(history, pd.Timestamp(y.index[-1]), horizon=7)
    assert len(found) == pytest.approx(n_windows, abs=n_windows > 1)
    assert before_long_gap(found) == 0
