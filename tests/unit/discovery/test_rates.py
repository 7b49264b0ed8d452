"""Columns of percentages: rates of their own, or left out where other columns of the table give them."""

import math
from datetime import date
from pathlib import Path

import pytest

from publication.vocabulary import Kind
from tests.unit.discovery.extracts import BEDS, DAYS, SITES, arrivals, daily, occupied, of_text
from training.discovery.discover import discover
from training.discovery.looking import Options


def performance(site: str, day: date) -> float:
    """A share of the attendances of a day, in percent with one decimal."""
    return round(91 + 5 * math.sin((day - DAYS[0]).days / 3 + BEDS[site]), 1)


def cell(kind: str, site: str, day: date) -> object:
    """A cell of a column, by what it holds."""
    rate, of_beds = performance(site, day), 100 * occupied(site, day) / BEDS[site]
    return {
        "tenths": rate,
        "sign": f"{rate} %",
        "integer, with sign": f"{rate:.0f}%",
        "integer": round(rate),
        "shares of one": rate / 100,
        "of beds": f"{of_beds:.1f}%",
        "of beds, integer": round(of_beds),
        "constant": "93%",
        "per 1000": 10 * rate,
    }[kind]


@pytest.mark.parametrize(
    ("column", "holds", "measure"),
    [
        ("Performance %", "tenths", "performance"),
        ("performance", "sign", "performance"),
        ("within 4 h", "integer, with sign", "within_4_h"),
        ("pct_within_4h", "integer", "pct_within_4_h"),
        ("taux de prise en charge", "tenths", "taux_de_prise_en_charge"),
        ("Auslastung Prozent", "integer", "auslastung_prozent"),
        ("Occupancy %", "tenths", "occupancy_rate"),  # the name alone is that of a count of beds
        ("occupancy rate", "tenths", "occupancy_rate"),
        ("rate", "integer", None),  # nothing says that it is a percentage
        ("share", "shares of one", None),
        ("rate per 1000", "per 1000", None),
        ("Occupancy %", "constant", None),
    ],
)
def test_a_column_of_percentages_is_a_rate(column: str, holds: str, measure: str | None, tmp_path: Path) -> None:
    text = daily(["date", "site", "arrivals", column], lambda s, d: [d, s, arrivals(s, d), cell(holds, s, d)])
    written = of_text(tmp_path, text)
    assert written.measures == {"attendances": "arrivals"} | ({measure: column} if measure else {})
    kinds = {of.name: (of.kind, of.unit) for of in written.system_file.system.measures}
    assert measure is None or kinds[measure] == (Kind.RATE, "percent")


@pytest.mark.parametrize("holds", ["of beds", "of beds, integer"])
@pytest.mark.parametrize("base", ["beds", "free"])
def test_a_percentage_that_two_other_columns_give_is_left_out(holds: str, base: str, tmp_path: Path) -> None:
    header = ["date", "site", "occupied beds", "open beds" if base == "beds" else "free beds", "full %"]

    def row(site: str, day: date) -> list[object]:
        other = BEDS[site] if base == "beds" else BEDS[site] - occupied(site, day)
        return [day, site, occupied(site, day), other, cell(holds, site, day)]

    (tmp_path / "extract.csv").write_text(daily(header, row))
    found = discover([tmp_path / "extract.csv"], tmp_path, Options())
    assert "full" not in found.draft.declared
    measures = found.draft.sources[0].keys["measures"]
    assert isinstance(measures, dict)
    assert set(measures) == {"occupancy", "beds"}


def test_an_extract_of_percentages_alone_is_read(tmp_path: Path) -> None:
    header = ["Datum", "Haus", "Auslastung"]
    text = daily(header, lambda s, d: [f"{d:%d.%m.%Y}", s, f"{performance(s, d):.1f} %".replace(".", ",")], ";")
    written = of_text(tmp_path, text)
    assert written.measures == {"auslastung": "Auslastung"}
    assert written.source()["decimal"] == ","
    assert written.places == dict.fromkeys(SITES, written.system_file.system.name)
    assert [of.kind for of in written.system_file.system.measures] == [Kind.RATE]
