"""Joint paths of a history with no past errors, or hardly any: the margins as they are, in some order."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.unit.models.wards import simulated
from tests.unit.paths.test_flow_identity import system
from tests.unit.pipeline.histories import build_history
from tests.unit.sparse_errors import NOTHING_KNOWN, SPARSE, with_sparse_errors
from training.frames import FloatArray
from training.history.patient_flow import flow_series
from training.paths.flow_identity import beds_freed, discharge_order, flow_identity, recent_flows
from training.paths.joint import Paths, Trajectories, copula_draws, joint_paths, peak, quantiles, reordered

N_PATHS = 199
LEVELS = [0.1, 0.5, 0.9]


def trajectories(what: str) -> Trajectories:
    errors = SPARSE[what]
    return Trajectories(errors, 1.0 + 3 * np.arange(len(errors), dtype=float)[::-1])


def names(what: str) -> list[str]:
    return [f"S{i}/attendances" for i in range(SPARSE[what].shape[2])]


def margins(n_series: int, horizon: int = 7) -> FloatArray:
    return np.sort(np.random.default_rng(2).normal(100, 10, (n_series, horizon, N_PATHS)), axis=-1)


@with_sparse_errors
def test_draws_are_standard_normal(what: str) -> None:
    found = list(copula_draws(trajectories(what), names(what), 999))
    assert len(found) == len(names(what))
    for draw in found:
        assert draw.shape == (SPARSE[what].shape[1], 999)
        assert draw.mean() == pytest.approx(0.0, abs=0.1)
        assert draw.std() == pytest.approx(1.0, abs=0.1)
    if what in (*NOTHING_KNOWN, "all zero", "constant") and len(found) > 1:
        assert abs(np.corrcoef(found[0].ravel(), found[1].ravel())[0, 1]) < 0.1  # there is no evidence of correlation


@with_sparse_errors
def test_paths_have_the_given_margins(what: str) -> None:
    given = margins(len(names(what)), SPARSE[what].shape[1])
    paths = joint_paths(given, trajectories(what), names(what))
    np.testing.assert_array_equal(np.sort(paths.values, axis=-1), given)
    assert quantiles(paths.values, LEVELS).shape == (*given.shape[:2], len(LEVELS))


def test_peak_of_one_day_and_beds_freed_at_the_extremes() -> None:
    highest, lead = peak(np.full((1, N_PATHS), 40.0), 7, LEVELS)
    assert (highest.tolist(), lead) == ([40.0] * 3, 1.0)
    assert beds_freed(0.0, 3).tolist() == [1.0, 2.0, 3.0]
    assert beds_freed(1.0, 3).tolist() == [1.0, 1.0, 1.0]
    assert beds_freed(0.2, 0).tolist() == []


def test_nothing_is_reordered_where_there_are_no_series() -> None:
    assert reordered(np.empty((0, N_PATHS)), np.empty((0, N_PATHS))).shape == (0, N_PATHS)


@pytest.mark.parametrize(
    ("known", "balances_at"),
    [
        pytest.param({"A": 60, "B": 60}, {"A", "B"}, id="both places"),
        pytest.param({"A": 60, "B": 1}, {"A", "B"}, id="one of them since yesterday"),
        pytest.param({"A": 60, "B": 0}, {"A"}, id="no usable census of one of them"),
        pytest.param({"A": 0, "B": 60}, {"B"}, id="nor of the first of them"),
        pytest.param({"A": 0, "B": 0}, set(), id="no census of either"),
        pytest.param({"A": 1, "B": 1}, {"A", "B"}, id="one day"),
    ],
)
def test_discharges_follow_the_census_where_one_is_known(known: dict[str, int], balances_at: set[str]) -> None:
    """Paths of places that do not balance stay as they are. A day or two do not show that the census ends the day."""
    table = pd.concat(
        [simulated(place, 60, seed).drop(columns=f"{place}/beds") for seed, place in enumerate(known)], axis=1
    )
    history = build_history(table, replace(system(), census_hour=23))
    cutoff = pd.Timestamp(table.index[-1])
    for site, n_days in known.items():
        for frame in (history.as_of(cutoff), history.imputed(cutoff)):
            frame.loc[frame.index[: 60 - n_days], f"{site}/occupancy"] = np.nan
    ids = tuple(sorted(map(str, table.columns)))
    means = np.array([table[i].mean() for i in ids])[:, None, None]
    paths = Paths(ids, np.random.default_rng(1).permuted(means + margins(len(ids)) - 100, axis=-1))
    found = discharge_order(paths.unique_ids, history, cutoff).of(paths)
    np.testing.assert_array_equal(np.sort(found.values, axis=-1), np.sort(paths.values, axis=-1))
    moved = {i.split("/")[0] for n, i in enumerate(ids) if (found.values[n] != paths.values[n]).any()}
    assert moved == balances_at
    places = flow_series(list(ids))
    recent = recent_flows(history, cutoff, places)
    for place, last in zip(places, recent.last_days() if recent else [], strict=bool(recent)):
        if place.occupancy.split("/")[0] in balances_at:
            before, after = (flow_identity(some, place, last).unexplained.std() for some in (paths, found))
            assert after < before


def test_without_any_place_that_balances_paths_stay_as_they_are() -> None:
    table = simulated("A", 10, 1)[["A/occupancy", "A/admissions"]]
    paths = Paths(("A/admissions", "A/occupancy"), margins(2))
    assert (
        discharge_order(paths.unique_ids, build_history(table, system()), pd.Timestamp(table.index[-1])).of(paths)
        is paths
    )
    nothing = Paths((), np.empty((0, 7, N_PATHS)))
    assert (
        discharge_order(nothing.unique_ids, build_history(table, system()), pd.Timestamp(table.index[-1])).of(nothing)
        is nothing
    )
