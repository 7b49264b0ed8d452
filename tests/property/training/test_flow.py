"""For any tree and counts: paths add up, the flow identity holds on them, and probabilities are those of the paths."""

from dataclasses import replace

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from publication.model import Headroom, Measure, System
from publication.pressure import chance_over, chance_short, headroom_levels
from publication.vocabulary import Kind
from tests.unit.pipeline.histories import build_history, build_system, counts
from training.history.patient_flow import flow_series
from training.paths.flow_identity import LastDay, flow_identity
from training.pipeline.forecast import Forecast
from training.pipeline.forecaster import Forecaster
from training.pipeline.pressure import headroom

HORIZON = 5
N_DAYS = 90
ROUNDED = 1e-12  # beds added to a count change its last bit
LEVELS = {"admissions": 20.0, "discharges": 20.0, "occupancy": 150.0, "beds": 160.0}
KINDS = {"occupancy": Kind.STOCK, "beds": Kind.CAPACITY}
MEASURES = tuple(Measure(name, KINDS.get(name, Kind.FLOW), "patients") for name in LEVELS)


@st.composite
def systems(draw: st.DrawFn) -> tuple[System, pd.DataFrame]:
    """Draw one to three trusts of up to three sites; some do not count beds, and sizes differ."""
    seed = draw(st.integers(0, 2**16))
    parents: dict[str, str] = {}
    columns: dict[str, pd.Series] = {}
    for t in range(draw(st.integers(1, 3))):
        parents[f"T{t}"] = "north"
        for s in range(draw(st.integers(1, 3))):
            site, size = f"T{t}S{s}", draw(st.sampled_from([0.01, 0.1, 1.0, 5.0]))
            parents[site] = f"T{t}"
            without = draw(st.sampled_from(["beds", "discharges", "", "", ""]))
            for i, (name, level) in enumerate(LEVELS.items()):
                if name != without:
                    columns[f"{site}/{name}"] = counts(N_DAYS, size * level, seed + 17 * len(columns) + i)
    system = replace(build_system(parents, HORIZON), measures=MEASURES)
    return system, pd.DataFrame(columns)


def made(system: System, table: pd.DataFrame) -> tuple[Forecast, tuple[Headroom, ...]]:
    history = build_history(table, system)
    forecast = Forecaster(history, HORIZON).forecast({}, pd.Timestamp(table.index[-1]))
    return forecast, headroom(forecast, history)


@settings(max_examples=15)
@given(drawn=systems())
def test_every_node_is_the_sum_of_its_places_on_every_path(drawn: tuple[System, pd.DataFrame]) -> None:
    system, table = drawn
    forecast, _ = made(system, table)
    ids, paths, levels = list(forecast.means.columns), forecast.paths.complete(), system.quantiles
    for place in system.places:
        for name in LEVELS:
            below = [
                i for i in paths.unique_ids if i.endswith(f"/{name}") and i.split("/")[0] in system.under(place.id)
            ]
            if not below:
                continue
            total = sum(paths.values[paths.unique_ids.index(i)] for i in below)
            found = forecast.quantiles[ids.index(f"{place.id}/{name}")]
            # The k-th smallest of 999 sums is their k / 1000 quantile.
            true = np.sort(total, axis=-1)[:, [round(1000 * level) - 1 for level in levels]]
            np.testing.assert_allclose(found, true, atol=1.001e-3)


@settings(max_examples=15)
@given(drawn=systems())
def test_net_flow_is_counted_on_paths_where_both_flows_are(drawn: tuple[System, pd.DataFrame]) -> None:
    system, table = drawn
    forecast, places = made(system, table)
    for of in places:
        total, sites, counted = np.zeros((HORIZON, 999)), set[str](), False
        for unique_id, values in zip(forecast.paths.unique_ids, forecast.paths.complete().values, strict=True):
            site, measure = unique_id.split("/")
            if site in system.under(of.place) and measure in ("admissions", "discharges"):
                total += values if measure == "admissions" else -values
                sites ^= {site}
                counted = True
        if sites or not counted:
            assert of.net_flow == ()
            continue
        true = np.sort(total, axis=-1)[:, [round(1000 * level) - 1 for level in system.quantiles]]
        np.testing.assert_allclose(of.net_flow, true, atol=1e-9)


@settings(max_examples=15)
@given(drawn=systems())
def test_the_flow_identity_holds_from_the_census_on(drawn: tuple[System, pd.DataFrame]) -> None:
    system, table = drawn
    forecast, _ = made(system, table)
    for place in flow_series(list(forecast.paths.unique_ids)):
        census = float(table[place.occupancy].iloc[-1])
        of = flow_identity(forecast.paths.complete(), place, LastDay(census))
        assert (of.before[0] == census).all()
        balance = np.cumsum(of.admissions - of.discharges + of.unexplained, axis=0)
        np.testing.assert_allclose(census + balance, of.occupancy, atol=1e-6)


@settings(max_examples=15)
@given(drawn=systems(), more=st.integers(1, 20))
def test_chances_are_shares_of_paths_and_fall_with_threshold_and_beds(
    drawn: tuple[System, pd.DataFrame], more: int
) -> None:
    system, table = drawn
    forecast, places = made(system, table)
    levels, thresholds = headroom_levels(system), (0.85, 0.92, 0.95, 1.0)
    for of in places:
        assert [list(row) for row in of.headroom] == [sorted(row) for row in of.headroom]
        for beds, left in zip(of.beds, of.headroom, strict=True):
            chances = [chance_over(levels, left, beds, t) for t in thresholds]
            assert chances == sorted(chances, reverse=True)
            with_more = [chance_over(levels, [v + more for v in left], beds + more, t) for t in thresholds]
            assert all(now <= was + ROUNDED for now, was in zip(with_more, chances, strict=True))
    free = {
        unique_id: values
        for chunk in forecast.paths.chunks()
        for unique_id, values in zip(chunk.headroom.unique_ids, chunk.headroom.values, strict=True)
    }
    for of in places:
        on_paths = sum(values for i, values in free.items() if i.split("/")[0] in system.under(of.place))
        for day, left in enumerate(of.headroom):
            counted = float((on_paths[day] < -0.5).mean())
            assert abs(chance_short(levels, left, 1) - counted) <= 0.012


@settings(max_examples=8)
@given(drawn=systems(), seed=st.integers(0, 99))
def test_the_order_of_places_and_series_changes_nothing(drawn: tuple[System, pd.DataFrame], seed: int) -> None:
    system, table = drawn
    rng = np.random.default_rng(seed)
    root, *rest = system.places
    turned = replace(system, places=(root, *(rest[i] for i in rng.permutation(len(rest)))))
    (one, places), (other, turned_places) = made(system, table), made(turned, table[rng.permutation(table.columns)])
    pd.testing.assert_frame_equal(one.means, other.means)
    np.testing.assert_array_equal(one.quantiles, other.quantiles)
    assert {of.place: of for of in places} == {of.place: of for of in turned_places}
