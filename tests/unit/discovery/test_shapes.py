"""What rows are, and how they become days."""

import random
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.unit.discovery.extracts import BEDS, DAYS, SITES, arrivals, csv_of, daily, occupied, of_text, written
from training.discovery.looking import Options
from training.errors import HistoryError


def test_one_row_a_day_needs_no_aggregate(tmp_path: Path) -> None:
    text = daily(["date", "site", "admissions"], lambda site, day: [day, site, arrivals(site, day)])
    assert "aggregate" not in of_text(tmp_path, text).source()


def test_hourly_counts_are_added_up(tmp_path: Path) -> None:
    rows = [(f"{day} {hour:02d}:00", site, 3 + hour % 5) for day in DAYS for hour in range(24) for site in SITES]
    found = of_text(tmp_path, csv_of(["timestamp", "site", "arrivals"], rows))
    assert found.source("sums") == {
        "place": "site",
        "time": "timestamp",
        "aggregate": "sum",
        "measures": {"attendances": "arrivals"},
    }


def test_hours_from_1_to_24_are_named_by_their_ends(tmp_path: Path) -> None:
    rows = [(day, hour, site, 3 + hour % 5) for day in DAYS for hour in range(1, 25) for site in SITES]
    source = of_text(tmp_path, csv_of(["date", "hour", "site", "arrivals"], rows)).source("sums")
    assert source["time"] == ["date", "hour"]
    assert 'CAST("hour" AS INTEGER) - 1 AS "hour"' in str(source["query"])


def test_snapshots_give_a_census_and_the_mean_and_maximum_of_the_day(tmp_path: Path) -> None:
    rows = [
        (f"{day}T{hour:02d}:00:00", site, occupied(site, day) + hour % 3, BEDS[site])
        for day in DAYS
        for hour in range(0, 24, 4)
        for site in SITES
    ]
    found = of_text(tmp_path, csv_of(["snapshot_time", "site", "occupied", "capacity"], rows))
    aggregates = {source.name: source.aggregate for source in found.system_file.sources}
    assert aggregates == {"census": "census", "occupancy_mean": "mean", "occupancy_max": "max"}
    assert found.measures == {
        "occupancy": "occupied",
        "beds": "capacity",
        "occupancy_mean": "occupied",
        "occupancy_max": "occupied",
    }


@pytest.mark.parametrize(("hours", "expected"), [((6, 14, 22), 8), ((0, 12), 12), ((4,), 4), (tuple(range(24)), 8)])
def test_the_census_is_at_an_hour_that_is_sent(tmp_path: Path, hours: tuple[int, ...], expected: int) -> None:
    rows = [(f"{d} {h:02d}:{d.day % 3}0", s, occupied(s, d), BEDS[s]) for d in DAYS for h in hours for s in SITES]
    found = of_text(tmp_path, csv_of(["time", "site", "occupied", "beds"], rows))
    assert found.system_file.system.census_hour == expected


def events(*headers: str, n_days: int = 60) -> str:
    chosen = random.Random(1)

    def instant(day: date) -> str:
        return f"{day} {chosen.randrange(24):02d}:{chosen.randrange(60):02d}:00"

    rows = [
        (n, chosen.choice(list(SITES)), instant(day), instant(day + timedelta(days=1)) if n % 9 else "", n % 5 + 1)
        for n, day in enumerate(day for day in DAYS[:n_days] for _ in range(70))
    ]
    return csv_of(["id", "hospital", *headers, "triage"], rows)


def test_events_are_counted_each_by_its_own_time(tmp_path: Path) -> None:
    found = of_text(tmp_path, events("arrival_datetime", "discharge_datetime"))
    assert found.source("attendances") == {
        "place": "hospital",
        "time": "arrival_datetime",
        "aggregate": "count",
        "measures": {"attendances": "*"},
    }
    left = found.source("discharges")
    assert (left["time"], left["aggregate"]) == ("discharge_datetime", "count")
    assert str(left["query"]).endswith('WHERE "discharge_datetime" IS NOT NULL\n')


