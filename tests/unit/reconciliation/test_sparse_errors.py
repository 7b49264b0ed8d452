"""Reconciliation with hardly any past errors, or with nothing to add up."""

import numpy as np
import pandas as pd
import pytest

from tests.unit.pipeline.histories import build_history, build_system, counts, table_of
from tests.unit.sparse_errors import NOTHING_KNOWN, SPARSE, with_sparse_errors
from training.frames import FloatArray
from training.pipeline.reconciliation import PlaceTree, fit_reconciler, parent_actuals, tree_of
from training.pipeline.selection import best_method
from training.reconciliation import BOTTOM_UP, RECONCILIATIONS, SumsHistory, aggregated, reconciled, summing

LEVEL = 100.0
every_method = pytest.mark.parametrize("method", RECONCILIATIONS)


def tree(n_bottom: int) -> PlaceTree:
    """Return a tree of `n_bottom` series, with their sum if there are several."""
    total = np.ones((n_bottom, int(n_bottom > 1)))
    ids = tuple(f"S{i}" for i in range(n_bottom))
    return PlaceTree(ids, ("total",) * total.shape[1], np.hstack([np.eye(n_bottom), total]))


def of_all(bottom: FloatArray, over: PlaceTree) -> FloatArray:
    """Return the values of every series of the tree; NaN where a part is."""
    return np.asarray(bottom @ over.parts)


@with_sparse_errors
@every_method
def test_a_map_leaves_coherent_forecasts_nearly_as_they_are_or_there_is_none(method: str, what: str) -> None:
    over = tree(SPARSE[what].shape[2])
    actuals = LEVEL + SPARSE[what]
    forecasts = of_all(actuals, over) + np.random.default_rng(3).normal(0, 1, (*actuals.shape[:2], over.parts.shape[1]))
    by = fit_reconciler(method, over, forecasts, parent_actuals(over, actuals))
    if what in NOTHING_KNOWN or "missing" in what:
        assert by is None
        return
    assert by is not None
    assert by.shape == over.parts.shape
    steady = of_all(np.full((1, len(by)), LEVEL), over)
    np.testing.assert_allclose(reconciled(steady, by), LEVEL, rtol=0.02)


@with_sparse_errors
@every_method
def test_for_exact_forecasts_the_method_is_bottom_up(method: str, what: str) -> None:
    over = tree(SPARSE[what].shape[2])
    exact = of_all(LEVEL + SPARSE[what], over)
    assert best_method(over, exact, LEVEL + SPARSE[what]) == BOTTOM_UP


@with_sparse_errors
def test_actuals_of_sums_are_known_where_their_parts_are(what: str) -> None:
    over = tree(SPARSE[what].shape[2])
    found = parent_actuals(over, SPARSE[what])
    assert found.shape == (*SPARSE[what].shape[:2], over.parts.shape[1])
    np.testing.assert_array_equal(found[..., : len(over.bottom)], SPARSE[what])
    if what == "all missing":
        assert np.isnan(found[..., -1]).all()
    elif over.sums:  # a part that was never known is no part of the actuals
        np.testing.assert_allclose(found[..., -1], np.nansum(SPARSE[what], axis=-1))


def test_no_series_have_no_sums() -> None:
    parts = summing(build_system(), [])
    assert parts.shape == (0, 0)
    assert aggregated(np.empty((4, 0)), parts.to_numpy(), np.empty(0)).shape == (4, 0)
    found = tree_of(build_history(table_of({"A/attendances": [1.0]})), [])
    assert (found.bottom, found.sums, found.parts.shape) == ((), (), (0, 0))


@pytest.mark.parametrize("places", ["A", "AC", "AB"])
def test_the_history_of_sums_has_only_those_of_several_parts(places: str) -> None:
    n_days = 20
    table = pd.DataFrame({f"{place}/attendances": counts(n_days, 40, i) for i, place in enumerate(places)})
    history = SumsHistory(build_history(table))
    cutoff = pd.Timestamp(table.index[-1])
    expected = {"A": [], "AC": ["north/attendances"], "AB": ["T1/attendances", "north/attendances"]}[places]
    for frame in (history.as_of(cutoff), history.imputed(cutoff), history.undisturbed(cutoff), history.latest):
        assert list(frame.columns) == expected
        assert len(frame) == n_days
        for name in expected:
            assert frame[name].tolist() == table.sum(axis=1).tolist()
    assert history.bed_steps(pd.DatetimeIndex(table.index), expected).shape == (n_days, len(expected))


def test_sums_before_a_second_site_opened_are_none() -> None:
    table = pd.DataFrame({"A/attendances": counts(60, 40, 1), "B/attendances": counts(60, 90, 2)})
    table.iloc[:40, 1] = np.nan
    history = SumsHistory(build_history(table))
    assert list(history.as_of(pd.Timestamp(table.index[39])).columns) == []
    later = history.as_of(pd.Timestamp(table.index[45]))["T1/attendances"]
    assert later.isna().tolist() == [True] * 40 + [False] * 6
