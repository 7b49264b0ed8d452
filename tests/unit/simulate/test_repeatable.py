"""The same arguments give the same bytes, and no site depends on another."""

import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from tests.unit.simulate.reading import LAST_DAY, extract, files, write
from training.simulate.run import simulate
from training.simulate.scenario import FaultKind, Scenario

EVERYTHING = """
import sys
from datetime import date
from pathlib import Path
from training.simulate.run import simulate
from training.simulate.scenario import FaultKind, Scenario
scenario = Scenario(250, 2, 5, 2, True, True, True, tuple(FaultKind), (date(2026, 10, 1),), 7, 50)
simulate(Path(sys.argv[1]), 9, date(2026, 11, 21), scenario)
"""


def test_another_process_with_another_hash_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    hash_seed = "1" if os.environ.get("PYTHONHASHSEED") != "1" else "2"
    environ = {**os.environ, "PYTHONHASHSEED": hash_seed}
    subprocess.run([sys.executable, "-c", EVERYTHING, tmp_path / "there"], check=True, env=environ, timeout=120)
    scenario = Scenario(250, 2, 5, 2, True, True, True, tuple(FaultKind), (date(2026, 10, 1),), 7, 50)
    here = files(simulate(tmp_path / "here", 9, LAST_DAY, scenario).parent)
    assert {"faults.csv", "truth/2026-10-01.parquet", "extract/2026_revised.csv"} < set(here)
    assert files(tmp_path / "there") == here


def test_a_second_run_into_the_same_folder_changes_nothing(tmp_path: Path) -> None:
    options: dict[str, object] = {"days": 250, "faults": (FaultKind.GAP,), "truth_days": (LAST_DAY,), "draws": 10}
    before = files(write(tmp_path, seed=7, **options))
    assert files(write(tmp_path, seed=7, **options)) == before


def test_another_seed_gives_another_history(plain: Path, tmp_path: Path) -> None:
    assert not extract(write(tmp_path, seed=8))["attendances"].equals(extract(plain)["attendances"])


@pytest.mark.parametrize("wards", [0, 3])
def test_a_site_does_not_depend_on_how_many_others_there_are(tmp_path: Path, wards: int) -> None:
    few = extract(write(tmp_path / "few", seed=7, days=100, sites=3, wards=wards))
    many = extract(write(tmp_path / "many", seed=7, days=100, sites=6, wards=wards))
    same = many[many["code"].isin(few["code"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(same, few)


def test_truth_and_faults_change_nothing_that_is_true(tmp_path: Path) -> None:
    plain = files(write(tmp_path / "plain", seed=7, days=250))
    with_truth = files(write(tmp_path / "truth", seed=7, days=250, truth_days=(date(2026, 10, 1),), draws=10))
    spoiled = files(write(tmp_path / "spoiled", seed=7, days=250, faults=tuple(FaultKind)))
    assert {name: with_truth[name] for name in plain} == plain
    unspoiled = [name for name in plain if not name.startswith("extract")]
    assert {name: spoiled[name] for name in unspoiled} == {name: plain[name] for name in unspoiled}


def test_days_trusts_and_sites_can_be_given_without_a_scenario(tmp_path: Path) -> None:
    short = simulate(tmp_path / "short", seed=1, last_day=LAST_DAY, days=10, trusts=1, sites=2).parent
    assert files(short) == files(write(tmp_path / "full", seed=1, days=10, trusts=1, sites=2))