def test_events_of_days_without_times_are_counted(tmp_path: Path) -> None:
    rows = [(n, day, "med") for n, day in enumerate(day for day in DAYS for _ in range(5))]
    found = of_text(tmp_path, csv_of(["patient", "admission_date", "specialty"], rows))
    assert (found.source("admissions")["day"], found.source("admissions")["aggregate"]) == ("admission_date", "count")


def test_days_in_the_header_become_rows(tmp_path: Path) -> None:
    header = ["Code", "Name", *(day.strftime("%d/%m/%Y") for day in DAYS)]
    rows = [[site, name, *(occupied(site, day) for day in DAYS)] for site, name in SITES.items()]
    total = ["", "Total", *(sum(occupied(site, day) for site in SITES) for day in DAYS)]
    found = written(tmp_path, {"occupied_beds.csv": csv_of(header, [total, *rows])})
    source = found.source()
    assert "UNPIVOT" in str(source["query"])
    assert str(source["query"]).endswith('WHERE "Code" IS NOT NULL\n')
    assert (source["place"], source["day"], source["day_format"]) == ("Code", "day", "%d/%m/%Y")
    assert source["measures"] == {"occupancy": "count"}
    assert found.names["RX1"] == "North Hospital"


def test_measures_named_in_rows_become_columns(tmp_path: Path) -> None:
    counted = {"Occupied beds": occupied, "Available beds": lambda s, _: BEDS[s], "ED arrivals": arrivals}
    rows = [(day, site, name, of(site, day)) for day in DAYS for site in SITES for name, of in counted.items()]
    found = of_text(tmp_path, csv_of(["date", "hospital", "indicator", "value"], rows))
    assert found.measures == {"attendances": "ED arrivals", "occupancy": "Occupied beds", "beds": "Available beds"}


def test_each_day_that_is_sent_again_is_known_at_its_publication(tmp_path: Path) -> None:
    rows = [
        (day, site, arrivals(site, day) + again, day + timedelta(days=1 + again))
        for day in DAYS
        for site in SITES
        for again in (0, 7)
    ]
    source = of_text(tmp_path, csv_of(["date", "site", "admissions", "published"], rows)).source()
    assert (source["known_at"], source.get("aggregate")) == ("published", None)


def test_rows_that_nothing_tells_apart_are_added_up(tmp_path: Path) -> None:
    rows = [(day, site, 4 + n) for day in DAYS for site in SITES for n in range(3)]
    assert of_text(tmp_path, csv_of(["date", "site", "admissions"], rows)).source()["aggregate"] == "sum"


@pytest.mark.parametrize("suffix", ["Z", "+00:00"])
def test_instants_in_utc_need_the_hospitals_zone(tmp_path: Path, suffix: str) -> None:
    rows = [(f"{day}T{hour:02d}:00:00{suffix}", site, 4) for day in DAYS for hour in range(24) for site in SITES]
    text = csv_of(["time", "site", "arrivals"], rows)
    with pytest.raises(HistoryError, match="--timezone"):
        of_text(tmp_path, text)
    found = of_text(tmp_path, text, Options(timezone="Europe/Madrid"))
    assert found.system_file.system.timezone == "Europe/Madrid"


def test_offsets_that_change_with_the_season_settle_the_zone(tmp_path: Path) -> None:
    days = [date(2024, 3, 29) + timedelta(days=n) for n in range(5)]
    rows = [
        (f"{day}T{hour:02d}:00:00{'+01:00' if day < date(2024, 3, 31) else '+02:00'}", site, 4)
        for day in days
        for hour in range(4, 24)
        for site in SITES
    ]
    assert of_text(tmp_path, csv_of(["time", "site", "arrivals"], rows)).system_file.system.timezone == "Europe/Berlin"
