"""Calibration of a history that has next to nothing to learn from: always a number, and the right one."""

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest

from tests.unit.calibration.errors import past
from tests.unit.little import CONSTANT, LITTLE, NOTHING_KNOWN, Values, with_little
from tests.unit.pipeline.histories import build_history, counts
from training.calibration.past_errors import SHORTEST_HISTORY_DAYS, PastErrors, before_long_gap, windows_before
from training.calibration.quantiles import (
    continuity_jitter,
    error_quantiles,
    in_whole_counts,
    quantiles,
    special_factor,
)
from training.calibration.scale import NORMAL_SCALE, count_sd, error_scale, scaled_errors, volatility
from training.calibration.weights import fitted_weights, series_weights

LEVELS = [0.025, 0.1, 0.5, 0.9, 0.975]
MEAN = 400.0
OF_POISSON = [NormalDist(MEAN, MEAN**0.5).inv_cdf(level) for level in LEVELS]


def marked(what: str, every: int) -> PastErrors:
    """The errors, with every so-manieth lead a special day, and all days ahead."""
    errors = past(LITTLE[what])
    special = np.zeros(errors.is_special.shape, dtype=np.bool_)
    special[:, ::every] = True
    return replace(errors, is_special=special, special_ahead=np.ones(errors.scaled.shape[1], dtype=np.bool_))


@with_little
def test_quantiles(what: str) -> None:
    horizon, n_series = LITTLE[what].shape[1:]
    means = np.full((horizon, n_series), MEAN)
    found = quantiles(means, past(LITTLE[what]), ["a"] * n_series, LEVELS)
    assert found.shape == (horizon, n_series, len(LEVELS))
    assert np.isfinite(found).all()
    assert (np.diff(found, axis=-1) >= 0).all()
    if what in (*NOTHING_KNOWN, "one window"):
        np.testing.assert_allclose(found, np.broadcast_to(OF_POISSON, found.shape))
    if what == "all zero":
        np.testing.assert_array_equal(found, MEAN)
    if what == "constant":
        np.testing.assert_allclose(found, MEAN - CONSTANT * MEAN**0.5)


@with_little
@pytest.mark.parametrize("every", [1, 3])
def test_special_days(what: str, every: int) -> None:
    errors = marked(what, every)
    assert special_factor(errors) == pytest.approx(1.0, abs=0.1)  # drawn alike on all days
    assert np.isfinite(error_quantiles(errors, LEVELS)).all()
    assert errors.align_by_lead(LITTLE[what]).shape == LITTLE[what].shape
    assert len(errors.without_first(1).scaled) == max(len(LITTLE[what]) - 1, 0)
    assert errors.of(np.array([], dtype=np.intp)).scaled.shape[2] == 0


@with_little
def test_scatter(what: str) -> None:
    found = error_scale(LITTLE[what])
    assert found.shape == LITTLE[what].shape[1:]
    assert (found > 0).all()
    if what in NOTHING_KNOWN:
        np.testing.assert_allclose(found, NORMAL_SCALE)
    if what == "constant":
        np.testing.assert_allclose(found, CONSTANT)


@with_little
def test_volatility(what: str) -> None:
    n_windows, horizon, _ = LITTLE[what].shape
    errors = past(LITTLE[what])
    found = volatility(np.abs(errors.scaled), errors.age_days)
    assert found.shape == (n_windows + 1, horizon)
    assert np.isfinite(found).all()
    assert (found > 0).all()
    if what in NOTHING_KNOWN:
        np.testing.assert_array_equal(found, 1.0)


@with_little
def test_weights(what: str) -> None:
    errors = LITTLE[what]
    members = np.stack([errors, 2 * errors])
    usual = fitted_weights(members)
    assert usual.sum(axis=1) == pytest.approx(1.0)
    own = series_weights(members, usual)
    assert own.shape == (*errors.shape[1:], 2)
    assert own.sum(axis=2) == pytest.approx(1.0)
    if what in (*NOTHING_KNOWN, "one window", "all zero", "constant"):
        assert usual == pytest.approx(0.5)
        assert own == pytest.approx(0.5)
    else:
        assert (usual[:, 0] > 0.9).all() or what == "one window, one series missing"


@with_little
def test_a_member_that_never_answers_beside_one_that_does(what: str) -> None:
    errors = LITTLE[what]
    usual = fitted_weights(np.stack([errors, np.full(errors.shape, np.nan)]))
    if what in NOTHING_KNOWN:
        assert usual == pytest.approx(0.5)
    else:
        assert usual.tolist() == [[1.0, 0.0]] * errors.shape[1]


@pytest.mark.parametrize("shape", [(0, 7, 3), (5, 7, 0), (0, 0)])
def test_functions_of_single_numbers_bear_none(shape: tuple[int, ...]) -> None:
    nothing: Values = np.empty(shape, dtype=np.float64)
    for found in (count_sd(nothing), scaled_errors(nothing, nothing), continuity_jitter(nothing)):
        assert found.shape == shape
    assert in_whole_counts(np.empty((7, 0, 5)), np.empty((7, 0)), np.zeros(0, np.bool_)).shape == (7, 0, 5)


@pytest.mark.parametrize(
    ("y", "n_windows"),
    [
        pytest.param(counts(1, 50, 1), 0, id="one day"),
        pytest.param(counts(SHORTEST_HISTORY_DAYS + 1, 50, 1), 0, id="a day before the first window"),
        pytest.param(counts(SHORTEST_HISTORY_DAYS + 4, 50, 1), 1, id="one window"),
        pytest.param(counts(100, 50, 1).mask(np.arange(100) < 99), 0, id="one day after a long silence"),
        pytest.param(counts(100, 50, 1).mask(np.arange(100) >= 60), 0, id="silent by now"),
        pytest.param(0 * counts(100, 50, 1), 15, id="all zero"),
    ],
)
def test_windows_before_the_last_day(y: pd.Series, n_windows: int) -> None:
    history = build_history(pd.DataFrame({"A/attendances": y, "B/occupancy": counts(1, 10, 2)}).reindex(y.index))
    found = windows_before(history, pd.Timestamp(y.index[-1]), horizon=7)
    assert len(found) == pytest.approx(n_windows, abs=n_windows > 1)
    assert before_long_gap(found) == 0
