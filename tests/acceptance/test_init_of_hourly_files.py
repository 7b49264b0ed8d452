"""Init of snapshots, hourly counts and events, in every form."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.acceptance.made_up_files import (
    BEDS,
    DAYS,
    HOURS,
    NEW_YORK,
    SITES,
    SKIPPED,
    Case,
    Cell,
    Rows,
    Values,
    arrivals,
    calls,
    check,
    csv,
    hourly,
    occupied,
    of_snapshots,
    shuffled,
    values,
    xlsx,
)
from training.discovery.looking import Options

ATTENDANCES = values("attendances", arrivals)

# Hourly snapshots of departments

FRENCH = ("No_permis", "Nom_installation", "Date", "Heure", "Civières fonctionnelles", "Civières occupées")


def french(site: str, day: date, hour: int) -> list[Cell]:
    return [site, SITES[site], f"{day:%d/%m/%Y}", f"{hour:02d}:00", BEDS[site], occupied(site, day, hour)]


def with_regional_totals() -> list[list[Cell]]:
    rows: list[list[Cell]] = [list(FRENCH)]
    for day in DAYS:
        for hour in HOURS:
            rows += [french(site, day, hour) for site in SITES]
            total = sum(occupied(site, day, hour) for site in SITES)
            rows.append(["", "Total régional", f"{day:%d/%m/%Y}", f"{hour:02d}:00", sum(BEDS.values()), total])
    return rows


def snapshots(time: Callable[[date, int], str | None], sites: tuple[str, ...] = tuple(SITES)) -> list[list[Cell]]:
    header: list[Cell] = ["occupied_trolleys", "hospital", "taken_at", "open_trolleys"]
    rows: list[list[Cell]] = [
        [occupied(site, day, hour), site, time(day, hour), BEDS[site]]
        for day in DAYS
        for hour in HOURS
        for site in sites
    ]
    return [header, *(row for row in rows if row[2] is not None)]


def instant(day: date, hour: int) -> datetime | None:
    """The instant of an hour in New York; None where its clocks skip it."""
    return None if (day, hour) == SKIPPED else datetime(day.year, day.month, day.day, hour, tzinfo=NEW_YORK)


def with_offset(day: date, hour: int) -> str | None:
    return None if (at := instant(day, hour)) is None else at.isoformat()


def in_utc(day: date, hour: int) -> str | None:
    return None if (at := instant(day, hour)) is None else f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def closed_at_three(site: str, day: date, hour: int) -> list[Cell]:
    return [*french(site, day, hour)[:-1], "Non disponible" if hour == 3 else occupied(site, day, hour)]


PLAIN = snapshots(lambda day, hour: f"{day} {hour:02d}:00")
THREE = (7, 15, 23)
THREE_A_DAY: Rows = [
    ["site", "census_time", "beds_occupied", "beds_open"],
    *(
        [site, f"{day} {hour:02d}:05", occupied(site, day, hour), BEDS[site]]
        for day in DAYS
        for hour in THREE
        for site in SITES
    ),
]
ACROSS: Rows = [
    ["time", *SITES.values()],
    *([f"{day} {hour:02d}:00", *(occupied(site, day, hour) for site in SITES)] for day in DAYS for hour in HOURS),
]
SNAPSHOTS: list[Case] = [
    Case("French, Latin-1, semicolons", {"x.csv": csv(hourly(FRENCH, french), ";", "latin-1", "\r\n")}, of_snapshots()),
    Case("totals without a permit", {"x.csv": csv(with_regional_totals(), ",", "latin-1")}, of_snapshots()),
    Case(
        "a workbook below titles",
        {"x.xlsx": xlsx([["Relevé"], [], ["Source"], *with_regional_totals()])},
        of_snapshots(),
    ),
    Case("rows and columns in another order", {"x.csv": csv(shuffled(PLAIN))}, of_snapshots()),
    Case("one department", {"x.csv": csv([PLAIN[0], *(r for r in PLAIN if r[1] == "H2")])}, of_snapshots(sites=["H2"])),
    Case(
        "a clock of twelve hours",
        {"x.csv": csv(snapshots(lambda d, h: f"{d:%m/%d/%Y} {datetime(d.year, d.month, d.day, h):%I:%M %p}"), "\t")},
        of_snapshots(),
    ),
    Case("two files", {"x_02.csv": csv(PLAIN[:1500]), "x_03.csv": csv([PLAIN[0], *PLAIN[1500:]])}, of_snapshots()),
    Case("offsets that change with the season", {"x.csv": csv(snapshots(with_offset))}, of_snapshots(skipped=True)),
    Case(
        "instants in UTC",
        {"x.csv": csv(snapshots(in_utc))},
        of_snapshots(skipped=True),
        Options(timezone="America/New_York"),
    ),
    Case("instants in UTC of an unknown place", {"x.csv": csv(snapshots(in_utc))}, "--timezone"),
    Case(
        "words among numbers",
        {"x.csv": csv(hourly(FRENCH, closed_at_three), ";")},
        of_snapshots([h for h in HOURS if h != 3]),
    ),
    Case("three a day", {"x.csv": csv(THREE_A_DAY)}, of_snapshots(THREE, census=7)),
    Case("a column a department", {"occupied_beds.csv": csv(ACROSS)}, values("occupancy", occupied, SITES.values())),
]

# One release

RELEASED = date(2024, 4, 29)
RELEASE: Rows = [
    [
        "Region",
        "Nom_etablissement",
        "No_permis_installation",
        "Civieres_fonctionnelles",
        "Civieres_occupees",
        "Heure",
        "Mise_a_jour",
    ],
    [1, "Nord", "51120", 31, 26, "23:00", "2024-04-29T23:45"],
    [1, "Sud", "51121", 44, "Non disponible", "23:00", "2024-04-29T23:45"],
    [1, "Est", "51122", 58, 61, "23:00", "2024-04-29T23:45"],
    [1, "Total régional", "", 133, 87, "23:00", "2024-04-29T23:45"],
]
OF_RELEASE = {
    (f"{permit}/{measure}", RELEASED): float(count)
    for permit, beds, full in (("51120", 31, 26), ("51121", 44, None), ("51122", 58, 61))
    for measure, count in (("beds", beds), ("occupancy", full))
    if count is not None
}
CODED: Rows = [[*row[:2], row[2] or "ALL", *row[3:]] for row in RELEASE]
RELEASES: list[Case] = [
    Case("totals without a permit", {"r.csv": csv(RELEASE, ",", "latin-1", "\r\n")}, OF_RELEASE),
    Case("a workbook", {"r.xlsx": xlsx(RELEASE)}, OF_RELEASE),
    Case(
        "a total with a code",
        {
            "r.csv": csv(
                [
                    *[row for row in CODED if row[2] != "51121"][:-1],
                    [1, "Total", "ALL", 89, 87, "23:00", "2024-04-29T23:45"],
                ],
                ";",
            )
        },
        {key: y for key, y in OF_RELEASE.items() if "51121" not in key[0]},
    ),
]

# Calls of each hour

BOROUGHS = ("NORTH", "SOUTH / WEST", "UNKNOWN")
IDS = ("NORTH", "SOUTH - WEST", "UNKNOWN")
CALLS = values("calls", arrivals, IDS)


def across(
    header: list[Cell], time: Callable[[date, int], list[Cell]], total: str | None = "num_calls"
) -> list[list[Cell]]:
    rows: list[list[Cell]] = [[*header, *BOROUGHS, *([total] if total else [])]]
    for day in DAYS:
        for hour in HOURS:
            counts = [calls(site, day, hour) for site in SITES]
            rows.append([*time(day, hour), *counts, *([sum(counts)] if total else [])])
    return rows


def numbered(rows: Rows) -> list[list[Cell]]:
    """The rows with a column of numbers whose header is blank."""
    return [[*([""] if not number else [(number * 31) % 977]), *row] for number, row in enumerate(rows)]


LONG: Rows = [
    *[["borough", "date", "hour", "calls"]],
    *(
        [name, day, hour, calls(site, day, hour)]
        for name, site in zip(BOROUGHS, SITES, strict=True)
        for day in DAYS
        for hour in HOURS
    ),
]
LONG_TOTALS: Rows = [
    ["All boroughs", day, hour, sum(calls(site, day, hour) for site in SITES)] for day in DAYS for hour in HOURS
]
NUMBERS = across(["year", "month", "day", "hour"], lambda day, hour: [day.year, day.month, day.day, hour])
SPANISH = across(["fecha", "hora"], lambda day, hour: [f"{day:%d/%m/%Y}", f"{hour}:00"], "llamadas totales")
HOURS_ACROSS: Rows = [
    ["date", "site", *(f"Hour {hour}" for hour in range(1, 25)), "Total"],
    *([day, site, *(calls(site, day, hour) for hour in HOURS), arrivals(site, day)] for day in DAYS for site in SITES),
]


def of_paris() -> Values:
    """Arrivals by the days of Paris, of hours in UTC."""
    found: Values = {}
    for day in DAYS:
        for hour in HOURS:
            local = datetime(day.year, day.month, day.day, hour, tzinfo=UTC).astimezone(ZoneInfo("Europe/Paris")).date()
            for site in SITES:
                key = (f"{site}/attendances", local)
                found[key] = found.get(key, 0.0) + calls(site, day, hour)
    return found


HOURLY: list[Case] = [
    Case("year, month, day and hour", {"ems.csv": csv(numbered(NUMBERS))}, CALLS),
    Case("a day and an hour", {"ems.csv": csv(shuffled(across(["date", "hour"], lambda d, h: [d, h])))}, CALLS),
    Case("Spanish", {"llamadas.csv": csv(SPANISH, ";")}, values("llamadas", arrivals, IDS)),
    Case(
        "a workbook without a total",
        {"calls.xlsx": xlsx(across(["when"], lambda d, h: [f"{d} {h:02d}:00"], None))},
        CALLS,
    ),
    Case(
        "hours by their ends", {"calls.csv": csv(across(["day", "hour ending"], lambda d, h: [d, h + 1], None))}, CALLS
    ),
    Case("one row a borough", {"c.csv": csv(LONG)}, CALLS),
    Case("rows of totals", {"c.csv": csv([*LONG, *LONG_TOTALS])}, CALLS),
    Case(
        "hours without calls absent",
        {"c.csv": csv([row for row in LONG if row[2] != 3])},
        values("calls", lambda s, d: arrivals(s, d) - calls(s, d, 3), IDS),
    ),
    Case("a column an hour", {"ed_visits.csv": csv(HOURS_ACROSS)}, ATTENDANCES),
    Case(
        "hours named alike",
        {"arrivals.csv": csv([["date", "site", *(f"H{h}" for h in HOURS)], *(row[:-1] for row in HOURS_ACROSS[1:])])},
        ATTENDANCES,
    ),
    Case(
        "instants in UTC",
        {
            "c.csv": csv(
                hourly(["ts", "site", "arrivals"], lambda s, d, h: [f"{d}T{h:02d}:00:00+00:00", s, calls(s, d, h)])
            )
        },
        of_paris(),
        Options(timezone="Europe/Paris"),
    ),
]

# One row an event

N_EVENTS = {"H1": 10, "H2": 5, "H3": 7}
EVENTS: Rows = [
    *[["visit_id", "arrival_time", "departure_time", "site", "triage"]],
    *(
        [
            1000 + (at * 37) % 997,
            f"{day} {at * 2:02d}:{at * 7 % 60:02d}",
            f"{day} {at * 2 + 3:02d}:{at * 11 % 60:02d}",
            site,
            at % 5 + 1,
        ]
        for day in DAYS
        for site, n in N_EVENTS.items()
        for at in range(n)
    ),
]
OF_EVENTS = values("attendances", lambda site, _: N_EVENTS[site])
EVENT_FILES: list[Case] = [
    Case(
        "arrivals and departures",
        {"ed.csv": csv(shuffled(EVENTS))},
        OF_EVENTS | values("discharges", lambda site, _: N_EVENTS[site]),
    ),
    Case("a workbook of arrivals", {"e.xlsx": xlsx([[row[1], row[3]] for row in EVENTS])}, OF_EVENTS),
    Case(
        "days alone",
        {"visits.csv": csv([[str(row[1])[:10] if n else "Date", row[3], "x"] for n, row in enumerate(EVENTS)])},
        OF_EVENTS,
    ),
]


@pytest.mark.parametrize("case", [*SNAPSHOTS, *RELEASES, *HOURLY, *EVENT_FILES], ids=str)
def test_every_value_is_right_or_asked_for(tmp_path: Path, case: Case) -> None:
    check(tmp_path, case)
