"""The true distributions are true: hand-worked where that can be, else by how often they come about."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.unit.simulate.reading import LAST_DAY, extract, write
from training.frames import forecast_columns
from training.simulate.places import Site, nodes
from training.simulate.scenario import Scenario
from training.simulate.sites import SiteTruth, WorldState, simulate_days
from training.simulate.world import LEVELS, MEASURES, World, sample_world, true_distribution

N_CUTOFFS, STEP_DAYS = 70, 15


@pytest.fixture(scope="module")
def world() -> World:
    """Three years of four sites with strikes."""
    return sample_world(21, LAST_DAY, Scenario(days=1096, strikes=True), nodes(2, 4))


@pytest.fixture(scope="module")
def outlooks(world: World) -> pd.DataFrame:
    """Leads 1 to 14 after cutoffs distributed over the complete history, where the future is known."""
    cutoffs = [LAST_DAY - timedelta(days=14 + STEP_DAYS * i) for i in range(N_CUTOFFS)]
    return pd.concat([true_distribution(world, cutoff, 14, 400) for cutoff in cutoffs], ignore_index=True)


def test_the_columns_are_those_of_a_backtest(outlooks: pd.DataFrame) -> None:
    assert outlooks.columns.tolist() == forecast_columns(LEVELS)
    assert len(outlooks) == N_CUTOFFS * 14 * 7 * len(MEASURES)
    assert outlooks["lead"].eq((outlooks["ds"] - outlooks["cutoff"]).dt.days).all()
    assert outlooks["model"].eq("truth").all()
    assert not outlooks["fallback"].any()


@pytest.mark.parametrize("leads", [(1, 1), (2, 7), (8, 14)])
@pytest.mark.parametrize("measure", ["attendances", "admissions", "discharges", "occupancy"])
def test_what_happened_is_below_each_quantile_as_often_as_it_says(
    outlooks: pd.DataFrame, measure: str, leads: tuple[int, int]
) -> None:
    """Of counts, the level lies between the shares below and at or below; the slack is four errors of 280 windows."""
    chosen = outlooks[outlooks["unique_id"].str.fullmatch(f"RX.0./{measure}")]
    chosen = chosen[chosen["lead"].between(*leads)]
    for level in LEVELS:
        quantile = chosen[f"q{level:g}"]
        slack = 4 * np.sqrt(level * (1 - level) / (N_CUTOFFS * 4)) + 1 / 400
        assert (chosen["y"] < quantile).mean() <= level + slack, level
        assert (chosen["y"] <= quantile).mean() >= level - slack, level


@pytest.mark.parametrize(("low", "high", "share"), [("q0.1", "q0.9", 0.8), ("q0.025", "q0.975", 0.95)])
@pytest.mark.parametrize("place", ["northshire", "RXA", "RXB02"])
def test_intervals_cover_what_they_say_at_every_height_of_the_tree(
    outlooks: pd.DataFrame, place: str, low: str, high: str, share: float
) -> None:
    chosen = outlooks[outlooks["unique_id"].str.startswith(f"{place}/") & ~outlooks["unique_id"].str.endswith("/beds")]
    inside = chosen["y"].between(chosen[low], chosen[high]).mean()
    assert inside == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / N_CUTOFFS / 4))


def test_the_truth_is_sharper_than_the_past(outlooks: pd.DataFrame, world: World) -> None:
    """It knows who is in bed: tomorrow's occupancy varies far less than the history of the same series."""
    site = outlooks[(outlooks["unique_id"] == "RXA01/occupancy") & (outlooks["lead"] == 1)]
    scale = (site["q0.9"] - site["q0.1"]).mean() / (2 * 1.2816)
    assert scale < 0.5 * world.counts["RXA01", "occupancy"].std()


@pytest.mark.parametrize("lead", [1, 14])
def test_levels_are_known_and_fade_by_their_memory(outlooks: pd.DataFrame, world: World, lead: int) -> None:
    """Regressed on the levels of region and site at the cutoff, the log mean keeps 0.9926 of both for each day."""
    rows = outlooks[(outlooks["unique_id"] == "RXA01/attendances") & (outlooks["lead"] == lead)]
    cutoffs = [world.calendar.index(cutoff.date()) for cutoff in rows["cutoff"]]
    at_no_level = world.truths["RXA01"].attendances[np.array(cutoffs) + lead]
    known = np.column_stack([world.region_level[cutoffs], world.site_levels["RXA01"][cutoffs], np.ones(len(rows))])
    slopes = np.linalg.lstsq(known, np.log(rows["mean"].to_numpy() / at_no_level), rcond=None)[0]
    assert slopes[:2] == pytest.approx([0.9926**lead] * 2, abs=0.15)  # 4 errors of 400 draws


def test_parents_are_the_sums_of_the_same_draws(outlooks: pd.DataFrame) -> None:
    mean = outlooks.pivot(index=["cutoff", "lead"], columns="unique_id", values="mean")
    for measure in MEASURES:
        sites = mean[[f"RX{trust}0{site}/{measure}" for trust in "AB" for site in (1, 2)]].sum(axis=1)
        np.testing.assert_allclose(mean[f"northshire/{measure}"], sites, rtol=1e-12)


def test_a_parent_of_one_site_has_the_distribution_of_the_site() -> None:
    """The parent of two has less than the sum of their scales: they are drawn together, not added up."""
    world = sample_world(21, LAST_DAY, Scenario(days=60), nodes(2, 2))
    rows = true_distribution(world, LAST_DAY, 7, 300).set_index("unique_id")
    quantiles = rows.filter(like="q0.")
    for trust in ("RXA", "RXB"):
        trusts, sites = quantiles.loc[f"{trust}/occupancy"], quantiles.loc[f"{trust}01/occupancy"]
        assert trusts.to_numpy().tolist() == sites.to_numpy().tolist()
    scale = (rows["q0.9"] - rows["q0.1"]).to_numpy().reshape(-1, 7)
    of = dict(zip(rows.index.unique(), scale, strict=True))
    assert (of["northshire/occupancy"] < of["RXA/occupancy"] + of["RXB/occupancy"]).all()


