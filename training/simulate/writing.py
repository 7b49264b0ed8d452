"""The files of a simulated system, as a hospital would keep them."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from publication.days import ONE_DAY
from training.simulate.calendar import BANK_HOLIDAYS
from training.simulate.feed import HEADER, Feed
from training.simulate.network import ROOT_ID
from training.simulate.places import Place
from training.simulate.spoiling import Fault
from training.simulate.world import MEASURES, World
from training.system import Event

EXTRACT = "extract"
PLACES_HEADER = ("place", "parent", "name", "kind")
OPENING_HEADER = ("valid_from", "valid_to", "succeeds")
EVENTS_HEADER = ("from", "to", "place", "measure", "kind", "note")
TERMS_HEADER = ("from", "to", "place")
FAULTS_HEADER = ("fault", "file", "line", "place", "measure", "from", "to", "found", "true")
SYSTEM_TOML = f"""\
[system]
name = "{ROOT_ID}"
timezone = "Europe/London"
holidays = "{BANK_HOLIDAYS}"
census_hour = 8
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
measures = {{ {", ".join(f'{name} = "{name}"' for name in MEASURES)} }}
"""

Row = Sequence[object]


def write_system(out: Path) -> Path:
    """system.toml; returns its path."""
    path = out / "system.toml"
    path.write_text(SYSTEM_TOML, encoding="utf-8", newline="\n")
    return path


def write_places(out: Path, world: World) -> None:
    """places.csv; with a merger, also when each place reports and whom it succeeds."""
    header = PLACES_HEADER if world.merger is None else (*PLACES_HEADER, *OPENING_HEADER)
    write_csv(out / "places.csv", header, (_place_row(place)[: len(header)] for place in world.places))


def write_events(out: Path, world: World) -> None:
    """events.csv: everything declared, past and planned, under the codes that places have on those days."""
    events = [part for event in declared(world) for part in _under_codes_of_the_time(event, world)]
    rows = sorted((e.first, e.last, e.place or "", e.measure or "", e.kind.value, e.note) for e in events)
    write_csv(out / "events.csv", EVENTS_HEADER, rows)


def write_terms(out: Path, world: World) -> None:
    """terms.csv: the school terms of the whole system."""
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
    day, eve = world.merger.day, world.merger.day - ONE_DAY
    before = replace(event, last=min(event.last, eve))
    after = replace(event, first=max(event.first, day), place=heirs[0].code)
    return [part for part in (before, after) if part.first <= part.last]
