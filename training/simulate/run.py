"""Simulate a complete system, and write it as a hospital would keep it: system.toml, CSV files and the truth."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TypedDict, Unpack

import numpy as np

from publication.days import ONE_DAY
from training.errors import UsageError
from training.frames import FloatArray, IntArray
from training.simulate.calendar import BANK_HOLIDAYS
from training.simulate.effects import DISPERSION, ESCALATION_RATE
from training.simulate.faults import inject_faults
from training.simulate.feed import HEADER, Fault, Feed, feed
from training.simulate.places import ROOT_ID, Place, nodes
from training.simulate.scenario import Scenario
from training.simulate.sites import LONG
from training.simulate.world import MEASURES, World, sample_world
from training.system.model import Event
from training.system.tables import EVENT_COLUMNS, event_row

EXTRACT = "extract"
PLACES_HEADER = ("place", "parent", "name", "kind")
OPENING_HEADER = ("valid_from", "valid_to", "succeeds")
TERMS_HEADER = ("from", "to", "place")
FAULTS_HEADER = ("fault", "file", "line", "place", "measure", "from", "to", "found", "true")
UNDECLARED_CENSUS_HOUR = 8  # of system.toml where no hour is asked for
SYSTEM_TOML = f"""\
[system]
name = "{ROOT_ID}"
timezone = "Europe/London"
holidays = "{BANK_HOLIDAYS}"
census_hour = {{census_hour}}
horizon_days = 28
thresholds = [0.85, 0.92, 0.95, 1.0]
quantiles = [0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975]
places = "places.csv"
events = "events.csv"
school_terms = "terms.csv"

[sources.daily]
path = "{EXTRACT}/*.csv"
place = "code"
day = "date"
measures = {{{{ {", ".join(f'{name} = "{name}"' for name in MEASURES)} }}}}
"""

Row = Sequence[object]


def write_system(out: Path, census_hour: int | None, known_at: str | None = None) -> Path:
    """system.toml; returns its path."""
    path = out / "system.toml"
    hour = UNDECLARED_CENSUS_HOUR if census_hour is None else census_hour
    known = "" if known_at is None else f'known_at = "{known_at}"\n'
    path.write_text(SYSTEM_TOML.format(census_hour=hour) + known, encoding="utf-8", newline="\n")
    return path


def write_places(out: Path, world: World) -> None:
    """places.csv; with a merger, also when each place reports and whom it succeeds."""
    header = PLACES_HEADER if world.merger is None else (*PLACES_HEADER, *OPENING_HEADER)
    write_csv(out / "places.csv", header, (_place_row(place)[: len(header)] for place in world.places))


def write_events(out: Path, world: World) -> None:
    """events.csv: everything declared, past and planned, under the codes that places have on those days."""
    events = [part for event in declared(world) for part in _under_codes_of_the_time(event, world)]
    write_csv(out / "events.csv", EVENT_COLUMNS, sorted(map(event_row, events)))


def write_terms(out: Path, world: World) -> None:
    """terms.csv: the school terms of the system."""
    write_csv(out / "terms.csv", TERMS_HEADER, ((term.first, term.last, "") for term in world.calendar.terms))


def write_feed(out: Path, feed: Feed) -> None:
    """The extracts."""
    for name, lines in feed.files.items():
        write_csv(out / EXTRACT / name, HEADER, (line.cells for line in lines))


def write_faults(out: Path, feed: Feed, faults: Iterable[Fault]) -> None:
    """faults.csv: what is wrong with the extracts, and on which line of which file."""
    numbers = feed.numbers()
    rows = ((*_fault_place(f, numbers), f.place, f.measure, f.first, f.last, f.found, f.true) for f in faults)
    write_csv(out / "faults.csv", FAULTS_HEADER, rows)


def declared(world: World) -> tuple[Event, ...]:
    """Every event that the system knows of."""
    return (*world.strikes, *(event for truth in world.truths.values() for event in truth.events))


def write_csv(path: Path, header: Row, rows: Iterable[Row]) -> None:
    """Any of the files, its lines ending as on any machine."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def _fault_place(fault: Fault, numbers: Mapping[int, int]) -> Row:
    line = "" if fault.line is None else numbers[id(fault.line)]
    return (fault.kind.value, f"{EXTRACT}/{fault.file}", line)


