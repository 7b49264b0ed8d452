"""The part of a publication or of the live scores that a request selects, and its format."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum, StrEnum
from itertools import dropwhile, islice
from typing import Protocol

from publication.live_scores import (
    DEFAULT_SLICES,
    MOST_WEEKS,
    SLICES,
    LeadScore,
    LiveScores,
    QuantileShare,
    Score,
    combined,
)
from publication.model import Finding, Publication, SeriesForecast, System
from publication.vocabulary import Check, SeriesKey, Severity, series_key
from service.errors import MAX_PRINTED_VALUES, InvalidParameter, invalid, one_of, unknown
from service.http.conditional import preferred

Query = dict[str, str | list[str]]
"""Parameters by name; a list is a parameter that is given several times."""


class Page(Protocol):
    """A selection whose next page has an address."""

    def following(self, publication: Publication) -> "Page | None": ...
    def query(self) -> Query: ...


class Format(StrEnum):
    """The formats, as the parameter `format` names them."""

    JSON = "json"
    CSV = "csv"
    NDJSON = "ndjson"


class Shape(StrEnum):
    """The shapes of JSON, as the parameter `shape` names them: objects in objects, or rows with the columns of CSV."""

    NESTED = "nested"
    ROWS = "rows"


class Form(Enum):
    """The form of a body: its format, and its shape where that is JSON."""

    JSON = Format.JSON, Shape.NESTED, "application/json"
    ROWS = Format.JSON, Shape.ROWS, "application/json"
    CSV = Format.CSV, Shape.ROWS, "text/csv; charset=utf-8"
    NDJSON = Format.NDJSON, Shape.ROWS, "application/x-ndjson"

    def __init__(self, named: Format, shape: Shape, media_type: str) -> None:
        self.format = named
        self.shape = shape
        self.media_type = media_type
        """The Content-Type of responses."""

    @property
    def has_metadata(self) -> bool:
        """Return whether a body of this form names its publication, with its freshness."""
        return self.format is Format.JSON

    def query(self) -> Query:
        """Return the parameters of this form."""
        query: Query = {"format": self.format.value}
        return query | {"shape": self.shape.value} if self is ROWS else query


JSON, ROWS, CSV, NDJSON = Form
FORM_OF_FORMAT = {Format.CSV: CSV, Format.NDJSON: NDJSON}
ACCEPTED = {
    "application/json": Format.JSON,
    "text/csv": Format.CSV,
    "application/x-ndjson": Format.NDJSON,
    "application/ndjson": Format.NDJSON,
}


def negotiated(wanted: str | None, accept: str, shape: Shape = Shape.NESTED) -> Form:
    """Return the form with `wanted` for a format where it is given, else with the format that `Accept` prefers.

    JSON wins a draw. The shape is that of JSON; tables have rows in any case.
    """
    chosen = Format(wanted) if wanted is not None else ACCEPTED[preferred(accept, tuple(ACCEPTED))]
    return FORM_OF_FORMAT.get(chosen, ROWS if shape is Shape.ROWS else JSON)


def split_values(given: Iterable[str], published: Collection[str]) -> list[str]:
    """Return the values of a parameter, each once: those between commas, but for a published one that has a comma."""
    found = (part for value in given for part in ([value] if value in published else value.split(",")))
    return list(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class Selection:
    """Filters, all optional. `under`: a place and everything below it; `horizon`: the largest lead.

    `places` and `measures` are as they were given, perhaps several with commas between them. `first` and `last` are
    target days. `after` and `limit` make a page: as many series as `limit`, from the one that follows `after` on.
    """

    places: tuple[str, ...] = ()
    under: str | None = None
    measures: tuple[str, ...] = ()
    stream: str | None = None
    unique_id: str | None = None
    horizon: int | None = None
    levels: tuple[float, ...] | None = None
    after: str | None = None
    limit: int | None = None
    first: date | None = None
    last: date | None = None

    def check(self, publication: Publication) -> None:
        """Raise UnknownValueError for values that the publication does not have, with those that it has."""
        places, measures = publication.system.place_by_id, publication.system.measure_by_name
        wanted: list[tuple[str, Iterable[str | None], Collection[str]]] = [
            ("place", split_values(self.places, places), places),
            ("under", [self.under], places),
            ("measure", split_values(self.measures, measures), measures),
            ("stream", [self.stream], _streams(publication) if self.stream is not None else ()),
            ("unique_id", [self.unique_id], publication.series_by_id),
            ("after", [self.after], publication.series_by_id),
        ]
        missing = (
            (parameter, value, allowed)
            for parameter, values, allowed in wanted
            for value in values
            if value is not None and value not in allowed
        )
        shown = [  # what resembles each is looked for, which takes a while: not for thousands
            InvalidParameter(parameter, value, one_of(list(allowed), value) or "none is published")
            for parameter, value, allowed in islice(missing, MAX_PRINTED_VALUES)
        ]
        if shown:
            raise unknown(*shown)
        self._check_amounts(publication.system)

    def series(self, publication: Publication) -> tuple[SeriesForecast, ...]:
        """Return the selected series, in the order of the publication."""
        return tuple(islice(self._from(publication), self.limit))

    def following(self, publication: Publication) -> "Selection | None":
        """Return the selection of the next page; None after the last."""
        if self.limit is None:
            return None
        page = tuple(islice(self._from(publication), self.limit + 1))
        return replace(self, after=page[-2].unique_id) if len(page) > self.limit else None

    def predicate(self, system: System) -> Callable[[SeriesKey], bool]:
        """Return whether a series is among those that places, `under`, measures and `stream` select."""
        places = None if self.under is None and not self.places else self.place_ids(system)
        measures = set(split_values(self.measures, system.measure_by_name))

        def admits(key: SeriesKey) -> bool:
            return (
                (places is None or key.place in places)
                and (not measures or key.measure in measures)
                and self.stream in (None, key.stream)
            )

        return admits

    def query(self) -> Query:
        """Return the parameters of this selection."""
        lists = {"place": list(self.places), "measure": list(self.measures)}
        selected = {name: getattr(self, name) for name in ("under", "stream", "horizon", "after", "limit")}
        days = {"from": self.first, "to": self.last}
        levels = {} if self.levels is None else {"quantiles": ",".join(map(str, self.levels))}
        single = {name: str(value) for name, value in (selected | days).items() if value is not None}
        return {name: values for name, values in lists.items() if values} | single | levels

    def place_ids(self, system: System) -> set[str]:
        """Return the ids of the selected places."""
        named = set(split_values(self.places, system.place_by_id))
        if self.under is None:
            return named or set(system.place_by_id)
        below = self.scope(system)
        return below & named if named else below

    def scope(self, system: System) -> set[str]:
        """Return the ids of the places that `under` selects."""
        return set(system.place_by_id if self.under is None else system.under(self.under))

    def leads(self, publication: Publication) -> range:
        """Return the leads of the selected days."""
        cutoff, horizon = publication.cutoff, self.horizon or publication.system.horizon_days
        start = 1 if self.first is None else max((self.first - cutoff).days, 1)
        end = horizon if self.last is None else min((self.last - cutoff).days, horizon)
        return range(start, max(end + 1, start))

    def has_day(self, first: date, last: date) -> bool:
        """Return whether any day of the interval, both ends included, is selected."""
        return (self.first is None or self.first <= last) and (self.last is None or first <= self.last)

    def quantiles(self, system: System) -> tuple[tuple[int, float], ...]:
        """Return position and level of the selected quantiles, lowest first."""
        wanted = system.quantiles if self.levels is None else self.levels
        return tuple((i, level) for i, level in enumerate(system.quantiles) if level in wanted)

    def _from(self, publication: Publication) -> Iterator[SeriesForecast]:
        if self.unique_id is not None:
            yield publication.series_by_id[self.unique_id]
            return
        admits = self.predicate(publication.system)
        listed = iter(publication.series)
        if self.after is not None:
            listed = islice(dropwhile(lambda series: series.unique_id != self.after, listed), 1, None)
        for series in listed:
            if admits(series.key):
                yield series

    def _check_amounts(self, system: System) -> None:
        findings = []
        if self.horizon is not None and not 1 <= self.horizon <= system.horizon_days:
            findings.append(InvalidParameter("horizon", str(self.horizon), f"1 to {system.horizon_days} days"))
        if self.first is not None and self.last is not None and self.first > self.last:
            findings.append(InvalidParameter("from", str(self.first), f"a day up to that of `to`, {self.last}"))
        published = [f"{level:g}" for level in system.quantiles]
        for level in self.levels or ():
            if level not in system.quantiles:
                findings.append(InvalidParameter("quantiles", f"{level:g}", ", ".join(published)))
        if findings:
            raise invalid(*findings)


EVERYTHING = Selection()


def _streams(publication: Publication) -> list[str]:
    return sorted({series.key.stream for series in publication.series if series.key.stream is not None})


@dataclass(frozen=True, slots=True)
class FindingSelection:
    """Filters by series, check and severity, all optional.

    `after` and `limit` make a page: as many findings as `limit`, after the first so many.
    """

    series: Selection = EVERYTHING
    check: Check | None = None
    severity: Severity | None = None
    after: int = 0
    limit: int | None = None

    def findings(self, publication: Publication) -> tuple[Finding, ...]:
        """Return the selected findings, in the order of the publication.

        A place that the publication restricts to has those of its part alone.
        """
        return tuple(islice(self._admitted(publication), self.after, self._end))

    def following(self, publication: Publication) -> "FindingSelection | None":
        """Return the selection of the next page; None after the last."""
        if self._end is None or next(islice(self._admitted(publication), self._end, None), None) is None:
            return None
        return replace(self, after=self._end)

    def query(self) -> Query:
        """Return the parameters of this selection."""
        mine = {"check": self.check, "severity": self.severity, "after": self.after or None, "limit": self.limit}
        return self.series.query() | {name: str(value) for name, value in mine.items() if value is not None}

    @property
    def _end(self) -> int | None:
        return None if self.limit is None else self.after + self.limit

    def _admitted(self, publication: Publication) -> Iterator[Finding]:
        admits = self.series.predicate(publication.system)
        return (
            finding
            for finding in publication.findings
            if admits(finding.key)
            and self.check in (None, finding.check)
            and self.severity in (None, finding.severity)
            and self.series.has_day(finding.first, finding.last)
        )


POOLED_SLICES = ("lead", "champion", "quantile")
POOLED_SLICINGS = (("measure", "lead"), ("measure", "lead", "champion"), ("measure", "quantile"))
"""Slicings whose scores are of all places together: they are not stored by series."""
IMPLIED = {"series": ("measure",), "lead": ("measure",), "champion": ("measure", "lead"), "quantile": ("measure",)}
SLICES_WRITTEN = (
    f"any of {', '.join(SLICES)}, separated by commas; or one of {', '.join(POOLED_SLICES)}, of all places together"
)
ScoreRow = Score | LeadScore | QuantileShare


@dataclass(frozen=True, slots=True)
class ScoreSelection:
    """Filters by series, lead band and regime, all optional; the weeks; and the slices with scores of their own."""

    series: Selection
    leads: str | None = None
    regime: str | None = None
    by: tuple[str, ...] = DEFAULT_SLICES
    weeks: int = MOST_WEEKS

    def scores(self, publication: Publication, live_scores: LiveScores | None) -> tuple[ScoreRow, ...]:
        """Return the selected scores of the publication's places, combined.

        Raises UnknownValueError for lead bands and regimes that have none, and InvalidParameterError for a filter by
        places of scores that are of all places together.
        """
        if self.by in POOLED_SLICINGS:
            return self._pooled(publication, live_scores)
        seen = [] if live_scores is None else list(_within(publication, live_scores, self.weeks))
        self._check_slices([score for _, score in seen])
        admits = self.series.predicate(publication.system)
        return combined((score for key, score in seen if admits(key) and self._admits(score)), self.by)

    def _pooled(self, publication: Publication, live_scores: LiveScores | None) -> tuple[ScoreRow, ...]:
        """Return scores of all places together: none for a view of one place, which sees nothing of others."""
        self._check_pooled()
        if live_scores is None or publication.system.name != live_scores.system:
            return ()
        tables: dict[str, tuple[LeadScore, ...] | tuple[QuantileShare, ...]] = {
            "lead": live_scores.by_lead,
            "champion": live_scores.by_champion,
            "quantile": live_scores.quantiles,
        }
        measures = publication.system.measure_by_name
        wanted = split_values(self.series.measures, measures) or list(measures)
        return tuple(score for score in tables[self.by[-1]] if score.weeks == self.weeks and score.measure in wanted)

    def _check_pooled(self) -> None:
        given = {
            "place": ",".join(self.series.places) or None,
            "under": self.series.under,
            "stream": self.series.stream,
            "leads": self.leads,
            "regime": self.regime,
        }
        together = f"none: scores by {self.by[-1]} are of all places together"
        wrong = [InvalidParameter(name, value, together) for name, value in given.items() if value is not None]
        if "champion" in self.by and self.weeks != MOST_WEEKS:
            wrong.append(
                InvalidParameter("weeks", str(self.weeks), f"{MOST_WEEKS}: scores by champion are of all weeks")
            )
        if wrong:
            raise invalid(*wrong)

    def _admits(self, score: Score) -> bool:
        return self.leads in (None, score.of.leads) and self.regime in (None, score.of.regime)

    def _check_slices(self, scores: list[Score]) -> None:
        there = {"leads": {score.of.leads for score in scores}, "regime": {score.of.regime for score in scores}}
        wanted = {"leads": self.leads, "regime": self.regime}
        missing = [
            InvalidParameter(
                name, value, one_of(sorted(filter(None, there[name])), value) or "nothing has been scored yet"
            )
            for name, value in wanted.items()
            if value is not None and value not in there[name]
        ]
        if missing:
            raise unknown(*missing)


def read_slices(text: str) -> tuple[str, ...]:
    """Return the slices of a comma list, in their order, with those that they imply. Raises InvalidParameterError."""
    named = set(text.split(","))
    implied = {name for of in named for name in IMPLIED.get(of, ())}
    found = tuple(name for name in (*SLICES, *POOLED_SLICES) if name in named | implied)
    is_pooled = not named.isdisjoint(POOLED_SLICES)
    if not named <= {*SLICES, *POOLED_SLICES} or (is_pooled and found not in POOLED_SLICINGS):
        raise invalid(InvalidParameter("by", text, SLICES_WRITTEN))
    return found


def _within(publication: Publication, live_scores: LiveScores, weeks: int) -> Iterable[tuple[SeriesKey, Score]]:
    """Return the scores of series at places that the publication has: a view of one place has those of its part."""
    places = publication.system.place_by_id
    for series, of_series in live_scores.by_series.items():
        key = series_key(series)
        if key.place in places:
            yield from ((key, score) for score in of_series if score.of.weeks == weeks)
