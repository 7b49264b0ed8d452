"""Files as hospitals and ministries send them: init and ingest alone give what DuckDB's SQL gives of the raw files."""

from datetime import date, datetime
from pathlib import Path

import duckdb
import openpyxl
import pandas as pd
import pytest

from tests.architecture.repository import ROOT
from tests.unit.cli.commands import headroom
from training.system.reading import read_system

DATA = ROOT.parent / "shared" / "data"
SENT = DATA / "as_sent"
SYSTEMS = ROOT / "benchmarks" / "systems"
SERIES_DAY = ["unique_id", "ds"]

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real data (../shared/data) is absent")


def values(folder: Path, system: Path) -> pd.DataFrame:
    """Every archived value of a system that is ingested now: `unique_id, ds, y`."""
    home, out = folder / "home", folder / "history.parquet"
    ended = headroom("ingest", "--system", system, "--home", home)
    assert ended.exit_code == 0, ended.err
    assert headroom("history", "--system", system, "--home", home, "--out", out).exit_code == 0
    history = pd.read_parquet(out)
    history["unique_id"] = history["unique_id"].astype(str)
    return history.sort_values(SERIES_DAY, ignore_index=True)[[*SERIES_DAY, "y"]]


def found(folder: Path, *arguments: object) -> pd.DataFrame:
    """The values that init and ingest alone give of files."""
    ended = headroom("init", *arguments, "--out", folder / "system")
    assert ended.exit_code == 0, ended.err
    assert "headroom daily --system" in ended.out
    return values(folder, folder / "system" / "system.toml")


def sql(query: str, file: str, options: str = "") -> pd.DataFrame:
    """The answer to a query over the raw text of a file, by `unique_id` and `ds`."""
    raw = f"SELECT * FROM read_csv('{SENT / file}', all_varchar = true, header = true {options})"
    with duckdb.connect() as connection:
        answer = connection.sql(query.format(raw=f"({raw})")).df()
    answer["ds"] = answer["ds"].astype("datetime64[ns]")
    ordered: pd.DataFrame = answer.sort_values(SERIES_DAY, ignore_index=True)[[*SERIES_DAY, "y"]]
    return ordered


