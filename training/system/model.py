"""The content of a valid system.toml, and the measures of a system."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path

from publication.model import Measure, System
from publication.vocabulary import Kind
from training.system.schema import DeclaredMeasure, SourceTable

BUILT_IN = (
    Measure("attendances", Kind.FLOW, "patients"),
    Measure("admissions", Kind.FLOW, "patients"),
    Measure("discharges", Kind.FLOW, "patients"),
    Measure("occupancy", Kind.STOCK, "beds"),
    Measure("beds", Kind.CAPACITY, "beds"),
)
DEFAULT_UNIT = {Kind.FLOW: "patients", Kind.STOCK: "beds", Kind.CAPACITY: "beds"}


def known_measures(declared: dict[str, DeclaredMeasure]) -> dict[str, Measure]:
    """Built-in measures in their order, then the declared ones. Raises ValueError when a built-in changes its kind."""
    known = {measure.name: measure for measure in BUILT_IN}
    for name, table in declared.items():
        kind = Kind(table.kind)
        if name in known and known[name].kind is not kind:
            raise ValueError(
                f"measures.{name}.kind: found {table.kind!r}, but {name} is built in as a {known[name].kind}. "
                "Leave the table out, or give the measure another name."
            )
        unit = table.unit or (known[name].unit if name in known else DEFAULT_UNIT[kind])
        known[name] = Measure(name, kind, unit)
    return known


def delivered_measures(known: dict[str, Measure], sources: Iterable[SourceTable]) -> tuple[Measure, ...]:
    """Of the known measures those that a source maps; all of them where a long source may bring any."""
    sources = list(sources)
    if any(source.measures is None for source in sources):
        return tuple(known.values())
    mapped = {name for source in sources for name in source.measures or {}}
    return tuple(measure for measure in known.values() if measure.name in mapped)


class EventKind(StrEnum):
    """Known disturbances, and `exclude` for days that should teach nothing."""

    STRIKE = "strike"
    CLOSURE = "closure"
    DIVERT = "divert"
    BED_CHANGE = "bed_change"
    DATA_FAULT = "data_fault"
    EXCLUDE = "exclude"


DECLARED_BEDS = re.compile(r"[+-][0-9]+(?![0-9.,])")


@dataclass(frozen=True, slots=True)
class Event:
    """A dated disturbance, both days included. Without a place: the system; without a measure: all of them."""

    first: date
    last: date
    place: str | None
    measure: str | None
    kind: EventKind
    note: str

    @property
    def beds(self) -> int:
        """Return the beds that a bed change adds (or takes away): the signed number its note begins with; else 0."""
        declared = DECLARED_BEDS.match(self.note)
        return int(declared.group()) if declared and self.kind is EventKind.BED_CHANGE else 0


@dataclass(frozen=True, slots=True)
class SchoolTerm:
    """Days on which schools teach, both included. Without a place: the system."""

    first: date
    last: date
    place: str | None


@dataclass(frozen=True, slots=True)
class OpeningPeriod:
    """The days, both included, on which a place is open (None: no bound), and the places whose work it took over."""

    first: date | None = None
    last: date | None = None
    succeeds: tuple[str, ...] = ()


@dataclass(frozen=True)
class SystemContext:
    """Context of a system, other than its counts. `holidays` is empty where there are no bank holidays."""

    holidays: str = ""
    events: tuple[Event, ...] = ()
    school_terms: tuple[SchoolTerm, ...] = ()
    opening_periods: Mapping[str, OpeningPeriod] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Source:
    """A source of daily counts, and the names of its columns.

    Either files at `paths`, or what the database at `url` answers to `query`. A wide source has `columns`: each measure
    with the columns that add up to it. A long one has `measure` and `value`. `max_rejected_share` is how much
    of a file may be rejected before the ingest is. `every` is what each value of a flow counts, where the system
    file says so: a `day` or a `week`; `week_day` says on which day of the week its total stands, `first` or `last`.
    """

    name: str
    paths: tuple[str, ...]
    place: str
    day: str
    columns: Mapping[str, tuple[str, ...]]
    measure: str | None = None
    value: str | None = None
    stream: str | None = None
    known_at: str | None = None
    ignore_places: frozenset[str] = frozenset()
    url: str | None = field(default=None, repr=False)
    query: str | None = None
    sheet: str | None = None
    day_format: str | None = None
    max_rejected_share: float = 1.0
    every: str | None = None
    week_day: str = "last"

    @property
    def is_long(self) -> bool:
        return self.measure is not None


@dataclass(frozen=True)
class SystemFile:
    """One hospital system, where its history comes from, and what is known besides."""

    path: Path
    system: System
    sources: tuple[Source, ...]
    context: SystemContext = SystemContext()

    @property
    def folder(self) -> Path:
        """Return the folder that paths in the file are relative to."""
        return self.path.parent
