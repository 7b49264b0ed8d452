"""Flows on paths: the identity holds from the census on, and the unexplained part is that of the counts."""

import numpy as np
import pandas as pd
import pytest

from publication.model import Measure, Place, System
from publication.vocabulary import Kind
from tests.unit.pipeline.histories import build_history, table_of
from training.history.census_shares import CensusShares
from training.history.patient_flow import FlowCounts, flow_series
from training.history.point_in_time import PointInTimeHistory
from training.paths.flow_identity import (
    FlowIdentity,
    LastDay,
    beds_freed,
    conditional_discharges,
    discharge_order,
    flow_identity,
    recent_flows,
    unexplained_sd,
)
from training.paths.joint import Paths
from training.pipeline.forecast import Forecast
from training.pipeline.forecaster import Forecaster

MEASURES = ("occupancy", "admissions", "discharges")
HORIZON = 7


def system() -> System:
    kinds = {"occupancy": Kind.STOCK}
    measures = tuple(Measure(name, kinds.get(name, Kind.FLOW), "patients") for name in MEASURES)
    places = (
        Place("north", None, "North", "system"),
        Place("A", "north", "A", "site"),
        Place("B", "north", "B", "site"),
    )
    return System("north", "Europe/London", 8, HORIZON, (0.92,), (0.1, 0.5, 0.9), measures, places)


def two_sites(n_days: int = 260) -> PointInTimeHistory:
    """Sites whose counts balance to the patient: a fifth of those in bed leave, more on weekdays."""
    rng = np.random.default_rng(4)
    days = pd.date_range("2024-01-01", periods=n_days, freq="D", name="ds")
    columns: dict[str, np.ndarray] = {}
    for site, level in (("A", 60.0), ("B", 25.0)):
        admissions = rng.poisson(level, n_days)
        census, counts = round(5 * level), np.zeros((3, n_days))
        for day in range(n_days):
            leaving = rng.binomial(census, 0.22 if days[day].dayofweek < 5 else 0.14)
            census = census + admissions[day] - leaving
            counts[:, day] = census, admissions[day], leaving
        columns |= {f"{site}/{name}": counts[i] for i, name in enumerate(MEASURES)}
    return build_history(pd.DataFrame(columns, index=days), system())


@pytest.fixture(scope="module")
def history() -> PointInTimeHistory:
    return two_sites()


@pytest.fixture(scope="module")
def forecast(history: PointInTimeHistory) -> Forecast:
    return Forecaster(history, HORIZON).forecast(dict.fromkeys(MEASURES, "AutoETS"), history.last_complete_day)


def identities(paths: Paths, history: PointInTimeHistory) -> list[FlowIdentity]:
    census = history.latest.iloc[-1]
    return [flow_identity(paths, b, LastDay(float(census[b.occupancy]))) for b in flow_series(list(paths.unique_ids))]


def test_the_flow_identity_holds_on_every_path_and_day(forecast: Forecast, history: PointInTimeHistory) -> None:
    """Summed day by day from the census."""
    for place, of in zip("AB", identities(forecast.paths.complete(), history), strict=True):
        in_bed = np.full(of.occupancy.shape[1], history.latest[f"{place}/occupancy"].iloc[-1])
        for day in range(HORIZON):
            in_bed = in_bed + of.admissions[day] - of.discharges[day] + of.unexplained[day]
            np.testing.assert_allclose(in_bed, of.occupancy[day], atol=1e-9)


def test_little_is_left_unexplained_where_counts_balance(forecast: Forecast, history: PointInTimeHistory) -> None:
    rng = np.random.default_rng(1)
    positions = [i for i, unique_id in enumerate(forecast.paths.unique_ids) if unique_id.endswith("/discharges")]
    paths = forecast.paths.complete()
    alone = paths.values.copy()
    alone[positions] = rng.permuted(alone[positions], axis=-1)
    for reordered, shuffled in zip(
        identities(paths, history), identities(Paths(paths.unique_ids, alone), history), strict=True
    ):
        assert reordered.unexplained.std() < 0.5 * shuffled.unexplained.std()
        assert np.corrcoef(reordered.discharges[0], reordered.implied[0])[0, 1] > 0.95


