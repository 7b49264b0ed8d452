"""The share of a day's flows before its census: exact without noise, robust, and the declared hour's with few days."""

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import lsq_linear

from publication.model import Measure, Place, System
from publication.vocabulary import Kind
from tests.unit.simulate.reading import LAST_DAY
from training.frames import FloatArray
from training.history.census_shares import (
    CensusShares,
    day_end_occupancy,
    fitted_census_shares,
    flow_balance,
    split_sd,
    unexplained,
)
from training.history.patient_flow import FlowCounts
from training.history.plausibility.info_checks import unbalanced
from training.simulate.places import nodes
from training.simulate.scenario import Scenario
from training.simulate.world import sample_world

COMBINATIONS = [(0.25, 0.05), (0.5, 0.5), (0.0, 0.0), (1.0, 1.0), (1.0, 0.4), (0.0, 0.3)]


def column(*values: float) -> FloatArray:
    return np.array(values, dtype=float)[:, None]


def shares_of(admissions: float, discharges: float) -> CensusShares:
    return CensusShares(np.array([admissions]), np.array([discharges]))


def counted(n_days: int, admissions: float, discharges: float, noise_sd: float = 0.0, seed: int = 1) -> FlowCounts:
    """Return a place whose censuses see these shares of the day's flows, day by day."""
    rng = np.random.default_rng(seed)
    entering, leaving = rng.poisson(60.0, n_days).astype(float), rng.poisson(60.0, n_days).astype(float)
    at_midnight = 400.0 + np.cumsum(entering - leaving) - (entering - leaving)  # at the beginning of the day
    census = at_midnight + admissions * entering - discharges * leaving + noise_sd * rng.standard_normal(n_days)
    return FlowCounts(*(values[:, None] for values in (census, entering, leaving, np.full(n_days, np.nan))))


def fitted(counts: FlowCounts, hour: int = 8, observed: np.ndarray | None = None) -> list[float]:
    seen = np.ones(counts.occupancy.shape, bool) if observed is None else observed
    found = fitted_census_shares(counts, seen, hour)
    return [float(found.admissions[0]), float(found.discharges[0])]


def test_the_unexplained_part_and_the_end_of_the_day_are_as_worked_out_by_hand() -> None:
    """A quarter of 20 and of 40 admissions, half of 10 and of 30 discharges fall before the census.

    Between the censuses: 15 + 10 admitted, 5 + 15 discharged, so 100 become 105 and 4 more are there. The second day
    ends with 30 more admissions and 15 more discharges.
    """
    counts = FlowCounts(column(100, 109), column(20, 40), column(10, 30), column(np.nan, np.nan))
    assert unexplained(counts, shares_of(0.25, 0.5)).tolist() == [[4.0]]
    assert day_end_occupancy(counts, shares_of(0.25, 0.5)).tolist() == [[110.0], [124.0]]
    assert unexplained(counts, shares_of(1.0, 1.0)).tolist() == [[-1.0]]  # 9 - 40 + 30


@pytest.mark.parametrize("true", COMBINATIONS)
def test_shares_without_noise_are_found_exactly(true: tuple[float, float]) -> None:
    assert fitted(counted(240, *true)) == pytest.approx(list(true), abs=1e-6)


@pytest.mark.parametrize("true", COMBINATIONS)
def test_gaps_and_jumps_change_nothing(true: tuple[float, float]) -> None:
    """Twenty wrong days are filled in, and three times forty patients come uncounted."""
    counts = counted(240, *true)
    counts.occupancy[[60, 130, 200]] += np.array([[40.0], [-40.0], [40.0]])
    for day in (90, 91, 155):
        counts.occupancy[day:] += 40.0
    observed = np.ones((240, 1), bool)
    observed[20:40] = False
    for flow in (counts.occupancy, counts.admissions):
        flow[20:40] = 7.0
    assert fitted(counts, observed=observed) == pytest.approx(list(true), abs=2e-3)


