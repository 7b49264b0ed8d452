"""Init of files with one row a hospital and day, in every form, and of those without days."""

import gzip
import io
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from tests.acceptance.made_up_files import (
    DAYS,
    HOURS,
    SITES,
    Case,
    Cell,
    Rows,
    arrivals,
    check,
    csv,
    daily,
    occupied,
    values,
    xlsx,
)

COUNTS_A_DAY = "counts a day are needed"
ATTENDANCES = values("attendances", arrivals)
MONTHS_OF = {
    "french": ("janvier", "février", "mars", "avril"),
    "german": ("Januar", "Februar", "März", "April"),
    "spanish": ("enero", "febrero", "marzo", "abril"),
    "dutch": ("jan", "feb", "mrt", "apr"),
}


def month(language: str, day: date) -> str:
    return MONTHS_OF[language][day.month - 1]


# One row a hospital and day

PLAIN_DAYS = daily(["date", "site", "attendances"], lambda site, day: [day, site, arrivals(site, day)])
MEASURE_ROWS: Rows = [
    *[["Report"], [], ["Fecha", "Centro", "Indicador", "Valor"]],
    *(
        [f"{day:%d/%m/%Y}", site, name, y]
        for day in DAYS
        for site in SITES
        for name, y in (("Urgencias atendidas", arrivals(site, day)), ("Camas ocupadas", occupied(site, day)))
    ),
]
TYPES = daily(
    ["date", "site", "Type 1 attendances", "Type 2 attendances", "Total attendances", "Percentage in 4 hours"],
    lambda s, d: [d, s, arrivals(s, d) - 30, 30, arrivals(s, d), "91.5%"],
)


def dated(language: str, header: list[Cell], form: str, separator: str = ";") -> bytes:
    rows = daily(header, lambda s, d: [form.format(d=d, month=month(language, d)), s, arrivals(s, d)])
    return csv(rows, separator, "latin-1")


def as_parquet() -> bytes:
    written = io.BytesIO()
    pd.DataFrame([list(row) for row in PLAIN_DAYS[1:]], columns=["date", "site", "attendances"]).to_parquet(written)
    return written.getvalue()


DAILY: list[Case] = [
    Case(
        "French days",
        {"a.csv": dated("french", ["Jour", "Etablissement", "Passages aux urgences"], "{d.day} {month} {d.year}")},
        ATTENDANCES,
    ),
    Case(
        "German days",
        {"a.csv": dated("german", ["Tag", "Krankenhaus", "Patientenankünfte"], "{d.day}. {month} {d.year}")},
        ATTENDANCES,
    ),
    Case(
        "Spanish days",
        {"a.csv": dated("spanish", ["Fecha", "Hospital", "Urgencias"], "{d.day} de {month} de {d.year}")},
        ATTENDANCES,
    ),
    Case(
        "Dutch days",
        {"a.csv": dated("dutch", ["Datum", "Ziekenhuis", "Opnamen"], "{d.day}-{month}-{d:%y}")},
        values("admissions", arrivals),
    ),
    Case(
        "weekdays",
        {
            "a.csv": csv(
                daily(["Date", "Hospital", "ED arrivals"], lambda s, d: [f"{d:%a %d/%m/%Y}", s, arrivals(s, d)]),
                "|",
                "utf-16",
            )
        },
        ATTENDANCES,
    ),
    Case("a blank header", {"a.csv": csv([["date", "", "attendances"], *PLAIN_DAYS[1:]])}, ATTENDANCES),
    Case(
        "a header twice",
        {"a.csv": csv([["date", "site", "attendances", "attendances"], *([*row, "0.5"] for row in PLAIN_DAYS[1:])])},
        ATTENDANCES,
    ),
    Case(
        "numbers as codes and a word",
        {
            "a.csv": csv(
                daily(
                    ["date", "hospital", "attendances"],
                    lambda s, d: [d, {"H1": "7", "H2": "007", "H3": "St Anne"}[s], arrivals(s, d)],
                )
            )
        },
        values("attendances", arrivals, ("7", "007", "St Anne")),
    ),
    Case("a total below", {"a.csv": csv([*PLAIN_DAYS, ["Total", "", 99_999]]) + b"\nSource: hospital\n"}, ATTENDANCES),
    Case("types and their total", {"a.csv": csv(TYPES)}, ATTENDANCES),
    Case("a word for each measure", {"a.xlsx": xlsx(MEASURE_ROWS)}, ATTENDANCES | values("occupancy", occupied)),
    Case(
        "a file a measure",
        {
            "attendances.csv": csv([["date", "site", "n"], *PLAIN_DAYS[1:]]),
            "occupied_beds.csv": csv(daily(["date", "site", "n"], lambda s, d: [d, s, occupied(s, d)])),
        },
        ATTENDANCES | values("occupancy", occupied),
    ),
    Case(
        "days sent again",
        {"a1.csv": csv(PLAIN_DAYS[:100]), "a2.csv": csv([PLAIN_DAYS[0], *PLAIN_DAYS[60:]])},
        ATTENDANCES,
    ),
    Case(
        "days sent again and corrected",
        {
            "a1.csv": csv([*PLAIN_DAYS[:99], [PLAIN_DAYS[99][0], PLAIN_DAYS[99][1], 1]]),
            "a2.csv": csv([PLAIN_DAYS[0], *PLAIN_DAYS[90:]]),
        },
        ATTENDANCES,
    ),
    Case(
        "files of other things",
        {"a1.csv": csv(PLAIN_DAYS), "a2.csv": csv([PLAIN_DAYS[0], *([*row[:2], 7] for row in PLAIN_DAYS[1:])])},
        "different numbers for the same places and days",
    ),
    Case(
        "rows that nothing tells apart",
        {
            "a.csv": csv(
                [
                    ["date", "org", "ward", "metric", "value"],
                    *(
                        [d, s, f"w{w}", m, arrivals(s, d) + w]
                        for d in DAYS[:9]
                        for s in SITES
                        for w in range(40)
                        for m in ("Attendances", "Discharges")
                    ),
                ]
            )
        },
        "nothing says which one counts",
    ),
    Case("Parquet", {"a.parquet": as_parquet()}, ATTENDANCES),
    Case("compressed", {"a.csv.gz": gzip.compress(csv(PLAIN_DAYS))}, ATTENDANCES),
]