def test_the_margins_stay_as_they_are(forecast: Forecast, history: PointInTimeHistory) -> None:
    rng = np.random.default_rng(2)
    shuffled = Paths(forecast.paths.unique_ids, rng.permuted(forecast.paths.complete().values, axis=-1))
    after = discharge_order(shuffled.unique_ids, history, forecast.cutoff).of(shuffled)
    np.testing.assert_array_equal(np.sort(after.values, axis=-1), np.sort(shuffled.values, axis=-1))
    for i, unique_id in enumerate(after.unique_ids):
        is_as_it_was = np.array_equal(after.values[i], shuffled.values[i])
        assert is_as_it_was == (not unique_id.endswith("/discharges"))


def test_counts_that_balance_poorly_weaken_the_correlation_of_discharges(history: PointInTimeHistory) -> None:
    """Uncounted transfers: admissions are reported with a standard deviation of twelve patients."""
    table = history.latest.copy()
    rng = np.random.default_rng(3)
    table["A/admissions"] = (table["A/admissions"] + rng.normal(0, 12, len(table)).round()).clip(lower=0)
    noisy = build_history(table, system())
    made = Forecaster(noisy, HORIZON).forecast(dict.fromkeys(MEASURES, "AutoETS"), noisy.last_complete_day)
    of = identities(made.paths.complete(), noisy)[0]
    assert np.corrcoef(of.discharges[0], of.implied[0])[0, 1] < 0.9


def half_explained() -> tuple[Paths, PointInTimeHistory]:
    """A place with 100 beds taken on every day, and admissions that vary by four patients, as does what is unexplained.

    Discharges are reported as six and fourteen in turn where ten are admitted.
    """
    counted = {"A/occupancy": [100.0] * 60, "A/admissions": [10.0] * 60, "A/discharges": [6.0, 14.0] * 30}
    history = build_history(table_of(counted), system())
    rng = np.random.default_rng(5)
    admissions, discharges = rng.normal(10, 4, (2, HORIZON, 999))
    return Paths(tuple(counted), np.stack([np.full(admissions.shape, 100.0), admissions, discharges])), history


def test_paths_of_the_same_data_are_the_same_at_each_call() -> None:
    paths, history = half_explained()
    one, other = (
        discharge_order(paths.unique_ids, history, history.last_complete_day).of(paths).values for _ in range(2)
    )
    np.testing.assert_array_equal(one, other)


def test_without_flow_series_the_paths_are_the_same(history: PointInTimeHistory) -> None:
    paths = Paths(("A/occupancy", "B/admissions"), np.ones((2, 3, 5)))
    assert discharge_order(paths.unique_ids, history, history.last_complete_day).of(paths) is paths


def flow_counts(occupancy: list[float], admissions: list[float], discharges: list[float]) -> FlowCounts:
    """Return two places: the first as given, the second with ten times as many."""
    in_bed, entering, leaving = (
        np.array([values, [10 * value for value in values]]).T for values in (occupancy, admissions, discharges)
    )
    return FlowCounts(in_bed, entering, leaving, beds=np.full(in_bed.shape, np.nan))


@pytest.mark.parametrize(
    ("observed", "sd"),
    [
        # Unexplained: 12 - 10 - 5 + 4 = 1, 11 - 12 - 2 + 6 = 3, 13 - 11 - 3 + 6 = 5, 9 - 13 - 1 + 0 = -5.
        pytest.param([1, 1, 1, 1, 1], 3.7417, id="1, 3, 5, -5: mean 1, mean square 14 around it"),
        pytest.param([1, 1, 1, 1, 0], 1.6330, id="1, 3, 5: mean 3, mean square 8 / 3 around it"),
        pytest.param([1, 1, 0, 1, 1], 3.0, id="1 and -5: the days around an imputed one do not count"),
        pytest.param([1, 1, 0, 0, 0], 0.0, id="a single pair of days"),
        pytest.param([1, 0, 1, 0, 1], 0.0, id="no two days in a row"),
    ],
)
def test_unexplained_sd_is_that_of_successive_observed_days(observed: list[int], sd: float) -> None:
    counts = flow_counts([10, 12, 11, 13, 9], [9, 5, 2, 3, 1], [9, 4, 6, 6, 0])
    seen = np.array([observed, [1] * 5], bool).T
    assert unexplained_sd(counts, seen, CensusShares(np.ones(2), np.ones(2))) == pytest.approx([sd, 37.417], abs=1e-3)


def within_the_day(census: float = 100.0) -> LastDay:
    return LastDay(census, admissions=20.0, discharges=40.0, admissions_share=0.25, discharges_share=0.5)


