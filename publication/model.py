"""Publications: every forecast of one system for one cutoff and revision, immutable once issued."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property

from publication.levels import EscalationLevel
from publication.vocabulary import Check, Kind, NoteKind, SeriesKey, Severity, Treatment, series_key


@dataclass(frozen=True, slots=True)
class Place:
    """A node of the tree; the root has no parent."""

    id: str
    parent: str | None
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Measure:
    """Something counted, or a rate, of each day, and its unit."""

    name: str
    kind: Kind
    unit: str


@dataclass(frozen=True)
class System:
    """One hospital system as its system.toml describes it; `name` is the id of the root place.

    `levels` of escalation are ordered from the lowest to the highest.
    """

    name: str
    timezone: str
    census_hour: int
    horizon_days: int
    thresholds: tuple[float, ...]
    quantiles: tuple[float, ...]
    measures: tuple[Measure, ...]
    places: tuple[Place, ...]
    levels: tuple[EscalationLevel, ...] = ()

    @cached_property
    def place_by_id(self) -> dict[str, Place]:
        return {place.id: place for place in self.places}

    @cached_property
    def measure_by_name(self) -> dict[str, Measure]:
        return {measure.name: measure for measure in self.measures}

    @cached_property
    def _children(self) -> dict[str, tuple[str, ...]]:
        children: dict[str, list[str]] = {}
        for place in self.places:
            if place.parent is not None:
                children.setdefault(place.parent, []).append(place.id)
        return {parent: tuple(ids) for parent, ids in children.items()}

    def children(self, place: str) -> tuple[str, ...]:
        """Ids of the places directly below `place`."""
        return self._children.get(place, ())

    def ancestors(self, place: str) -> Iterator[str]:
        """Ids from the parent of `place` up to the root."""
        parent = self.place_by_id[place].parent
        while parent is not None:
            yield parent
            parent = self.place_by_id[parent].parent

    def is_additive(self, measure: str) -> bool:
        """Return whether a measure adds up; one that the system does not have (any more) counts as additive."""
        return measure not in self.measure_by_name or self.measure_by_name[measure].kind.is_additive

    def totals_of(self, key: SeriesKey) -> set[SeriesKey]:
        """Every series that `key` is a part of: the same measure in the places above, with and without its stream.

        A series of a measure that does not add up is a part of none.
        """
        if not self.is_additive(key.measure):
            return set()
        places = [key.place, *self.ancestors(key.place)]
        return {SeriesKey(place, key.measure, stream) for place in places for stream in (key.stream, None)} - {key}

    def under(self, place: str) -> Iterator[str]:
        """Ids of `place` and every place below it, parents before children."""
        yield place
        for child in self.children(place):
            yield from self.under(child)


@dataclass(frozen=True, slots=True)
class Champion:
    """The registered version that made a publication."""

    name: str
    version: int
    run_id: str


@dataclass(frozen=True, slots=True)
class Actual:
    """An observed count; `y` is None where the day has no value."""

    ds: date
    y: float | None


@dataclass(frozen=True, slots=True)
class DayForecast:
    """One target day: the mean and one value for each of the system's quantile levels, in their order."""

    ds: date
    lead: int
    mean: float
    quantiles: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SeriesForecast:
    """The forecast of one series; where it is a fallback, a note of the publication says why.

    `drivers` has, for each day, one count for each of `vocabulary.DRIVERS`; it is empty where they are not known.
    `counted_on` are the weekdays (0 for Monday, in order) on which a flow is ever counted: on others it has no day.
    It is empty where a series has each day of the horizon. The sequences are tuples, or `packed` where many
    publications are held.
    """

    key: SeriesKey
    unit: str
    model: str
    fallback: bool
    recent: Sequence[Actual]
    days: Sequence[DayForecast]
    drivers: Sequence[Sequence[float]] = ()
    counted_on: tuple[int, ...] = ()

    @property
    def unique_id(self) -> str:
        return self.key.unique_id

    def is_late(self, cutoff: date) -> bool:
        """Return whether a day on which it is counted has passed since its newest actual, up to the cutoff."""
        newest = self.last_actual
        if newest is None:
            return True
        since = (newest.ds + timedelta(days=n) for n in range(1, (cutoff - newest.ds).days + 1))
        return any(not self.counted_on or day.weekday() in self.counted_on for day in since)

    @property
    def last_actual(self) -> Actual | None:
        """The newest day that has a value, if any of the recent days has."""
        return next((actual for actual in reversed(self.recent) if actual.y is not None), None)


@dataclass(frozen=True, slots=True)
class Peak:
    """The highest occupancy of the next `days`: a quantile for each of the system's levels, and its lead on average."""

    days: int
    quantiles: tuple[float, ...]
    lead: float