def _place_row(place: Place) -> Row:
    node = place.node
    opening = (place.valid_from or "", place.valid_to or "", ";".join(place.succeeds))
    return (node.id, node.parent, node.name, node.kind, *opening)


def _under_codes_of_the_time(event: Event, world: World) -> Iterable[Event]:
    """The event as it is; where a merger gives its place another code, its days before and after apart."""
    heirs = [place for place in world.places if event.place in place.succeeds]
    if world.merger is None or not heirs:
        return [event]
    day, day_before = world.merger.day, world.merger.day - ONE_DAY
    before = replace(event, last=min(event.last, day_before))
    after = replace(event, first=max(event.first, day), place=heirs[0].code)
    return [part for part in (before, after) if part.first <= part.last]


OF_SITE = ("attendances", "dispersion", "conversion", "level", "long_share", "escalated", "waiting", "turned_away")
OF_BEDS = (
    *("beds", "escalation_beds", "transferred", "short_hazard", "long_hazard"),
    *("short_admissions", "long_admissions", "short_discharges", "long_discharges"),
    *("short_occupancy", "long_occupancy"),
)
TRUTH_HEADER = ("code", "date", *OF_SITE, *OF_BEDS)

Columns = dict[str, list[str]]


def write_truth(out: Path, world: World) -> None:
    """A line for each site, bottom place and day: blank where a column is not of that place."""
    write_csv(out / "truth.csv", TRUTH_HEADER, _rows(world))


def _rows(world: World) -> Iterator[Row]:
    blank = [""] * len(world.days)
    columns: dict[str, Columns] = {}
    for code, truth in world.truths.items():
        columns[code] = _of_site(world, code)
        for i, place in enumerate(truth.site.bottom):
            columns.setdefault(place, {}).update(_of_beds(world, code, i))
    by_place = {code: [of_place.get(name, blank) for name in TRUTH_HEADER[2:]] for code, of_place in columns.items()}
    for i, day in enumerate(world.days):
        for code, values in by_place.items():
            yield (code, day, *(column[i] for column in values))


def _of_site(world: World, code: str) -> Columns:
    truth, history, n_days = world.truths[code], world.histories[code], len(world.days)
    level = world.region_level + world.site_levels[code] + world.shock[:n_days]
    return {
        "attendances": _decimals(truth.attendances[:n_days] * np.exp(level)),
        "dispersion": [f"{DISPERSION:g}"] * n_days,
        "conversion": _decimals(truth.conversion[:n_days]),
        "level": _decimals(level),
        "long_share": _decimals(truth.long_share[:n_days]),
        "escalated": _as_integers(_escalated(world, code)),
        "waiting": _as_integers(history.waiting[:, 0]),
        "turned_away": _as_integers(history.turned_away[:, 0]),
    }


def _of_beds(world: World, code: str, bottom: int) -> Columns:
    truth, history, n_days = world.truths[code], world.histories[code], len(world.days)
    columns = {
        "beds": _as_integers(truth.beds[:n_days, bottom]),
        "escalation_beds": _as_integers(truth.escalation_beds[:n_days, bottom]),
        "transferred": _as_integers(history.transferred[:, 0, bottom].sum(axis=1)),
    }
    for stay, name in ((1 - LONG, "short"), (LONG, "long")):
        columns[f"{name}_hazard"] = _decimals(truth.hazard[:n_days, stay])
        columns[f"{name}_admissions"] = _as_integers(history.entering[:, 0, bottom, stay])
        columns[f"{name}_discharges"] = _as_integers(history.leaving[:, 0, bottom, stay])
        columns[f"{name}_occupancy"] = _as_integers(history.in_bed[:, 0, bottom, stay])
    return columns


