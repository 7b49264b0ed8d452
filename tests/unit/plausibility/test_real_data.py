"""Findings in real data: the anomalies that are known, and hardly anything else."""

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from publication.model import Measure, Place, System
from publication.vocabulary import Kind
from training.frames import wide
from training.history.plausibility.catalogue import NEWEST_CHECKS, detection_delays
from training.history.plausibility.findings import findings
from training.history.plausibility.suspect_checks import NOT_FLAGGED
from training.system.model import SystemContext, SystemFile
from training.system.reading import read_system

ROOT = Path(__file__).parents[3]
DATA = ROOT.parent / "shared" / "data"
LARGEST_SHARE = 0.005

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real data (../shared/data) is absent")


def counted(name: str, file: SystemFile) -> pd.DataFrame:
    """The counts of a real system, read by the csv module and pandas alone."""
    source = file.sources[0]
    cells: dict[tuple[str, str], float] = {}
    for path in sorted(p for pattern in source.paths for p in (file.folder).glob(pattern)):
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                for measure, columns in source.columns.items():
                    if row[source.place] not in source.ignore_places and all(row[column] for column in columns):
                        key = (f"{row[source.place]}/{measure}", row[source.day])
                        cells[key] = sum(float(row[column]) for column in columns)
    rows = pd.DataFrame([(i, day, y) for (i, day), y in cells.items()], columns=["unique_id", "ds", "y"])
    return wide(rows.assign(ds=pd.to_datetime(rows["ds"])))


def suspects_of(name: str) -> tuple[set[tuple[str, str]], int]:
    """Suspect series and days of a real system, and how many values it has."""
    file = read_system(ROOT / "benchmarks" / "systems" / f"{name}.toml")
    table = counted(name, file)
    delays = pd.DataFrame(detection_delays(table, file.system, file.context), table.index, table.columns)
    of_newest = detection_delays(table, file.system, file.context, NEWEST_CHECKS)
    newest = pd.DataFrame(of_newest, table.index, table.columns)
    days, series = np.nonzero(((delays != NOT_FLAGGED) | (newest != NOT_FLAGGED)).to_numpy())
    names, dates = table.columns[series], pd.DatetimeIndex(table.index[days]).strftime("%Y-%m-%d")
    found = set(zip(map(str, names), dates, strict=True))
    return found, int(table.notna().sum().sum())


@pytest.mark.parametrize(
    ("name", "n_values", "n_suspect"),
    [("swast", 15699, 0), ("portugal_ed", 14915, 18), ("germany_icu", 63424, 2), ("nhs_winter", 76148, 91)],
)
def test_hardly_a_day_of_the_real_systems_is_suspect(name: str, n_values: int, n_suspect: int) -> None:
    found, n_found = suspects_of(name)
    assert (n_found, len(found)) == (n_values, n_suspect)
    assert len(found) <= LARGEST_SHARE * n_found


def test_portugals_one_day_anomalies_are_found() -> None:
    found, _ = suspects_of("portugal_ed")
    assert found >= {
        ("Algarve/attendances", "2019-04-19"),
        ("Algarve/attendances", "2021-11-19"),
        ("Algarve/attendances", "2022-02-17"),
        ("Algarve/attendances", "2022-08-24"),
        ("Alentejo/attendances", "2019-12-31"),
        ("Centro/attendances", "2019-08-06"),
        ("Centro/attendances", "2019-10-10"),
    }


def test_the_lockdown_is_a_level_shift_and_not_a_row_of_faults() -> None:
    file = read_system(ROOT / "benchmarks" / "systems" / "portugal_ed.toml")
    found = findings(counted("portugal_ed", file), file.system, file.context)
    spring = found[found["first"].between(pd.Timestamp("2020-03-01"), pd.Timestamp("2020-04-30"))]
    assert set(spring["check"]) == {"level shift"}


def test_the_day_on_which_no_trust_reported_a_discharge_is_a_reporting_failure() -> None:
    sums: dict[tuple[str, str], float] = defaultdict(float)
    with (DATA / "nhs_discharges" / "trust_daily_discharges_60trusts.csv").open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            if row["discharged_total"] not in ("", "NA"):
                sums[f"{row['nhs_trust22_code']}/discharges", row["date"]] = float(row["discharged_total"])
    rows = pd.DataFrame([(i, day, y) for (i, day), y in sums.items()], columns=["unique_id", "ds", "y"])
    table = wide(rows.assign(ds=pd.to_datetime(rows["ds"])))
    trusts = sorted({unique_id.split("/")[0] for unique_id in table.columns})
    places = (Place("ENG", None, "England", "system"), *(Place(trust, "ENG", trust, "trust") for trust in trusts))
    measures = (Measure("discharges", Kind.FLOW, "patients"),)
    system = System("ENG", "Europe/London", 8, 7, (0.92,), (0.5,), measures, places)
    found = findings(table, system, SystemContext("GB-ENG"))
    failures = found[found["check"] == "reporting failure"]
    assert set(failures["first"]) == set(failures["last"]) == {pd.Timestamp("2022-06-19")}
    assert set(failures["unique_id"]) == {f"{trust}/discharges" for trust in trusts}
    assert len(trusts) == 58
    besides = found[(found["severity"] == "suspect") & (found["check"] != "reporting failure")]
    assert besides.groupby("check")["days"].sum().to_dict() == (
        {"excursion": 6, "frozen": 15, "partial day": 1, "spike": 175, "sudden zero": 189}
    )
