"""Occupancy counted at an hour of the day: the same hospital, seen before the rest of the day's flows."""

import tomllib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.unit.simulate.reading import LAST_DAY, extract, write
from training.errors import UsageError
from training.simulate.places import nodes
from training.simulate.scenario import Scenario
from training.simulate.sites import occupancy_at
from training.simulate.world import LEVELS, sample_world, true_distribution

SHARES_AT_EIGHT = [0.233, 0.045]  # of admissions and of discharges: the first eight hours of the tables added up


def written_at(folder: Path, hour: int | None) -> Path:
    return write(folder, seed=7, days=400, trusts=1, sites=2, census_hour=hour)


@pytest.fixture(scope="module")
def at_day_end(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written_at(tmp_path_factory.mktemp("end"), None)


@pytest.fixture(scope="module")
def at_eight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written_at(tmp_path_factory.mktemp("eight"), 8)


def test_the_hour_is_declared_and_without_one_the_file_is_the_same_as_ever(
    at_day_end: Path, at_eight: Path, tmp_path: Path
) -> None:
    files = [at_day_end, at_eight, written_at(tmp_path, 15)]
    hours = [tomllib.loads((path / "system.toml").read_text())["system"]["census_hour"] for path in files]
    assert hours == [8, 8, 15]


def test_the_hour_changes_occupancy_alone(at_day_end: Path, at_eight: Path) -> None:
    without, with_it = extract(at_day_end), extract(at_eight)
    pd.testing.assert_frame_equal(without.drop(columns="occupancy"), with_it.drop(columns="occupancy"))
    assert (without["occupancy"] != with_it["occupancy"]).mean() > 0.9
    assert (at_day_end / "truth.csv").read_bytes() == (at_eight / "truth.csv").read_bytes()


def test_at_midnight_the_day_has_not_begun(at_day_end: Path, tmp_path: Path) -> None:
    """Occupancy is that of the end of the day before."""
    by_code = extract(at_day_end).groupby("code")["occupancy"]
    at_midnight = extract(written_at(tmp_path, 0))
    known = by_code.shift().notna()
    assert at_midnight.loc[known, "occupancy"].tolist() == by_code.shift()[known].tolist()


def test_a_share_of_each_flow_falls_before_the_census(at_eight: Path) -> None:
    """Least squares on daily changes finds the shares of the first eight hours, within four errors."""
    for _, place in extract(at_eight).groupby("code"):
        occupancy, entering, leaving = (
            place[name].to_numpy(float) for name in ("occupancy", "admissions", "discharges")
        )
        after_midnight = np.diff(occupancy) - entering[:-1] + leaving[:-1]
        found = np.linalg.lstsq(np.column_stack([np.diff(entering), -np.diff(leaving)]), after_midnight)[0]
        assert found == pytest.approx(SHARES_AT_EIGHT, abs=0.1)


def test_patients_at_the_hour_are_as_worked_out_by_hand() -> None:
    """40 in bed at midnight, 30 to come and 10 to go: 40 + 30 * 0.233 - 10 * 0.045 = 46.54 at eight.

    Variance: 30 * 0.233 * 0.767 + 10 * 0.045 * 0.955 = 5.791.
    """
    world = sample_world(3, LAST_DAY, Scenario(days=1), nodes(1, 1))
    (history,) = world.histories.values()
    counted = {"entering": [20, 10], "leaving": [6, 4], "in_bed": [35, 25]}
    many = {name: np.tile(np.array(classes), (1, 100_000, 1, 1)) for name, classes in counted.items()}
    present = occupancy_at(8, replace(history, **many), np.random.default_rng(1))
    assert present.shape == (1, 100_000, 1)
    assert present.mean() == pytest.approx(46.54, abs=0.03)
    assert present.var() == pytest.approx(5.791, abs=0.1)


def test_what_happened_is_below_each_quantile_as_often_as_it_says() -> None:
    """The slack is four errors of the 160 independent windows of a lead, and of 300 draws."""
    world = sample_world(21, LAST_DAY, Scenario(days=900, census_hour=8), nodes(2, 4))
    cutoffs = [LAST_DAY - timedelta(days=7 + 20 * i) for i in range(40)]
    rows = pd.concat([true_distribution(world, cutoff, 7, 300) for cutoff in cutoffs])
    for lead in (1, 7):
        chosen = rows[rows["unique_id"].str.fullmatch("RX.0./occupancy") & rows["lead"].eq(lead)]
        assert len(chosen) == 160
        for level in LEVELS:
            slack = 4 * np.sqrt(level * (1 - level) / 160) + 1 / 300
            assert (chosen["y"] < chosen[f"q{level:g}"]).mean() <= level + slack, level
            assert (chosen["y"] <= chosen[f"q{level:g}"]).mean() >= level - slack, level


@pytest.mark.parametrize("hour", [-1, 24])
def test_an_hour_that_no_day_has_is_rejected(hour: int, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"a census at hour {hour} was asked for. Give 0 to 23."):
        written_at(tmp_path, hour)