def test_noisy_shares_are_those_of_another_solver_on_the_same_squares() -> None:
    """SciPy's bounded least squares, with the prior as two more rows; hardly any residual is clipped."""
    counts = counted(300, 0.05, 0.6, noise_sd=4.0)
    step, entering, leaving = (np.diff(v[:, 0]) for v in (counts.occupancy, counts.admissions, counts.discharges))
    target = step - counts.admissions[:-1, 0] + counts.discharges[:-1, 0]
    rows = np.column_stack([entering, -leaving])
    sd = 4.0 * 2**0.5
    rows, target = rows - rows.mean(axis=0), target - target.mean()
    witness = lsq_linear(
        np.vstack([rows / sd, np.eye(2) / 0.25]), np.concatenate([target / sd, [1 / 3 / 0.25] * 2]), (0, 1)
    )
    assert fitted(counts) == pytest.approx(witness.x.tolist(), abs=0.01)


@pytest.mark.parametrize(("hour", "share"), [(0, 0.0), (6, 0.25), (12, 0.5), (23, 23 / 24)])
def test_where_flows_show_nothing_the_share_is_that_of_the_declared_hour(hour: int, share: float) -> None:
    constant = FlowCounts(*(np.full((300, 1), value) for value in (400.0, 60.0, 60.0, np.nan)))
    assert fitted(constant, hour) == pytest.approx([share, share])
    unseen = counted(300, 1.0, 1.0)
    assert fitted(unseen, hour, np.zeros((300, 1), bool)) == pytest.approx([share, share])


def test_with_few_days_shares_are_near_the_declared_hour_and_with_240_near_the_truth() -> None:
    """At noise of 60 patients. Ten days say little, so the hour decides; 240 days of less noise decide themselves."""
    assert fitted(counted(10, 1.0, 1.0, noise_sd=60.0), hour=6) == pytest.approx([0.25, 0.25], abs=0.1)
    assert fitted(counted(240, 1.0, 1.0, noise_sd=3.0), hour=6) == pytest.approx([1.0, 1.0], abs=0.05)


def test_each_place_has_its_own_shares() -> None:
    one, other = counted(240, 0.2, 0.9), counted(240, 0.7, 0.1, seed=2)
    both = FlowCounts(
        *(np.hstack([getattr(c, name) for c in (one, other)]) for name in FlowCounts.__dataclass_fields__)
    )
    found = fitted_census_shares(both, np.ones((240, 2), bool), 8)
    assert found.admissions == pytest.approx([0.2, 0.7], abs=1e-6)
    assert found.discharges == pytest.approx([0.9, 0.1], abs=1e-6)
    unseen = fitted_census_shares(both, np.array([[True, False]] * 240), 12)
    assert unseen.admissions == pytest.approx([0.2, 0.5], abs=1e-6)
    assert unseen.discharges == pytest.approx([0.9, 0.5], abs=1e-6)


def test_patients_who_leave_uncounted_every_day_change_nothing() -> None:
    """Six a day, while admissions and discharges grow by two a day: the mean of neither is explained by the other."""
    counts = counted(120, 0.25, 0.5)
    growth = 2.0 * np.arange(120.0)[:, None]
    counts.admissions[:] += growth
    counts.discharges[:] += growth
    counts.occupancy[:] += (0.25 - 0.5) * growth - 6.0 * np.arange(120.0)[:, None]
    assert fitted(counts) == pytest.approx([0.25, 0.5], abs=1e-6)


