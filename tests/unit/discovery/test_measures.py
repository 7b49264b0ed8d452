"""What columns count: by their names in several languages, and by what their numbers do."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import pytest

from tests.unit.discovery.extracts import BEDS, arrivals, daily, occupied, of_text
from training.discovery.measures import role_of
from training.discovery.words import tokens


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("G&A bedsOpen", ("ga", "beds", "open")),
        ("EDVisits_2024", ("ed", "visits", "2024")),
        ("Nombre_de_civières_occupées", ("nombre", "de", "civieres", "occupees")),
        ("OCUPADAS_NO_COVID19", ("ocupadas", "no", "covid", "19")),
        ("Straßenfälle", ("strassenfalle",)),
        ("", ()),
    ],
)
def test_a_name_is_cut_into_words(name: str, expected: tuple[str, ...]) -> None:
    assert tokens(name) == expected


@pytest.mark.parametrize(
    ("role", "names"),
    [
        ("attendances", "ed_arrivals | Attendances | ED visits | passages aux urgences | Urgencias atendidas"),
        ("attendances", "Atendimentos de urgência | accessi PS | Notaufnahmen | SEH bezoeken | Antal besök | Besøg"),
        ("admissions", "admissions | emergency_admissions | ingresos | internamentos | ricoveri | Aufnahmen | opnames"),
        ("admissions", "inläggningar | Nouvelles hospitalisations | innleggelser"),
        ("discharges", "discharges | sorties | altas | dimissioni | Entlassungen | ontslagen | utskrivningar"),
        ("occupancy", "ga_occupied | lits occupés | camas ocupadas | camas ocupadas | letti occupati | Betten belegt"),
        ("occupancy", "bezette bedden | belagda vårdplatser | intensivbetten_belegt | inpatient_beds_used"),
        ("beds", "ga_open | staffed beds | lits | TOTAL_CAMAS | posti letto | Intensivbetten | functional_stretchers"),
        ("free", "free_beds | intensivbetten_frei | camas libres | lits vacants | lediga platser | unoccupied"),
        ("available", "Available beds | lits disponibles | verfügbare Betten | disponibla vårdplatser"),
        ("demand", "num_calls | responses | incidents | Einsätze"),
        (None, "population | BRONX | site | note"),
    ],
)
def test_names_of_several_languages_say_what_is_counted(role: str | None, names: str) -> None:
    assert {name: role_of(tokens(name)) for name in names.split(" | ")} == dict.fromkeys(names.split(" | "), role)


def measures_of(folder: Path, columns: Sequence[str], counts: Sequence[str]) -> dict[str, object]:
    def row(site: str, day: date) -> list[object]:
        change = {"arrivals": arrivals(site, day), "occupied": occupied(site, day), "beds": BEDS[site]}
        return [day, site, *(eval(counts_of, {}, change) for counts_of in counts)]  # of this file

    return of_text(folder, daily(["date", "site", *columns], row)).measures


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"arrivals": "arrivals", "occupied": "occupied", "beds": "beds"}, None),
        (
            {"ga_open": "beds", "ga_occupied": "occupied", "icu_open": "beds // 10", "icu_occupied": "occupied // 10"},
            {"occupancy": "ga_occupied", "beds": "ga_open"},
        ),
        (
            {"belegt": "occupied", "frei": "beds - occupied", "notfallreserve": "beds // 9"},
            {"occupancy": "belegt", "beds": ["belegt", "frei"]},
        ),
        (
            {"beds_available": "beds - occupied", "beds_occupied": "occupied"},
            {"occupancy": "beds_occupied", "beds": ["beds_occupied", "beds_available"]},
        ),
        (
            {"beds_available": "beds", "beds_occupied": "occupied"},
            {"occupancy": "beds_occupied", "beds": "beds_available"},
        ),
        (
            {"occupied_covid": "occupied // 7", "occupied_no_covid": "occupied", "beds": "beds * 2"},
            {"occupancy": ["occupied_covid", "occupied_no_covid"], "beds": "beds"},
        ),
        (
            {"adult_arrivals": "arrivals", "paediatric_arrivals": "arrivals // 3"},
            {"attendances": ["adult_arrivals", "paediatric_arrivals"]},
        ),
        (
            {"Type 1 visits": "arrivals", "Type 2 visits": "arrivals // 3"},
            {"attendances": ["Type 1 visits", "Type 2 visits"]},
        ),
        (
            {"adult_arrivals": "arrivals", "child_arrivals": "arrivals // 3", "arrivals": "arrivals + arrivals // 3"},
            {"attendances": "arrivals"},
        ),
        (
            {"letti_totali": "beds", "letti_liberi": "beds - occupied"},
            {"beds": "letti_totali", "occupancy": "occupied_beds"},
        ),
        ({"covid_admissions": "arrivals // 9", "admissions": "arrivals"}, {"admissions": "admissions"}),
        ({"arrivals": "arrivals", "arrivals_over_4_hours": "arrivals // 5"}, {"attendances": "arrivals"}),
        ({"responses": "arrivals"}, {"responses": "responses"}),
        ({"cases": "arrivals"}, {"cases": "cases"}),
        ({"flu_beds": "occupied // 9"}, {"flu_beds": "flu_beds"}),
    ],
)
def test_each_measure_has_its_columns(
    tmp_path: Path, columns: dict[str, str], expected: dict[str, object] | None
) -> None:
    measures = measures_of(tmp_path, list(columns), list(columns.values()))
    assert measures == (expected or {"attendances": "arrivals", "occupancy": "occupied", "beds": "beds"})


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"cases": "arrivals"}, ("flow", "patients")),
        ({"cases": "occupied"}, ("stock", "beds")),
        ({"calls": "arrivals"}, ("flow", "calls")),
        ({"covid_beds": "occupied // 9"}, ("stock", "beds")),
    ],
)
def test_a_declared_measure_has_the_kind_of_its_name_or_numbers(
    tmp_path: Path, columns: dict[str, str], expected: tuple[str, str]
) -> None:
    (name, counted), *_ = columns.items()
    change: dict[str, Callable[[str, date], int]] = {
        "arrivals": arrivals,
        "occupied": occupied,
        "occupied // 9": lambda site, day: occupied(site, day) // 9,
    }
    text = daily(["date", "site", name], lambda site, day: [day, site, change[counted](site, day)])
    (measure,) = of_text(tmp_path, text).system_file.system.measures
    assert (measure.name, (measure.kind.value, measure.unit)) == (name, expected)