def _escalated(world: World, code: str) -> IntArray:
    """1 on the days that follow a census at or above the rate of escalation; the day before the first has none."""
    occupied = world.histories[code].in_bed[:, 0].sum(axis=(1, 2))
    before = np.concatenate([[0], occupied[:-1]])
    beds = world.truths[code].beds[: len(occupied)].sum(axis=1)
    return np.array(before >= ESCALATION_RATE * beds, dtype=np.int64)


def _decimals(values: FloatArray) -> list[str]:
    return [f"{value:.6f}" for value in values.tolist()]


def _as_integers(values: IntArray) -> list[str]:
    return list(map(str, values.tolist()))


TRUTH = "truth"
PLAIN = Scenario()


class Size(TypedDict, total=False):
    """The options that are most often the only ones."""

    days: int
    trusts: int
    sites: int


def simulate(out: Path, seed: int, last_day: date, scenario: Scenario = PLAIN, **size: Unpack[Size]) -> Path:
    """Write a system whose history ends on `last_day`; returns its system.toml.

    The same arguments give the same bytes. Every site has its own streams of chance, so its counts do not depend on
    how many others there are. Raises UsageError when the system cannot be, or `out` holds files of something else.
    """
    scenario = replace(scenario, **size)
    scenario.check(seed, last_day)
    tree = nodes(scenario.trusts, scenario.sites, scenario.wards)
    world = sample_world(seed, last_day, scenario, tree)
    sent = feed(world)
    faults = inject_faults(sent, seed, scenario.faults)
    _reject_foreign_files(out, sent, scenario)
    write_feed(out, sent)
    if scenario.faults:
        write_faults(out, sent, faults)
    return write_described(out, world, scenario)


def write_described(out: Path, world: World, scenario: Scenario, known_at: str | None = None) -> Path:
    """Write all but the extracts: the truth, what describes the system, and last its system.toml; returns its path.

    `known_at` is the column of the extracts that says when a line was sent.
    """
    write_places(out, world)
    write_events(out, world)
    write_terms(out, world)
    write_truth(out, world)
    _write_outlooks(out, world, scenario)
    return write_system(out, scenario.census_hour, known_at)


def _write_outlooks(out: Path, world: World, scenario: Scenario) -> None:
    """truth/DAY.parquet for each cutoff."""
    if not scenario.truth_days:
        return
    from training.simulate.world import (
        true_distribution,  # pandas is slow to import, and nothing else here needs it
    )

    for day in sorted(set(scenario.truth_days)):
        (out / TRUTH).mkdir(parents=True, exist_ok=True)
        rows = true_distribution(world, day, scenario.horizon, scenario.draws)
        rows.to_parquet(out / TRUTH / f"{day}.parquet", index=False)


def _reject_foreign_files(out: Path, sent: Feed, scenario: Scenario) -> None:
    """Raise UsageError if `out` has files that are not this simulation's: they would be read as its own."""
    own = {out / EXTRACT / name for name in sent.files}
    own |= {out / TRUTH / f"{day}.parquet" for day in scenario.truth_days}
    own |= {out / "faults.csv"} if scenario.faults else set()
    there = [*out.glob(f"{EXTRACT}/*.csv"), *out.glob(f"{TRUTH}/*.parquet"), *out.glob("faults.csv")]
    foreign = sorted(path for path in there if path not in own)
    if foreign:
        folder = foreign[0].parent
        names = ", ".join(path.name for path in foreign if path.parent == folder)
        raise UsageError(
            f"Simulating a system into {out}: {folder} already holds {names}, "
            "which this simulation would not overwrite. Empty that folder, or give another --out."
        )