def test_between_two_censuses_are_parts_of_two_days() -> None:
    """Day 1: 15 + 2 admitted and 20 + 5 discharged, so 100 become 92, and 3 more are there. Day 2: 6 + 4, 5 + 10."""
    paths = Paths(("A/occupancy", "A/admissions", "A/discharges"), np.array([[[95], [90]], [[8], [16]], [[10], [20]]]))
    (place,) = flow_series(list(paths.unique_ids))
    of = flow_identity(paths, place, within_the_day())
    assert of.before.tolist() == [[100.0], [95.0]]
    assert of.admitted.tolist() == [[17.0], [10.0]]
    assert of.discharged.tolist() == [[25.0], [15.0]]
    assert of.implied.tolist() == [[22.0], [15.0]]
    assert of.unexplained.tolist() == [[3.0], [0.0]]


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 0.95, 1.0])
def test_conditional_discharges_have_the_mean_and_variance_of_the_textbook(share: float) -> None:
    """Of a Gaussian prior and linear observations, each path with the same occupancy and admissions.

    The witness is the posterior in its precision form: inverse of prior precision plus that of the observations.
    """
    rng, n_paths, leads = np.random.default_rng(6), 100_000, 4
    occupancy, admissions = (np.tile(np.array(v)[:, None], n_paths) for v in ([98, 105, 99, 103.0], [30, 28, 25, 33.0]))
    discharges = 30 + 5 * rng.standard_normal((leads, n_paths))
    last = LastDay(100.0, 20.0, 25.0, admissions_share=0.25, discharges_share=share)
    of = FlowIdentity(last, occupancy, admissions, discharges)
    found = conditional_discharges(of, 3.0, rng)
    observe = share * np.eye(leads) + (1 - share) * np.eye(leads, k=-1)
    precision = np.eye(leads) / 25 + observe.T @ observe / 9
    target = of.implied[:, 0] - np.array([(1 - share) * 25.0, 0, 0, 0])
    mean = np.linalg.solve(precision, np.full(leads, 30 / 25) + observe.T @ target / 9)
    assert found.mean(axis=1) == pytest.approx(mean, abs=0.1)
    np.testing.assert_allclose(np.cov(found), np.linalg.inv(precision), atol=0.3)


def test_the_last_day_and_what_is_unexplained_are_those_of_the_newest_days() -> None:
    """Each flow has its place's own share, and chance alone leaves sqrt(2 (n s (1 - s) + m r (1 - r))) unexplained."""
    table = two_sites().latest.copy()
    at_day_start = table["A/occupancy"] - table["A/admissions"] + table["A/discharges"]
    table["A/occupancy"] = at_day_start + 0.25 * table["A/admissions"] - 0.5 * table["A/discharges"]
    history = build_history(table, system())
    recent = recent_flows(history, table.index[-1], flow_series(list(table.columns)))
    assert recent is not None
    first, second = recent.last_days()
    newest = table.iloc[-1]
    assert (first.census, first.admissions, first.discharges) == (
        newest["A/occupancy"], newest["A/admissions"], newest["A/discharges"]
    )  # fmt: skip
    shares = [(of.admissions_share, of.discharges_share) for of in (first, second)]
    assert shares == [pytest.approx((0.25, 0.5), abs=1e-6), pytest.approx((1.0, 1.0), abs=1e-6)]
    flows = table[["A/admissions", "A/discharges"]].tail(56).mean()
    by_chance = (2 * (flows.iloc[0] * 0.25 * 0.75 + flows.iloc[1] * 0.25)) ** 0.5
    assert recent.unexplained_sd() == pytest.approx([by_chance, 0.0], abs=0.01)


@pytest.mark.parametrize(
    ("share", "beds"),
    [(1.0, [1.0, 1.8, 2.44]), (0.0, [0.0, 1.0, 1.8]), (0.25, [0.25, 1.2, 1.96])],
)
def test_a_discharge_after_the_census_frees_its_bed_a_day_later(share: float, beds: list[float]) -> None:
    assert beds_freed(0.2, 3, share) == pytest.approx(beds)


@pytest.mark.parametrize(
    ("leaving_share", "beds"),
    [(0.0, [1.0, 2.0, 3.0]), (1.0, [1.0, 1.0, 1.0]), (0.2, [1.0, 1.8, 2.44])],
)
def test_beds_freed_fade_as_patients_would_have_left_anyway(leaving_share: float, beds: list[float]) -> None:
    assert beds_freed(leaving_share, 3) == pytest.approx(beds)