def test_tomorrows_occupancy_varies_as_worked_out_by_hand() -> None:
    """Ten short and twenty long stayers, 100 attendances of which a quarter are admitted, at a level that is known.

    Variance of a thinned negative binomial: 100 / 4 + (100 / 4)^2 / 150 = 29.167. Those who leave: 10 * 0.4 * 0.6 +
    20 * 0.1 * 0.9 = 4.2. Together 33.367. Mean: 30 + 25 - 4 - 2 = 49.
    """
    tiny = SiteTruth(
        site=Site("A", ("A",)), attendances=np.array([100.0]), conversion=np.array([0.25]), long_share=np.array([0.4]),
        hazard=np.array([[0.4, 0.1]]), beds=np.array([[500]]), escalation_beds=np.array([[0]]),
        start=np.zeros((1, 2)), events=(),
    )  # fmt: skip
    n_draws = 200_000
    state = WorldState(np.tile(np.array([[[10, 20]]]), (n_draws, 1, 1)), np.zeros(n_draws, dtype=np.int64))
    tomorrow = simulate_days(tiny, state, 0, np.zeros((1, n_draws)), np.random.default_rng(1)).in_bed.sum(axis=(2, 3))[
        0
    ]
    assert tomorrow.mean() == pytest.approx(49.0, abs=0.05)
    assert tomorrow.var() == pytest.approx(33.367, rel=0.015)


def test_what_then_happened_is_what_the_extracts_say(tmp_path: Path) -> None:
    cutoff = LAST_DAY - timedelta(days=5)
    folder = write(tmp_path, seed=7, days=100, trusts=1, sites=2, truth_days=(cutoff,), draws=20)
    rows = pd.read_parquet(folder / "truth" / f"{cutoff}.parquet")
    history = extract(folder).set_index(["code", "date"])
    site = rows[rows["unique_id"] == "RXA02/occupancy"]
    assert site["lead"].tolist() == list(range(1, 29))
    assert site["y"].iloc[:5].tolist() == history["occupancy"].xs("RXA02").iloc[-5:].tolist()
    assert site["y"].iloc[5:].isna().all()
    assert site[[f"q{level:g}" for level in LEVELS]].diff(axis=1).iloc[:, 1:].ge(0).all().all()
    total = rows[(rows["unique_id"] == "northshire/attendances") & (rows["lead"] == 1)]["y"].item()
    assert total == history.xs(pd.Timestamp(cutoff) + pd.Timedelta(days=1), level="date")["attendances"].sum()


def test_more_draws_or_another_horizon_are_taken(tmp_path: Path) -> None:
    days = (LAST_DAY, LAST_DAY - timedelta(days=30))
    folder = write(tmp_path, seed=7, days=60, sites=2, trusts=1, truth_days=days, horizon=3, draws=30)
    names = sorted(path.name for path in (folder / "truth").iterdir())
    assert names == [f"{day}.parquet" for day in sorted(days)]
    assert pd.read_parquet(folder / "truth" / names[0])["lead"].max() == 3


def test_planned_beds_and_strikes_are_known() -> None:
    world = sample_world(21, LAST_DAY, Scenario(days=60, strikes=True), nodes(1, 1))
    rows = true_distribution(world, LAST_DAY, 28, 400).set_index(["unique_id", "ds"])
    beds = rows.loc["RXA01/beds"]
    assert beds["q0.025"].equals(beds["q0.975"])
    (winter,) = [event for event in world.truths["RXA01"].events if event.first == date(2026, 12, 1)]
    opening = float(beds["mean"].diff()[pd.Timestamp("2026-12-01")])
    assert winter.note.startswith(f"{opening:+.0f} beds")
    discharges = rows["mean"].xs("RXA01/discharges")
    struck = float(discharges[pd.Timestamp(world.strikes[-1].first)])
    assert struck < 0.95 * discharges.mean()


def test_a_lockdown_is_not_known_before_it_begins() -> None:
    world = sample_world(4, LAST_DAY, Scenario(days=400, lockdown=True), nodes(1, 2))
    assert world.lockdown is not None
    before = true_distribution(world, world.lockdown - timedelta(days=1), 14, 200)
    after = true_distribution(world, world.lockdown + timedelta(days=3), 14, 200)
    last = {name: rows[(rows["unique_id"] == "northshire/attendances") & (rows["lead"] == 14)].iloc[0]
            for name, rows in (("before", before), ("after", after))}  # fmt: skip
    assert last["before"]["y"] < 0.7 * last["before"]["q0.025"]
    assert last["after"]["q0.025"] <= last["after"]["y"] <= last["after"]["q0.975"]


def test_a_declared_merger_passes_the_forecast_on_to_the_successor() -> None:
    world = sample_world(4, LAST_DAY, Scenario(days=100, merger=True), nodes(1, 3))
    assert world.merger is not None
    rows = true_distribution(world, world.merger.day - timedelta(days=4), 7, 50)
    leads = rows[rows["unique_id"].str.endswith("/occupancy")].groupby("unique_id")["lead"].apply(list)
    assert leads["RXA01/occupancy"] == leads["RXA02/occupancy"] == [1, 2, 3]
    assert leads["RXA01M/occupancy"] == [4, 5, 6, 7]
    assert leads["RXA03/occupancy"] == leads["RXA/occupancy"] == [1, 2, 3, 4, 5, 6, 7]
