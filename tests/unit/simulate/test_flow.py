"""Flow is conserved exactly, and beds are finite: counted from the files."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.unit.simulate.reading import FLOWS_OF_BEDS, LAST_DAY, MEASURES, extract, truth
from training.simulate.places import Node, nodes
from training.simulate.scenario import Scenario
from training.simulate.sites import initial_state, simulate_days
from training.simulate.world import sample_world

SYSTEMS = ["plain", "long", "warded", "merged"]


@pytest.fixture(params=SYSTEMS)
def folder(request: pytest.FixtureRequest) -> Path:
    path = request.getfixturevalue(request.param)
    assert isinstance(path, Path)
    return path


def test_occupancy_is_conserved_exactly_at_every_bottom_place(folder: Path) -> None:
    history = extract(folder).dropna(subset="occupancy")
    change = history.groupby("code")["occupancy"].diff()
    unexplained = (change - history["admissions"] + history["discharges"]).dropna()
    assert len(unexplained) == len(history) - history["code"].nunique() > 300
    assert unexplained.eq(0).all()


def test_each_class_of_patients_is_conserved_too(folder: Path) -> None:
    table = truth(folder).dropna(subset="beds")
    for stay in ("short", "long"):
        change = table.groupby("code")[f"{stay}_occupancy"].diff()
        unexplained = (change - table[f"{stay}_admissions"] + table[f"{stay}_discharges"]).dropna()
        assert unexplained.eq(0).all()


def test_occupancy_never_passes_beds_and_escalation_beds(folder: Path) -> None:
    table = truth(folder).dropna(subset="beds")
    occupancy = table["short_occupancy"] + table["long_occupancy"]
    assert (occupancy <= table["beds"] + np.floor(0.08 * table["beds"])).all()


def test_counts_are_integers_and_never_negative(folder: Path) -> None:
    counts = extract(folder)[MEASURES].stack()
    assert counts.min() >= 0
    assert (counts == counts.round()).all()


def test_occupancy_rates_are_those_of_full_hospitals(plain: Path) -> None:
    history = extract(plain)
    rate = history["occupancy"] / history["beds"]
    assert 0.88 < rate.mean() < 0.92
    assert rate.between(0.85, 1.0).mean() > 0.75
    assert 0 < (rate > 1.0).mean() < 0.1


def test_pressure_is_higher_in_winter_than_in_summer(plain: Path) -> None:
    history = extract(plain)
    month, occupancy = history["date"].dt.month, history["occupancy"]
    assert occupancy[month.isin([12, 1, 2])].mean() > 1.05 * occupancy[month.isin([6, 7, 8])].mean()


def test_wards_add_up_to_what_their_site_would_be(warded: Path) -> None:
    history, table = extract(warded), truth(warded)
    is_ward = history["code"].str.contains("W")
    assert history.loc[is_ward, "attendances"].isna().all()
    assert history.loc[~is_ward, [*FLOWS_OF_BEDS, "beds"]].isna().all().all()
    assert history.loc[is_ward, [*FLOWS_OF_BEDS, "beds"]].notna().all().all()
    for site in ("RXA01", "RXA02"):
        admitted = history[history["code"].str.startswith(f"{site}W")].groupby("date")["admissions"].sum()
        expected = table[table["code"] == site].set_index("date")[["attendances", "conversion"]].prod(axis=1)
        assert admitted.sum() == pytest.approx(expected.sum(), rel=0.01)


def test_full_wards_turn_patients_away_and_never_overflow() -> None:
    """A third of the beds that are needed: the line is served in order, and nobody is counted twice."""
    world = sample_world(3, LAST_DAY, Scenario(days=60), nodes(1, 1, 4))
    (truth_of_site,) = world.truths.values()
    crowded = replace(truth_of_site, beds=truth_of_site.beds // 3, escalation_beds=truth_of_site.beds // 30)
    rng = np.random.default_rng(1)
    played = simulate_days(crowded, initial_state(crowded, rng), 0, np.zeros((60, 50)), rng)
    occupied = played.in_bed.sum(axis=3)
    limit = (crowded.beds + crowded.escalation_beds)[:60, None]
    assert (occupied <= limit).all()
    assert played.transferred[0].sum() > 0
    assert played.transferred[1:].sum() == 0
    assert (played.turned_away[5:].sum(axis=0) > 0).all()
    assert (played.waiting[10:] > 0).all()
    # All who arrive are admitted, wait, or were turned away: the shares of attendances add up to the conversion.
    arrived = played.entering.sum(axis=(0, 2, 3)) + played.turned_away.sum(axis=0) + played.waiting[-1]
    chance = (played.attendances * crowded.conversion[:60, None]).sum() / played.attendances.sum()
    assert arrived.sum() / played.attendances.sum() == pytest.approx(chance, rel=0.005)


def test_beds_closed_under_patients_send_them_elsewhere() -> None:
    world = sample_world(3, LAST_DAY, Scenario(days=30), nodes(1, 1))
    (site,) = world.truths.values()
    beds = site.beds.copy()
    beds[10:] //= 2
    closing = replace(site, beds=beds, escalation_beds=beds // 20)
    rng = np.random.default_rng(1)
    played = simulate_days(closing, initial_state(closing, rng), 0, np.zeros((30, 1)), rng)
    occupied = played.in_bed.sum(axis=3)[:, 0, 0]
    assert played.transferred.sum(axis=(1, 2, 3)).nonzero()[0].tolist() == [10]
    assert occupied[10] <= (beds + beds // 20)[10, 0] < occupied[9]
    flow = (played.entering - played.leaving).sum(axis=(1, 2, 3))
    assert (np.diff(occupied) == flow[1:]).all()


def test_a_tree_of_unequal_depth_can_be_simulated() -> None:
    """A site of its own under the root, a site with wards in divisions, and a clinic without any site above it."""
    tree = (
        Node("root", "", "Root", "system"),
        Node("alone", "root", "Alone", "site"),
        Node("trust", "root", "Trust", "trust"),
        Node("big", "trust", "Big", "site"),
        Node("medicine", "big", "Medicine", "division"),
        Node("w1", "medicine", "Ward 1", "ward"),
        Node("w2", "medicine", "Ward 2", "ward"),
        Node("w3", "big", "Ward 3", "ward"),
        Node("clinic", "trust", "Clinic", "clinic"),
    )
    world = sample_world(1, LAST_DAY, Scenario(days=20), tree)
    counted = pd.DataFrame(list(world.counts), columns=["place", "measure"]).groupby("measure")["place"].apply(set)
    assert counted["attendances"] == {"alone", "big", "clinic"}
    assert counted["occupancy"] == {"alone", "w1", "w2", "w3", "clinic"}
    of = {place.code: place for place in world.places}
    assert of["medicine"].bottom == {"w1", "w2"}
    assert of["medicine"].sites == set()
    assert of["trust"].bottom == {"w1", "w2", "w3", "clinic"}
    assert of["root"].sites == {"alone", "big", "clinic"}