@pytest.mark.parametrize(
    ("hour", "true"), [(None, (1.0, 1.0)), (0, (0.0, 0.0)), (8, (0.233, 0.045)), (16, (0.569, 0.601))]
)
def test_a_simulated_system_shows_its_shares_within_240_days(hour: int | None, true: tuple[float, float]) -> None:
    """Whatever hour the file declares; the shares are those of the simulator's tables. Four sites, four errors."""
    world = sample_world(3, LAST_DAY, Scenario(days=240, census_hour=hour), nodes(2, 4))
    sites = [place for place, measure in world.counts if measure == "occupancy"]
    occupancy, admissions, discharges, beds = (
        np.column_stack([world.counts[site, measure][:, 0] for site in sites]).astype(float)
        for measure in ("occupancy", "admissions", "discharges", "beds")
    )
    counts = FlowCounts(occupancy, admissions, discharges, beds)
    found = fitted_census_shares(counts, np.ones((240, 4), bool), 12)
    assert found.admissions == pytest.approx([true[0]] * 4, abs=0.13)
    assert found.discharges == pytest.approx([true[1]] * 4, abs=0.1)
    if true in ((1.0, 1.0), (0.0, 0.0)):
        assert found.admissions == pytest.approx([true[0]] * 4, abs=1e-6)


def test_what_chance_leaves_unexplained_is_as_worked_out_by_hand() -> None:
    """50 admissions, a fifth of them early: variance 50 * 0.2 * 0.8 = 8. 40 discharges, half: 10. Twice 18 is 36."""
    flows = [np.tile([[value]], (3, 1)) for value in (400.0, 50.0, 40.0, np.nan)]
    flows[1][1] = 1000.0
    observed = np.array([[True], [False], [True]])
    assert split_sd(FlowCounts(*flows), observed, shares_of(0.2, 0.5)) == pytest.approx([6.0])
    assert split_sd(FlowCounts(*flows), observed, shares_of(1.0, 0.0)) == pytest.approx([0.0])


MEASURES = ("occupancy", "admissions", "discharges")


def system() -> System:
    measures = tuple(Measure(name, Kind.STOCK if name == "occupancy" else Kind.FLOW, "patients") for name in MEASURES)
    places = (Place("north", None, "North", "system"), Place("A", "north", "A", "site"))
    return System("north", "Europe/London", 8, 7, (0.92,), (0.1, 0.5, 0.9), measures, places)


def wide(counts: FlowCounts) -> pd.DataFrame:
    days = pd.date_range("2024-01-01", periods=len(counts.occupancy), freq="D")
    columns = {f"A/{name}": getattr(counts, name)[:, 0] for name in MEASURES}
    return pd.DataFrame(columns, index=days)


def test_the_balance_uses_the_shares_that_the_table_shows() -> None:
    table = wide(counted(200, 0.3, 0.6))
    table["A/occupancy"] += np.where(np.arange(200) == 50, 5.0, 0.0)
    table.iloc[100, 1] = np.nan
    residuals = flow_balance(table, system()).residuals["A"].round(3)
    assert residuals[residuals.isna()].index.tolist() == [table.index[i] for i in (0, 100, 101)]
    assert residuals[residuals.abs() > 0.1].to_dict() == {table.index[50]: 5.0, table.index[51]: -5.0}


def at_eight(n_days: int) -> FlowCounts:
    """Return integer counts: each patient comes or leaves before the census by chance."""
    rng = np.random.default_rng(3)
    entering, leaving = rng.poisson(60.0, n_days), rng.poisson(60.0, n_days)
    at_midnight = 400 + np.cumsum(entering - leaving) - (entering - leaving)
    census = at_midnight + rng.binomial(entering, 0.25) - rng.binomial(leaving, 0.05)
    return FlowCounts(*(values[:, None].astype(float) for values in (census, entering, leaving, entering)))


def test_a_census_within_the_day_is_no_finding_and_uncounted_discharges_are() -> None:
    table = wide(at_eight(400))
    assert flow_balance(table, system()).residuals["A"].abs().mean() > 0.05 * 60
    assert unbalanced(table, system()).empty
    table["A/discharges"] //= np.where((np.arange(400) >= 200) & (np.arange(400) < 230), 2, 1)
    found = unbalanced(table, system())
    assert found["unique_id"].tolist() == ["A/occupancy"]
    assert table.index[195] < found["first"].item() < table.index[203]
    assert table.index[227] < found["last"].item() < table.index[235]
