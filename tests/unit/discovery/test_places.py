"""Places, their names and parents, streams, and the totals that are left out."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.unit.discovery.extracts import (
    DAYS,
    REGION,
    SITES,
    arrivals,
    csv_of,
    daily,
    occupied,
    of_text,
    written,
)
from training.discovery.discover import as_system_name

ALL = [(site, day) for day in DAYS for site in SITES]


def test_a_code_is_the_id_and_the_other_column_the_name(tmp_path: Path) -> None:
    header = ["date", "Hospital name", "region", "hospital_id", "admissions"]
    found = of_text(tmp_path, daily(header, lambda s, d: [d, SITES[s], REGION[s], s, arrivals(s, d)]))
    assert found.source()["place"] == "hospital_id"
    assert found.names["RX2"] == "South Hospital"
    assert found.places == {"North": "extract", "South": "extract", "RX1": "North", "RX2": "South", "RX3": "North"}


def test_a_region_whose_code_is_that_of_a_place_has_another_id(tmp_path: Path) -> None:
    code, parent = {"RX1": 1, "RX2": 2, "RX3": 3}, {"RX1": 1, "RX2": 2, "RX3": 1}
    header = ["date", "region_code", "region", "province_code", "province", "admissions"]
    text = daily(header, lambda s, d: [d, parent[s], REGION[s], code[s], SITES[s], arrivals(s, d)])
    found = of_text(tmp_path, text)
    assert found.places == {
        "region-1": "extract",
        "region-2": "extract",
        "1": "region-1",
        "2": "region-2",
        "3": "region-1",
    }
    assert found.names["region-1"] == "North"


def test_a_slash_in_an_id_becomes_a_dash(tmp_path: Path) -> None:
    found = of_text(tmp_path, daily(["date", "site", "admissions"], lambda s, d: [d, f"{s}/A", arrivals(s, d)]))
    assert list(found.places) == ["RX1-A", "RX2-A", "RX3-A"]
    assert "replace(" in str(found.source()["query"])


def test_without_a_place_all_rows_are_of_the_system(tmp_path: Path) -> None:
    found = of_text(tmp_path, csv_of(["date", "arrivals"], [(day, arrivals("RX1", day)) for day in DAYS]))
    assert found.places == {}
    assert "SELECT 'extract' AS \"place\"" in str(found.source()["query"])


def test_a_column_of_one_hospital_is_the_place(tmp_path: Path) -> None:
    text = csv_of(["date", "hospital", "arrivals"], [(day, "St Anne", arrivals("RX1", day)) for day in DAYS])
    found = of_text(tmp_path, text)
    assert (found.source()["place"], list(found.places)) == ("hospital", ["St Anne"])


def test_files_whose_names_differ_are_of_a_place_each(tmp_path: Path) -> None:
    text = {s: csv_of(["date", "arrivals"], [(day, arrivals(s, day)) for day in DAYS]) for s in SITES}
    found = written(tmp_path, {f"{SITES[site]}.csv": content for site, content in text.items()})
    assert sorted(found.places) == sorted(SITES.values())
    assert "regexp_extract(filename" in str(found.source()["query"])
    assert found.system_file.sources[0].paths == ("* Hospital.csv",)


@pytest.mark.parametrize("header", ["code,hospital", "hospital_id,label,beds"])
def test_a_file_without_days_names_the_places(tmp_path: Path, header: str) -> None:
    counts = daily(["date", "code", "arrivals"], lambda site, day: [day, site, arrivals(site, day)])
    names = header + "\n" + "".join(f"{site},{name}{',7' * header.count('beds')}\n" for site, name in SITES.items())
    found = written(tmp_path, {"counts.csv": counts, "names.csv": names})
    assert {place: found.names[place] for place in SITES} == SITES
    assert list(found.content["sources"]) == ["daily"]


def test_files_of_months_are_one_source(tmp_path: Path) -> None:
    header = ["date", "site", "arrivals"]
    files: dict[str, str | bytes] = {
        f"export_2024-0{month}.csv": csv_of(header, [(d, s, arrivals(s, d)) for s, d in ALL if d.month == month])
        for month in (3, 4)
    }
    (source,) = written(tmp_path, files).system_file.sources
    assert (source.paths, source.place) == (("export_2024-*.csv",), "site")


@pytest.mark.parametrize("total", [None, "Total", "All areas"])
def test_columns_of_places_without_their_total(tmp_path: Path, total: str | None) -> None:
    rows: list[Sequence[object]] = []
    for day in DAYS:
        counts = [arrivals(site, day) for site in SITES]
        rows.append([day, *counts, *([sum(counts)] if total else [])])
    header = ["date", *SITES.values(), *([total] if total else [])]
    source = written(tmp_path, {"ed_attendances.csv": csv_of(header, rows)}).source()
    assert (source["place_columns"], source["measures"]) == (list(SITES.values()), {"attendances": "*"})


def test_rows_of_totals_are_left_out(tmp_path: Path) -> None:
    rows: list[Sequence[object]] = []
    for day in DAYS:
        counts = {site: arrivals(site, day) for site in SITES}
        north = counts["RX1"] + counts["RX3"]
        rows += [[day, REGION[site], site, count] for site, count in counts.items()]
        rows += [[day, "North", "N1", north], [day, "", "ENG", sum(counts.values())]]
    found = of_text(tmp_path, csv_of(["date", "region", "hospital", "admissions"], rows))
    assert sorted(found.system_file.sources[0].ignore_places) == ["ENG", "N1"]
    assert sorted(found.places) == ["North", "RX1", "RX2", "RX3", "South"]


def test_a_total_of_nearly_all_is_left_out_with_the_total_of_all(tmp_path: Path) -> None:
    sites = [f"S{n}" for n in range(12)]
    rows: list[Sequence[object]] = []
    for n, day in enumerate(DAYS):
        counts = {site: 40 + 7 * i + (n * (i + 3)) % 11 for i, site in enumerate(sites)}
        rows += [[day, site, count] for site, count in counts.items()]
        rows += [[day, "ALL1", sum(counts.values()) - counts["S0"]], [day, "ALL", sum(counts.values())]]
    found = of_text(tmp_path, csv_of(["date", "code", "occupied"], rows))
    assert found.system_file.sources[0].ignore_places == {"ALL", "ALL1"}


def test_a_hospital_that_is_named_like_a_total_and_is_none_stays(tmp_path: Path) -> None:
    names = {"RX1": "All Saints", "RX2": "National Hospital", "RX3": "Total Care"}
    found = of_text(
        tmp_path, daily(["date", "hospital", "arrivals"], lambda s, d: [d, names[s], 50 + arrivals("RX1", d) % 9])
    )
    assert list(found.places) == list(names.values())


def test_rows_without_a_place_are_left_out(tmp_path: Path) -> None:
    rows = [[day, site, SITES[site], arrivals(site, day)] for site, day in ALL]
    rows += [[day, " ", "Regional total", sum(arrivals(site, day) for site in SITES)] for day in DAYS]
    found = of_text(tmp_path, csv_of(["date", "site_code", "site", "arrivals"], rows))
    assert list(found.places) == list(SITES)
    assert str(found.source()["query"]).endswith('WHERE "site_code" IS NOT NULL\n')


def test_streams_without_their_total(tmp_path: Path) -> None:
    rows: list[Sequence[object]] = []
    for site, day in ALL:
        count = arrivals(site, day)
        rows += [[day, site, "0-17", count // 3], [day, site, "18+", count - count // 3], [day, site, "Total", count]]
    source = of_text(tmp_path, csv_of(["date", "site", "age_group", "arrivals"], rows)).source()
    assert source["stream"] == "age_group"
    assert str(source["query"]).endswith("WHERE \"age_group\" NOT IN ('Total')\n")


def test_weekdays_and_parts_of_the_date_are_no_places(tmp_path: Path) -> None:
    header = ["date", "weekday", "year", "month", "arrivals"]
    rows = [(day, day.strftime("%A"), day.year, day.strftime("%B"), arrivals("RX1", day)) for day in DAYS]
    found = of_text(tmp_path, csv_of(header, rows))
    assert (found.places, found.measures) == ({}, {"attendances": "arrivals"})


def test_row_numbers_are_not_read(tmp_path: Path) -> None:
    rows = [[n, n + 5, day, site, occupied(site, day)] for n, (site, day) in enumerate(ALL)]
    assert of_text(tmp_path, csv_of(["", "Unnamed: 0", "date", "site", "occupied"], rows)).measures == {
        "occupancy": "occupied"
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nhs_flu", "nhs_flu"),
        ("São João (ED)", "São João (ED"),
        ("..a/b?c..", "a-b-c"),
        ("***", "system"),
        ("\u0301", "system"),
        ("x" * 300, "x" * 200),
    ],
)
def test_any_file_gives_a_name_that_a_system_may_have(text: str, expected: str) -> None:
    assert as_system_name(text) == expected
