"""Init of beds by unit, and of workbooks with days in the header."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from tests.acceptance.made_up_files import (
    BEDS,
    DAYS,
    SITES,
    Case,
    Cell,
    Rows,
    arrivals,
    check,
    csv,
    daily,
    midnight,
    occupied,
    shuffled,
    values,
    workbook,
    xlsx,
)

BEDS_AND_OCCUPANCY = values("beds", lambda site, _: BEDS[site]) | values("occupancy", occupied)
ATTENDANCES = values("attendances", arrivals)
FRENCH_MONTHS = ("janvier", "février", "mars", "avril")

# Beds by province and unit

UNITS = {"Hospitalización": 90, "Críticas": 30}
PROVINCES = {"1": "Álava", "2": "Albacete", "28": "Madrid"}
SITE_OF = dict(zip(PROVINCES, SITES, strict=True))
UNIT_HEADER = [
    "Fecha",
    "Unidad",
    "Cod_Provincia",
    "Provincia",
    "TOTAL_CAMAS",
    "OCUPADAS_COVID19",
    "OCUPADAS_NO_COVID19",
]


def of_unit(day: date, unit: str, code: str) -> list[int]:
    site = SITE_OF[code]
    return [
        2 * BEDS[site] + UNITS[unit],
        occupied(site, day, 1) + UNITS[unit] // 10,
        occupied(site, day, 2) + UNITS[unit] // 3,
    ]


UNIT_ROWS = [
    [f"{d:%d/%m/%Y}", unit, code, PROVINCES[code], *of_unit(d, unit, code)]
    for d in DAYS
    for code in PROVINCES
    for unit in UNITS
]
OF_UNITS = {
    (f"{code}/{measure}/{unit}", day): float(count)
    for day in DAYS
    for code in PROVINCES
    for unit in UNITS
    for measure, count in (("beds", of_unit(day, unit, code)[0]), ("occupancy", sum(of_unit(day, unit, code)[1:])))
}
UNIT_TOTALS: Rows = [
    [f"{d:%d/%m/%Y}", "Total", code, PROVINCES[code], *(sum(of_unit(d, u, code)[k] for u in UNITS) for k in range(3))]
    for d in DAYS
    for code in PROVINCES
]
NATIONAL: Rows = [
    [f"{d:%d/%m/%Y}", unit, "99", "España", *(sum(of_unit(d, unit, code)[k] for code in PROVINCES) for k in range(3))]
    for d in DAYS
    for unit in UNITS
]
FREE: Rows = [
    ["date", "unit", "province_id", "free beds", "occupied beds"],
    *(
        [day, unit, code, beds - covid - others, covid + others]
        for day in DAYS
        for code in PROVINCES
        for unit in UNITS
        for beds, covid, others in [of_unit(day, unit, code)]
    ),
]
IN_ENGLISH = ["Date", "Unit", "Province code", "Province", "Beds", "Occupied with covid", "Occupied without covid"]
LARGE = daily(
    ["Fecha", "Provincia", "Camas ocupadas", "Total camas"],
    lambda s, d: [
        f"{d:%d/%m/%y}",
        s,
        f"{occupied(s, d) * 40:,}".replace(",", "."),
        f"{BEDS[s] * 45:,}".replace(",", "."),
    ],
)
HALVES = daily(["Fecha", "Provincia", "Camas ocupadas"], lambda s, d: [f"{d:%d/%m/%y}", s, f"{occupied(s, d)},5"])
UNIT_FILES: list[Case] = [
    Case("as sent", {"s.csv": csv(shuffled([UNIT_HEADER, *UNIT_ROWS]), ";", "latin-1")}, OF_UNITS),
    Case("an English workbook", {"s.xlsx": xlsx([IN_ENGLISH, *UNIT_ROWS])}, OF_UNITS),
    Case("free beds", {"s.csv": csv(FREE)}, OF_UNITS),
    Case("a total of units", {"s.csv": csv([UNIT_HEADER, *UNIT_ROWS, *UNIT_TOTALS], ";")}, OF_UNITS),
    Case("rows of the nation", {"s.csv": csv([UNIT_HEADER, *UNIT_ROWS, *NATIONAL], ";")}, OF_UNITS),
    Case(
        "thousands with a point",
        {"s.csv": csv(LARGE, ";")},
        values("occupancy", lambda s, d: occupied(s, d) * 40) | values("beds", lambda s, _: BEDS[s] * 45),
    ),
    Case("decimal commas", {"s.csv": csv(HALVES, ";")}, values("occupancy", lambda s, d: occupied(s, d) + 0.5)),
]

# Workbooks with days in the header

MEASURES = ("G&A flu beds", "CC flu beds")


def flu(site: str, day: date, number: int) -> int:
    return max(0, occupied(site, day, 5 + number) - BEDS[site] + 6 - 4 * number)


OF_FLU = {
    (f"{site}/{measure}", day): float(y)
    for site in SITES
    for day in DAYS
    for number, measure in enumerate(("ga_flu_beds", "cc_flu_beds"))
    if (y := flu(site, day, number))
}


def sheet(cell_of_day: Callable[[date], Cell], blanks: bool = True, titles: int = 4) -> list[list[Cell]]:
    """Days over two columns each, a row of England without a code, and a dash for none."""
    columns = [(day, n) for day in DAYS for n in ((0, 1, None) if blanks else (0, 1))]
    cells = {(site, day, n): flu(site, day, n) or "-" for site in SITES for day in DAYS for n in (0, 1)}
    rows: list[list[Cell]] = [[f"Note {n}"] for n in range(titles)]
    rows.append(["", "", "", *(cell_of_day(day) if n == 0 else None for day, n in columns)])
    rows.append(["Region", "Code", "Name", *(None if n is None else MEASURES[n] for _, n in columns)])
    england = [None if n is None else sum(flu(site, day, n) for site in SITES) for day, n in columns]
    rows += [[], ["", "-", "ENGLAND", *england]]
    rows += [
        [
            "South" if site == "H3" else "North",
            site,
            name,
            *(None if n is None else cells[site, day, n] for day, n in columns),
        ]
        for site, name in SITES.items()
    ]
    return rows


def matrix(cell_of_day: Callable[[date], Cell] = str, place: str = "Code") -> list[list[Cell]]:
    return [
        [place, "Name", *map(cell_of_day, DAYS)],
        *([site, name, *(occupied(site, day) for day in DAYS)] for site, name in SITES.items()),
    ]


ENGLAND = [sum(occupied(site, day) for site in SITES) for day in DAYS]
BY_NAME: Rows = [
    ["Date", *SITES.values(), "Total"],
    *(
        [f"{day:%d-%b-%Y}", *(arrivals(site, day) for site in SITES), sum(arrivals(site, day) for site in SITES)]
        for day in DAYS
    ),
]
OPEN_SHEET: Rows = [matrix(midnight)[0], *([site, name, *(BEDS[site] for _ in DAYS)] for site, name in SITES.items())]
MATRICES: list[Case] = [
    Case("as sent", {"f.xlsx": xlsx(sheet(midnight))}, OF_FLU),
    Case("days in words", {"f.xlsx": xlsx(sheet(lambda day: f"{day:%d %B %Y}"))}, OF_FLU),
    Case(
        "without blank columns and titles",
        {"f.xlsx": xlsx(sheet(lambda day: f"{day:%d/%m/%Y}", blanks=False, titles=0))},
        OF_FLU,
    ),
    Case("saved as text", {"f.csv": csv(sheet(lambda day: f"{day:%d/%m/%Y}"), ";")}, OF_FLU),
    Case(
        "one measure",
        {"f.xlsx": xlsx([["Title"], *matrix(midnight), ["-", "England", *ENGLAND]], "Beds occupied")},
        values("occupancy", occupied),
    ),
    Case(
        "a total with a code",
        {"occupied.csv": csv([*matrix(), ["ENG", "England", *ENGLAND]])},
        values("occupancy", occupied),
    ),
    Case(
        "a column over all days",
        {"occupied.csv": csv([[*row, "Total" if not number else 100 + number] for number, row in enumerate(matrix())])},
        values("occupancy", occupied),
    ),
    Case(
        "a sheet a measure",
        {"f.xlsx": workbook({"Notes": [["See below"]], "Beds open": OPEN_SHEET, "Beds occupied": matrix(midnight)})},
        BEDS_AND_OCCUPANCY,
    ),
    Case(
        "French days",
        {
            "occupation.csv": csv(
                [[*matrix(lambda day: f"{day.day} {FRENCH_MONTHS[day.month - 1]} {day.year}")[0]], *matrix()[1:]], ";"
            )
        },
        values("occupancy", occupied),
    ),
    Case(
        "a column a hospital and a total",
        {"admissions.csv": csv(BY_NAME)},
        values("admissions", arrivals, SITES.values()),
    ),
    Case(
        "numbered hospitals and a total",
        {
            "a.csv": csv(
                [
                    ["", *SITES, "Total attendances"],
                    *([day, *row[1:]] for day, row in zip(DAYS, BY_NAME[1:], strict=True)),
                ]
            )
        },
        ATTENDANCES,
    ),
]


@pytest.mark.parametrize("case", [*UNIT_FILES, *MATRICES], ids=str)
def test_every_value_is_right_or_asked_for(tmp_path: Path, case: Case) -> None:
    check(tmp_path, case)
