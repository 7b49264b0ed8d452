"""Reconciliation where there is next to nothing to learn from, or nothing to add up."""

import numpy as np
import pandas as pd
import pytest

from tests.unit.little import LITTLE, NOTHING_KNOWN, Values, with_little
from tests.unit.pipeline.histories import build_history, build_system, counts, table_of
from training.pipeline.coherence import PlaceTree, best_method, learnt, parent_actuals, tree_of
from training.reconciliation import BOTTOM_UP, METHODS, SumsHistory, aggregated, reconciled, summing

LEVEL = 100.0
every_method = pytest.mark.parametrize("method", METHODS)


def tree(n_bottom: int) -> PlaceTree:
    """So many series, and their sum where there are several."""
    whole = np.ones((n_bottom, int(n_bottom > 1)))
    ids = tuple(f"S{i}" for i in range(n_bottom))
    return PlaceTree(ids, ("whole",) * whole.shape[1], np.hstack([np.eye(n_bottom), whole]))


def of_all(bottom: Values, over: PlaceTree) -> Values:
    """The values of every series of the tree; NaN where a part is."""
    return np.asarray(bottom @ over.parts)


@with_little
@every_method
def test_a_map_leaves_forecasts_that_agree_nearly_as_they_are_or_there_is_none(method: str, what: str) -> None:
    over = tree(LITTLE[what].shape[2])
    actuals = LEVEL + LITTLE[what]
    forecasts = of_all(actuals, over) + np.random.default_rng(3).normal(0, 1, (*actuals.shape[:2], over.parts.shape[1]))
    by = learnt(method, over, forecasts, parent_actuals(over, actuals))
    if what in NOTHING_KNOWN or "missing" in what:
        assert by is None
        return
    assert by is not None
    assert by.shape == over.parts.shape
    steady = of_all(np.full((1, len(by)), LEVEL), over)
    np.testing.assert_allclose(reconciled(steady, by), LEVEL, rtol=0.02)


@with_little
@every_method
def test_of_forecasts_that_never_err_there_is_nothing_to_save(method: str, what: str) -> None:
    over = tree(LITTLE[what].shape[2])
    exact = of_all(LEVEL + LITTLE[what], over)
    assert best_method(over, exact, LEVEL + LITTLE[what]) == BOTTOM_UP


@with_little
def test_what_comes_of_sums_is_known_where_their_parts_are(what: str) -> None:
    over = tree(LITTLE[what].shape[2])
    found = parent_actuals(over, LITTLE[what])
    assert found.shape == (*LITTLE[what].shape[:2], over.parts.shape[1])
    np.testing.assert_array_equal(found[..., : len(over.bottom)], LITTLE[what])
    if what == "all missing":
        assert np.isnan(found[..., -1]).all()
    elif over.sums:  # a part of which nothing was ever known is no part of what came
        np.testing.assert_allclose(found[..., -1], np.nansum(LITTLE[what], axis=-1))


def test_nothing_adds_up_to_nothing() -> None:
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