@dataclass(frozen=True, slots=True)
class Headroom:
    """Beds that are left at a place on each day of the horizon, counted on paths of the places that have both.

    For each day: the expected `beds`; `occupancy` at the system's quantile levels; `headroom`, beds minus occupancy, at
    those of `pressure.headroom_levels`; and `beds_freed` by then for each further discharge a day. `net_flow` is the
    admissions minus discharges of the day at the system's quantile levels, and empty where not both are counted.
    """

    place: str
    beds: tuple[float, ...]
    occupancy: Sequence[Sequence[float]]
    headroom: Sequence[Sequence[float]]
    beds_freed: tuple[float, ...]
    peaks: tuple[Peak, ...]
    net_flow: Sequence[Sequence[float]] = ()

    def first(self, days: int | None) -> "Headroom":
        """The same of the first days alone, if a number is given; peaks stay as they are."""
        upto = slice(days)
        return replace(
            self,
            beds=self.beds[upto],
            occupancy=self.occupancy[upto],
            headroom=self.headroom[upto],
            beds_freed=self.beds_freed[upto],
            net_flow=self.net_flow[upto],
        )


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence for the reader of a publication: on one series, on one place, or on all of it where it names none."""

    kind: NoteKind
    text: str
    place: str | None = None
    series: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A run of days, both ends included, of one series that a check doubts: why, and what was done with them.

    `series` is a unique_id of a place and measure of the system, published or not.
    """

    series: str
    first: date
    last: date
    check: Check
    severity: Severity
    reason: str
    treatment: Treatment

    @property
    def key(self) -> SeriesKey:
        return series_key(self.series)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


@dataclass(frozen=True)
class Publication:
    """Every forecast of one system for one cutoff; `revision` 0 means not issued yet."""

    system: System
    cutoff: date
    issued_at: datetime
    champion: Champion
    data_digest: str
    series: tuple[SeriesForecast, ...]
    notes: tuple[Note, ...] = ()
    revision: int = 0
    headroom: tuple[Headroom, ...] = ()
    findings: tuple[Finding, ...] = ()

    @cached_property
    def headroom_by_place(self) -> dict[str, Headroom]:
        return {headroom.place: headroom for headroom in self.headroom}

    @cached_property
    def late_series(self) -> tuple[SeriesKey, ...]:
        """The series that have no actual on the cutoff, nor on any day they are counted on since their newest."""
        return tuple(series.key for series in self.series if series.is_late(self.cutoff))

    @cached_property
    def series_by_id(self) -> dict[str, SeriesForecast]:
        return {series.unique_id: series for series in self.series}

    @cached_property
    def missing_parts(self) -> dict[SeriesKey, tuple[Finding, ...]]:
        """The findings that a part is silent, by each published total that is without it: the first to stop first."""
        totals = {series.key: self.system.totals_of(series.key) for series in self.series}
        has_parts = set[SeriesKey]().union(*totals.values())
        missing: dict[SeriesKey, tuple[Finding, ...]] = {}
        for finding in sorted(self.findings, key=lambda of: (of.first, of.series)):
            above = self.system.totals_of(finding.key) & totals.keys() if finding.check is Check.SILENT else set()
            if above <= has_parts:  # else one of them is counted by itself, and lacks nothing
                missing |= {total: (*missing.get(total, ()), finding) for total in above}
        return missing

    @cached_property
    def _findings_by_series(self) -> dict[str, list[Finding]]:
        by_series: dict[str, list[Finding]] = {}
        for finding in self.findings:
            by_series.setdefault(finding.series, []).append(finding)
        return by_series

    def findings_on(self, unique_id: str) -> tuple[Finding, ...]:
        """Return the findings on one series."""
        return tuple(self._findings_by_series.get(unique_id, ()))

    @cached_property
    def _notes_by_series(self) -> dict[str | None, list[Note]]:
        by_series: dict[str | None, list[Note]] = {}
        for note in self.notes:
            by_series.setdefault(note.series, []).append(note)
        return by_series

    def notes_on(self, unique_id: str | None) -> tuple[Note, ...]:
        """Return the notes on one series; for None, those on no series alone."""
        return tuple(self._notes_by_series.get(unique_id, ()))

    def fallback_reason(self, unique_id: str) -> str | None:
        """Return why a fallback is published for the series; None where none is, or nothing says why."""
        return next((note.text for note in self.notes_on(unique_id) if note.kind is NoteKind.FALLBACK), None)


@dataclass(frozen=True, slots=True)
class PublicationSummary:
    """The entry of a publication in a list."""

    system: str
    cutoff: date
    revision: int
    issued_at: datetime
    champion: Champion
    n_series: int
    n_fallbacks: int
    digest: str