# No days

MONTHLY: Rows = [
    ["Code", "Name", "Total attendances", "Total attendances", "% in 4 hours"],
    *([site, name, "12,345", "1,234", "81.2%"] for site, name in SITES.items()),
]


def of_period(header: str, *periods: Cell) -> dict[str, bytes]:
    return {"m.csv": csv([[header, *MONTHLY[0]], *([period, *row] for period in periods for row in MONTHLY[1:])])}


NO_DAYS: list[Case] = [
    Case("no period", {"m.csv": csv(MONTHLY)}, COUNTS_A_DAY),
    Case("a period above", {"m.xlsx": xlsx([["Period:", "December 2025"], [], *MONTHLY])}, COUNTS_A_DAY),
    Case("a month in words", of_period("Period", "Dec-25"), COUNTS_A_DAY),
    Case("a month", of_period("Month", "2025-12"), COUNTS_A_DAY),
    Case("the first of a month", of_period("Month", "2025-12-01"), COUNTS_A_DAY),
    Case("firsts of months", of_period("Period", "2025-11-01", "2025-12-01"), COUNTS_A_DAY),
    Case(
        "months in the header",
        {
            "m.csv": csv(
                [["Code", *(f"2025-{m:02d}-01" for m in range(1, 13))], ["H1", *range(12)], ["H2", *range(3, 15)]]
            )
        },
        COUNTS_A_DAY,
    ),
    Case(
        "years and months",
        {
            "m.csv": csv(
                [
                    ["year", "month", "Code", "attendances"],
                    *([2025, m, site, 100 + m] for m in range(1, 13) for site in SITES),
                ]
            )
        },
        COUNTS_A_DAY,
    ),
    Case(
        "weeks",
        {
            "m.csv": csv(
                [
                    ["date", "hospital", "attendances"],
                    *([DAYS[0] + timedelta(days=7 * k), site, 100 + k] for k in range(20) for site in SITES),
                ]
            )
        },
        COUNTS_A_DAY,
    ),
    Case(
        "hours of no day",
        {"m.csv": csv([["hour", "hospital", "attendances"], *([h, site, 100 + h] for h in HOURS for site in SITES)])},
        COUNTS_A_DAY,
    ),
    Case("two meanings of a day", of_period("Period", "01/11/2025", "02/11/2025"), "--day-format"),
]


@pytest.mark.parametrize("case", [*DAILY, *NO_DAYS], ids=str)
def test_every_value_is_right_or_asked_for(tmp_path: Path, case: Case) -> None:
    check(tmp_path, case)
