"""The four real systems, against counts taken from their files by the csv module alone."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from training.history.archive import Archive
from training.history.ingest import ingest
from training.history.summary import IngestSummary
from training.system.reading import read_system

ROOT = Path(__file__).parents[3]
DATA = ROOT.parent / "shared" / "data"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SYSTEMS = ("nhs_winter", "portugal_ed", "swast", "germany_icu")

GERMAN_DEPARTMENTS = """
[system]
name = "DE"
timezone = "Europe/Berlin"

[sources.departments]
path = "extract.csv"
place = "place"
day = "date"
measures = { attendances = "visit_count" }
known_at = "published"
"""

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real data (../shared/data) is absent")

Ingested = tuple[IngestSummary, IngestSummary, pd.DataFrame]


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ingested]:
    """For each system the summaries of ingesting it twice, and what is known then."""
    found = {}
    for name in SYSTEMS:
        home = tmp_path_factory.mktemp(name)
        file = read_system(ROOT / "benchmarks" / "systems" / f"{name}.toml")
        archive = Archive(home / "history", file.system.timezone)
        first, second = (ingest(file, archive, home / "quarantine", NOW) for _ in range(2))
        found[name] = (first, second, archive.as_of())
    return found


def rows_of(pattern: str) -> Iterator[dict[str, str]]:
    for path in sorted(DATA.glob(pattern)):
        with path.open(encoding="utf-8", newline="") as lines:
            yield from csv.DictReader(lines)


def by_measure_and_day(table: pd.DataFrame) -> dict[tuple[str, str], float]:
    """The sum over all places."""
    measure = table["unique_id"].str.split("/").str[1]
    sums = table.groupby([measure, table["ds"].dt.strftime("%Y-%m-%d")])["y"].sum()
    return dict(zip(sums.index.to_flat_index(), sums, strict=True))


@pytest.mark.parametrize(
    ("name", "rows", "new", "empty", "ignored", "n_series"),
    [
        ("nhs_winter", 39_508, 76_148, 1_748, 560, 280),
        ("portugal_ed", 14_915, 14_915, 0, 0, 5),
        ("swast", 17_892, 15_699, 0, 2_193, 8),
        ("germany_icu", 31_712, 63_424, 0, 0, 32),
    ],
)
def test_every_row_of_a_real_system_is_accounted_for(
    ingested: dict[str, Ingested], name: str, rows: int, new: int, empty: int, ignored: int, n_series: int
) -> None:
    summary, _, table = ingested[name]
    assert (summary.rows, summary.new, summary.empty, summary.ignored) == (rows, new, empty, ignored)
    assert (summary.revised, summary.quarantined, summary.quarantine) == (0, {}, None)
    assert (len(table), table["unique_id"].nunique()) == (new, n_series)


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_real_system_ingested_again_is_unchanged(ingested: dict[str, Ingested], name: str) -> None:
    first, second, _ = ingested[name]
    assert (second.new, second.revised, second.unchanged) == (0, 0, first.new)


def test_trusts_add_up_to_england_on_each_day_as_published(ingested: dict[str, Ingested]) -> None:
    sums = by_measure_and_day(ingested["nhs_winter"][2])
    england = [row for row in rows_of("nhs_winter_sitrep/sitrep_*.csv") if row["code"] == "ENG"]
    assert len(england) == 154 + 126
    for row in england:
        assert sums["occupancy", row["date"]] == float(row["ga_occupied"])
        assert sums["beds", row["date"]] == float(row["ga_open"])


def test_areas_add_up_to_the_ambulance_trust_where_out_of_area_is_reported(ingested: dict[str, Ingested]) -> None:
    sums = by_measure_and_day(ingested["swast"][2])
    trust = {
        r["date"]: float(r["responses"]) for r in rows_of("swast_ambulance/*responses.csv") if r["area"] == "Trust"
    }
    missing = {day: y - sums["responses", day] for day, y in trust.items()}
    assert len(missing) == 2_193
    assert {y for day, y in missing.items() if day >= "2019"} == {0.0}
    # Before 2019 the published total has a few responses a day that no area has.
    assert {y for day, y in missing.items() if day < "2019"} == set(map(float, range(12)))


def test_occupied_and_free_beds_add_up_to_the_beds_of_germany(ingested: dict[str, Ingested]) -> None:
    sums = by_measure_and_day(ingested["germany_icu"][2])
    beds: dict[str, float] = defaultdict(float)
    for row in rows_of("germany_icu/*.csv"):
        beds[row["datum"]] += int(row["intensivbetten_belegt"]) + int(row["intensivbetten_frei"])
    assert {day: y for (measure, day), y in sums.items() if measure == "beds"} == beds


def test_portuguese_episodes_are_those_of_the_file(ingested: dict[str, Ingested]) -> None:
    table = ingested["portugal_ed"][2]
    known = dict(
        zip(zip(table["unique_id"], table["ds"].dt.strftime("%Y-%m-%d"), strict=True), table["y"], strict=True)
    )
    assert known == {
        (f"{row['region']}/attendances", row["date"]): float(row["ed_episodes"])
        for row in rows_of("portugal_ed/daily_by_region.csv")
    }


def test_each_publication_is_read_back_exactly_and_days_that_it_left_out_keep_their_value(tmp_path: Path) -> None:
    (tmp_path / "system.toml").write_text(GERMAN_DEPARTMENTS, encoding="utf-8")
    published: dict[str, dict[str, float]] = defaultdict(dict)
    with (tmp_path / "extract.csv").open("w", encoding="utf-8") as lines:
        lines.write("place,date,published,visit_count\n")
        for row in rows_of("germany_ed_vintages/*.csv"):
            published[row["published"]][row["date"]] = float(row["visit_count"])
            lines.write(f"DE,{row['date']},{row['published']},{row['visit_count']}\n")
    archive = Archive(tmp_path / "history", "Europe/Berlin")
    ingest(read_system(tmp_path / "system.toml"), archive, tmp_path / "quarantine", NOW)
    assert len(published) == 39
    expected: dict[str, float] = {}
    for day in sorted(published):
        known = archive.as_of(datetime.fromisoformat(day))
        found = dict(zip(known["ds"].dt.strftime("%Y-%m-%d"), known["y"], strict=True))
        assert {ds: found[ds] for ds in published[day]} == published[day]
        expected |= published[day]  # a day that is left out is not unsaid: what was known of it still is
        assert found == expected
