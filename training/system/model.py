"""The content of a valid system.toml, and the measures of a system."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from pathlib import Path

from publication.model import Measure, System
from publication.vocabulary import Kind
from training.system.bank_holidays import unannounced_holidays
from training.system.exports import ExportTarget
from training.system.schema import DEFAULT_CENSUS_WITHIN_HOURS, DeclaredMeasure, SourceTable

BUILT_IN = (
    Measure("attendances", Kind.FLOW, "patients"),
    Measure("admissions", Kind.FLOW, "patients"),
    Measure("discharges", Kind.FLOW, "patients"),
    Measure("occupancy", Kind.STOCK, "beds"),
    Measure("beds", Kind.CAPACITY, "beds"),
)
PERCENT_UNIT = "percent"
DEFAULT_UNIT = {Kind.FLOW: "patients", Kind.STOCK: "beds", Kind.CAPACITY: "beds", Kind.RATE: PERCENT_UNIT}


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
        if kind is Kind.RATE and table.unit not in (None, PERCENT_UNIT):
            raise ValueError(
                f"measures.{name}.unit: found {table.unit!r}, but a rate is in percent: 93.4, or 93.4 %. Leave unit "
                f"out; shares of one, such as 0.934, are multiplied by 100 in the query of their source."
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


SUDDEN_KINDS = frozenset({EventKind.DIVERT, EventKind.DATA_FAULT})
"""Events that nobody knows of before their first day, unless they were announced."""

DECLARED_BEDS = re.compile(r"[+-][0-9]+(?![0-9.,])")


@dataclass(frozen=True, slots=True)
class Event:
    """A dated disturbance, both days included. Without a place: the system; without a measure: all of them.

    `announced` is the day on which it became known, if it is declared.
    """

    first: date
    last: date
    place: str | None
    measure: str | None
    kind: EventKind
    note: str
    announced: date | None = None

    @property
    def known_from(self) -> date:
        """Return the first day on which the event is known: as announced, else its own if it is sudden, or always."""
        if self.announced is not None:
            return self.announced
        return self.first if self.kind in SUDDEN_KINDS else date.min

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


@dataclass(frozen=True, slots=True)
class Unknown:
    """Events and one-off bank holidays that were not known yet on a day."""

    events: frozenset[Event] = frozenset()
    holidays: frozenset[date] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.events or self.holidays)


@dataclass(frozen=True)
class SystemContext:
    """Context of a system, other than its counts. `holidays` is empty where there are no bank holidays.

    `publication_hour` is the local hour at which the system publishes, on the day after the cutoff; None: it is
    estimated from when values arrive. `hidden_holidays` are bank holidays that were not announced yet.
    """

    holidays: str = ""
    events: tuple[Event, ...] = ()
    school_terms: tuple[SchoolTerm, ...] = ()
    opening_periods: Mapping[str, OpeningPeriod] = field(default_factory=dict)
    publication_hour: int | None = None
    hidden_holidays: frozenset[date] = frozenset()

    def unknown_on(self, day: date, until: date = date.max) -> Unknown:
        """Return the events and bank holidays up to `until` that were not known on a day."""
        events = frozenset(event for event in self.events if event.known_from > day and event.first <= until)
        return Unknown(events, unannounced_holidays(self.holidays, day, until))

    def without(self, unknown: Unknown) -> "SystemContext":
        """Return the context without what was not known; itself where there is nothing."""
        if not unknown:
            return self
        events = tuple(event for event in self.events if event not in unknown.events)
        return replace(self, events=events, hidden_holidays=unknown.holidays)


class Aggregate(StrEnum):
    """How the rows of a day become its value. A census takes the snapshot nearest to the census hour."""

    SUM = "sum"
    COUNT = "count"
    MEAN = "mean"
    MAX = "max"
    CENSUS = "census"


@dataclass(frozen=True, slots=True)
class Notation:
    """The signs and words with which a source writes numbers. With `percent` they are percentages, maybe with a sign.

    `missing` are further words for no value. `suppressed` has the values that stand in for small counts, such as 2.5
    for `<5`; None: no value stands in.
    """

    decimal: str = "."
    thousands: str | None = None
    missing: frozenset[str] = frozenset()
    suppressed: Mapping[str, float | None] = field(default_factory=dict)
    percent: bool = False

    @property
    def is_declared(self) -> bool:
        """Whether a separator is declared, so that no number can be read in two ways."""
        return self.decimal != "." or self.thousands is not None


PLAIN_NOTATION = Notation()


@dataclass(frozen=True, slots=True)
class Source:
    """Where counts come from, and the names their columns have there.

    Either files at `paths`, as they are or through a `query` in SQL over all of them; or what the database at `url`
    answers to `query`. The rows have their place in the column `place`, or each of `place_columns` has the counts of
    one. They have a `day`; or a `time`, in one column or several that make one, local in `timezone`; `aggregate`
    then says how they become days.
    A wide source has `columns`: each measure with the columns that add up to it. A long one has `measure` and `value`.
    `max_rejected_share` is how much of a file may be rejected before the ingest is. `every` is what each value of a
    flow counts, where the system file says so: a `day` or a `week`; `week_day` says on which day of the week its
    total stands, `first` or `last`. `header_rows` are the lines of the header, one or two; None: the first.
    """

    name: str
    paths: tuple[str, ...]
    place: str | None
    day: str | None
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
    place_columns: tuple[str, ...] = ()
    time: tuple[str, ...] = ()
    timezone: str | None = None
    aggregate: Aggregate | None = None
    census_within_hours: float = DEFAULT_CENSUS_WITHIN_HOURS
    notation: Notation = PLAIN_NOTATION
    encoding: str | None = None
    header_rows: tuple[int, ...] | None = None

    @property
    def is_long(self) -> bool:
        return self.measure is not None


@dataclass(frozen=True)
class SystemFile:
    """One hospital system, where its history comes from, what else is known, and where flat tables go."""

    path: Path
    system: System
    sources: tuple[Source, ...]
    context: SystemContext = SystemContext()
    exports: tuple[ExportTarget, ...] = ()

    @property
    def folder(self) -> Path:
        """Return the folder that paths in the file are relative to."""
        return self.path.parent
