"""Every fault that the simulator can lay into its feeds is found where it was laid."""

import csv
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import pytest

from tests.acceptance.dirty.test_dirty_inputs import table
from tests.unit.cli.commands import headroom, headroom_at
from training.simulate.run import simulate
from training.simulate.scenario import FaultKind, Scenario

LAST_DAY = date(2026, 10, 31)
MORNING_AFTER = datetime(2026, 11, 1, 6, tzinfo=UTC)
SEEDS = (3, 4)

REJECTED = {
    "sentinel_negative": "sentinel",
    "text": "unreadable count",
    "decimal_comma": "unreadable count",
    "repeated": "repeated row",
    "conflicting": "duplicate",
    "unknown_place": "unknown place",
    "future_day": "future day",
}
FOUND = {
    "late": {"late"},
    "partial_day": {"partial day"},
    "zero_day": {"reporting failure"},
    "gap": {"gap"},
    "balance": {"unbalanced"},
    "frozen": {"frozen"},
    "spike": {"spike"},
    "dip": {"spike"},
    "above_beds": {"above beds"},
    "sentinel_positive": {"sentinel", "above beds"},
}


@pytest.fixture(scope="module", params=SEEDS)
def ingested(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str]:
    """A system with every fault, the home it was ingested into, and what the ingest printed."""
    folder, home = tmp_path_factory.mktemp("system"), tmp_path_factory.mktemp("home")
    system = simulate(folder, request.param, LAST_DAY, Scenario(days=900, trusts=2, sites=4, faults=tuple(FaultKind)))
    ended = headroom_at(MORNING_AFTER, "ingest", "--system", system, "--home", home)
    assert ended.exit_code == 0, ended.err
    return folder, home, ended.out


def faults(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "faults.csv", dtype=str, keep_default_na=False)


def test_every_kind_of_fault_is_looked_for(ingested: tuple[Path, Path, str]) -> None:
    kinds = {kind.value for kind in FaultKind}
    assert set(faults(ingested[0])["fault"]) == kinds
    assert kinds == {*REJECTED, *FOUND, "revised"}


def test_an_impossible_value_is_rejected_on_its_line(ingested: tuple[Path, Path, str]) -> None:
    folder, home, _ = ingested
    (file,) = (home / "quarantine").iterdir()
    rejected = {(row["file"], row["line"], row["reason"].split(":")[0]) for row in table(file)}
    laid = faults(folder)
    wanted = laid[laid["fault"].isin(REJECTED)]
    assert len(wanted) >= len(REJECTED)
    assert {(row["file"], row["line"], REJECTED[row["fault"]]) for row in wanted.to_dict("records")} <= rejected


def test_what_is_not_to_be_believed_is_found_on_its_days(ingested: tuple[Path, Path, str]) -> None:
    folder, home, _ = ingested
    laid = faults(folder)
    wanted = [
        {str(name): str(value) for name, value in row.items()}
        for row in laid.to_dict("records")
        if row["fault"] in FOUND
    ]
    missed = [row for row in wanted if not is_found(row, findings(home))]
    assert missed == []


def is_found(fault: dict[str, str], found: list[dict[str, str]]) -> bool:
    """Return whether some finding of the right check is of the place and measure, and touches the days."""
    return any(
        row["check"] in FOUND[fault["fault"]]
        and row["unique_id"].startswith(f"{fault['place']}/")
        and (fault["fault"] == "balance" or row["unique_id"].endswith(fault["measure"]))
        and row["first"] <= fault["to"]
        and row["last"] >= fault["from"]
        for row in found
    )


def findings(home: Path) -> list[dict[str, str]]:
    (file,) = (home / "findings").iterdir()
    with file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_hardly_anything_else_is_suspect(ingested: tuple[Path, Path, str]) -> None:
    folder, home, _ = ingested
    laid = faults(folder)
    touched = {(row["place"], day) for row in laid.to_dict("records") for day in (row["from"], row["to"])}
    besides = [
        row
        for row in findings(home)
        if row["severity"] == "suspect"
        and (row["unique_id"].split("/")[0], row["first"]) not in touched
        and (row["unique_id"].split("/")[0], row["last"]) not in touched
    ]
    assert sum(int(row["days"]) for row in besides) <= 0.001 * 900 * 4 * 5


def test_a_value_that_is_sent_again_takes_the_place_of_the_first(ingested: tuple[Path, Path, str]) -> None:
    folder, home, _ = ingested
    out = home / "known.parquet"
    assert headroom("history", "--system", folder / "system.toml", "--home", home, "--out", out).exit_code == 0
    known = pd.read_parquet(out).set_index(["unique_id", "ds"])["y"]
    laid = faults(folder)
    revised = laid[laid["fault"] == "revised"].to_dict("records")
    assert len(revised) > 0
    for row in revised:
        assert known[f"{row['place']}/{row['measure']}", pd.Timestamp(row["from"])] == float(row["true"])