def assert_same(history: pd.DataFrame, expected: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(history, expected, check_dtype=False, rtol=1e-12)


SNAPSHOTS = """
    WITH reported AS (
        SELECT permit, CAST(functional_stretchers AS DOUBLE) AS beds, CAST(occupied_stretchers AS DOUBLE) AS occupied,
               CAST(split_part(updated, 'T', 1) AS DATE) AS released, CAST(snapshot_hour AS TIME) AS hour,
               CAST(lpad(split_part(updated, 'T', 2), 5, '0') || ':00' AS TIME) AS clock
        FROM {raw}
    ), snapshots AS (
        SELECT permit, beds, occupied,
               CASE WHEN hour > clock THEN released - 1 ELSE released END AS day, hour,
               abs(extract('hour' FROM hour) - 8) AS away
        FROM reported WHERE beds IS NOT NULL
    )
"""
CENSUS = """
    SELECT permit || '/{measure}' AS unique_id, day AS ds,
           arg_min({column}, away * 100 + extract('hour' FROM hour)) AS y
    FROM snapshots WHERE away <= 3 GROUP BY ALL
"""
OF_THE_DAY = "SELECT permit || '/{measure}' AS unique_id, day AS ds, {of}(occupied) AS y FROM snapshots GROUP BY ALL"


def test_hourly_snapshots_of_departments(tmp_path: Path) -> None:
    history = found(tmp_path, SENT / "quebec_hourly_2024.csv.gz", "--timezone", "America/Montreal")
    parts = (
        CENSUS.replace("{measure}", "occupancy").replace("{column}", "occupied"),
        CENSUS.replace("{measure}", "beds").replace("{column}", "beds"),
        OF_THE_DAY.replace("{measure}", "occupancy_mean").replace("{of}", "avg"),
        OF_THE_DAY.replace("{measure}", "occupancy_max").replace("{of}", "max"),
    )
    expected = sql(SNAPSHOTS + " UNION ALL ".join(parts), "quebec_hourly_2024.csv.gz")
    assert expected["unique_id"].nunique() == 4 * 115
    assert_same(history, expected)


def test_one_release_without_regional_totals(tmp_path: Path) -> None:
    history = found(tmp_path, SENT / "quebec_release_one_hour.csv")
    raw = (SENT / "quebec_release_one_hour.csv").read_text(encoding="latin-1").splitlines()[1:]
    rows = [line.split(",") for line in raw]
    expected = pd.DataFrame(
        [
            (f"{row[4]}/{measure}", pd.Timestamp("2024-04-29"), float(count))
            for row in rows
            if row[4].strip()
            for measure, count in (("beds", row[5]), ("occupancy", row[6]))
            if count.strip().isdigit()
        ],
        columns=[*SERIES_DAY, "y"],
    ).sort_values(SERIES_DAY, ignore_index=True)
    assert len(expected) == 230
    assert_same(history, expected)


def test_calls_of_each_hour_with_a_column_a_borough(tmp_path: Path) -> None:
    history = found(tmp_path, SENT / "nyc_ems_hourly.csv", "--timezone", "America/New_York")
    boroughs = ["BRONX", "BROOKLYN", "MANHATTAN", "QUEENS", "RICHMOND / STATEN ISLAND", "UNKNOWN"]
    parts = (
        f"SELECT replace('{borough}', '/', '-') || '/calls' AS unique_id, "
        f'make_date(year::INT, month::INT, day::INT) AS ds, sum("{borough}"::DOUBLE) AS y FROM {{raw}} GROUP BY ALL'
        for borough in boroughs
    )
    expected = sql(" UNION ALL ".join(parts), "nyc_ems_hourly.csv")
    assert len(expected) == 6 * 3652
    assert_same(history, expected)


def test_beds_by_province_and_unit(tmp_path: Path) -> None:
    history = found(tmp_path, SENT / "spain_beds_by_province.csv")
    part = (
        "SELECT Cod_Provincia || '/{measure}/' || Unidad AS unique_id, strptime(Fecha, '%d/%m/%Y') AS ds, "
        "sum({column}) AS y FROM {{raw}} GROUP BY ALL"
    )
    expected = sql(
        part.format(measure="beds", column="TOTAL_CAMAS::DOUBLE")
        + " UNION ALL "
        + part.format(measure="occupancy", column="OCUPADAS_COVID19::DOUBLE + OCUPADAS_NO_COVID19::DOUBLE"),
        "spain_beds_by_province.csv",
        ", delim = ';', encoding = 'latin-1'",
    )
    assert len(expected) == 2 * 41_169
    assert_same(history, expected)


def test_beds_occupied_by_patients_with_influenza(tmp_path: Path) -> None:
    history = found(tmp_path, SENT / "nhs_uec_flu_2022-23.xlsx", "--timezone", "Europe/London")
    sheet = openpyxl.load_workbook(SENT / "nhs_uec_flu_2022-23.xlsx", read_only=True, data_only=True).worksheets[0]
    rows = [list(row) for row in sheet.iter_rows(min_row=14, values_only=True)]
    code = rows[1].index("Code")
    measure = {"G&A flu beds": "ga_flu_beds", "CC flu beds": "cc_flu_beds"}
    expected, day = [], None
    for column in range(code + 2, len(rows[0])):
        day = rows[0][column] if isinstance(rows[0][column], date | datetime) else day
        for row in rows[2:]:
            if row[code] and row[code] != "-" and rows[1][column] in measure and row[column] not in (None, "-"):
                expected.append((f"{row[code]}/{measure[rows[1][column]]}", pd.Timestamp(str(day)), float(row[column])))
    table = pd.DataFrame(expected, columns=[*SERIES_DAY, "y"]).sort_values(SERIES_DAY, ignore_index=True)
    assert table["unique_id"].nunique() == 2 * 137
    assert_same(history, table)


@pytest.mark.parametrize(
    ("file", "last"), [("quebec_release_one_hour.csv", "2024-04-29"), ("spain_beds_by_province.csv", "2021-05-09")]
)
def test_the_next_command_forecasts_from_the_last_day_that_is_over(tmp_path: Path, file: str, last: str) -> None:
    ended = headroom("init", SENT / file, "--out", tmp_path)
    assert ended.out.rstrip().endswith(f"system.toml --cutoff {last}")


def test_months_are_rejected(tmp_path: Path) -> None:
    ended = headroom("init", SENT / "nhs_ae_monthly_2025-12.csv", "--out", tmp_path)
    assert ended.exit_code == 3
    assert "it has no column of days; counts a day are needed" in ended.err
    assert list(tmp_path.iterdir()) == []


BENCHMARKS = {
    "germany_icu.toml": ("germany_icu/*.csv", ("--name", "DE", "--timezone", "Europe/Berlin", "--holidays", "DE")),
    "nhs_winter.toml": ("nhs_winter_sitrep/*.csv", ("--name", "ENG", "--timezone", "Europe/London")),
    "portugal_ed.toml": ("portugal_ed/*.csv", ("--name", "PT", "--timezone", "Europe/Lisbon", "--holidays", "PT")),
    "swast.toml": ("swast_ambulance/daily*.csv", ("--name", "SWAST", "--timezone", "Europe/London")),
}
DIFFERENCES = {
    "germany_icu.toml": {"names": ["DE"], "kinds": 16},  # no file names the root; states are regions to init
    "nhs_winter.toml": {"names": ["ENG"], "kinds": 141},  # nothing says that the places are trusts
    "portugal_ed.toml": {"names": ["PT"], "kinds": 0},
    "swast.toml": {"names": ["OOA", "SWAST"], "kinds": 0},  # a person wrote out the abbreviation: out of area
}
"""Facts of places that init does not find; the name, time zone and bank holidays of a system are given to it."""


@pytest.mark.parametrize("system", BENCHMARKS)
def test_the_systems_of_the_benchmarks_are_found_again(tmp_path: Path, system: str) -> None:
    files, options = BENCHMARKS[system]
    history = found(tmp_path / "found", *sorted(DATA.glob(files)), *options)
    assert_same(history, values(tmp_path / "written", SYSTEMS / system))
    ours, theirs = read_system(tmp_path / "found" / "system" / "system.toml"), read_system(SYSTEMS / system)
    assert ours.system.measures == theirs.system.measures
    assert ours.sources[0].ignore_places == theirs.sources[0].ignore_places  # the totals
    assert (ours.system.timezone, ours.system.census_hour) == (theirs.system.timezone, theirs.system.census_hour)
    by_id = {place.id: place for place in theirs.system.places}
    assert {p.id: p.parent for p in ours.system.places} == {p.id: p.parent for p in theirs.system.places}
    assert {
        "names": sorted(p.id for p in ours.system.places if p.name != by_id[p.id].name),
        "kinds": sum(p.kind != by_id[p.id].kind for p in ours.system.places),
    } == DIFFERENCES[system]
