"""The part of a publication or of the live scores that a request selects, and its format."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
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
from publication.model import DayForecast, Finding, Publication, SeriesForecast, System
from publication.vocabulary import Check, SeriesKey, Severity, series_key
from service.errors import InvalidParameter, invalid, one_of, unknown
from service.http.conditional import preferred


class Page(Protocol):
    """A selection whose next page has an address."""

    def following(self, publication: Publication) -> "Page | None": ...
    def query(self) -> dict[str, str]: ...


class Format(StrEnum):
    """The formats, as the parameter `format` names them."""

    JSON = "json"
    CSV = "csv"
    NDJSON = "ndjson"

    @property
    def media_type(self) -> str:
        """Return the Content-Type of responses."""
        return LABELS[self]


JSON, CSV, NDJSON = Format
LABELS = {JSON: "application/json", CSV: "text/csv; charset=utf-8", NDJSON: "application/x-ndjson"}
ACCEPTED = {"application/json": JSON, "text/csv": CSV, "application/x-ndjson": NDJSON, "application/ndjson": NDJSON}


def negotiated(wanted: str | None, accept: str) -> Format:
    """Return `wanted` where it is given, else the format that `Accept` prefers; JSON wins a draw."""
    return Format(wanted) if wanted is not None else ACCEPTED[preferred(accept, tuple(ACCEPTED))]


@dataclass(frozen=True, slots=True)
class Selection:
    """Filters, all optional. `under`: a place and everything below it; `horizon`: the largest lead.

    `after` and `limit` make a page: as many series as `limit`, from the one that follows `after` on.
    """

    place: str | None = None
    under: str | None = None
    measure: str | None = None
    stream: str | None = None
    unique_id: str | None = None
    horizon: int | None = None
    levels: tuple[float, ...] | None = None
    after: str | None = None
    limit: int | None = None

    def check(self, publication: Publication) -> None:
        """Raise UnknownValueError for values that the publication does not have, with those that it has."""
        wanted: dict[str, tuple[str | None, Collection[str]]] = {
            "place": (self.place, publication.system.place_by_id),
            "under": (self.under, publication.system.place_by_id),
            "measure": (self.measure, publication.system.measure_by_name),
            "stream": (self.stream, _streams(publication) if self.stream is not None else ()),
            "unique_id": (self.unique_id, publication.series_by_id),
            "after": (self.after, publication.series_by_id),
        }
        missing = tuple(
            InvalidParameter(parameter, value, one_of(list(allowed), value) or "none is published")
            for parameter, (value, allowed) in wanted.items()
            if value is not None and value not in allowed
        )
        if missing:
            raise unknown(*missing)
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
        """Return whether a series is among those that `place`, `under`, `measure` and `stream` select."""
        below = None if self.under is None else set(system.under(self.under))
        wanted = SeriesKey(self.place or "", self.measure or "", self.stream or "")

        def admits(key: SeriesKey) -> bool:
            is_wanted = all(not value or value == found for value, found in zip(wanted, key, strict=True))
            return is_wanted and (below is None or key.place in below)

        return admits

    def query(self) -> dict[str, str]:
        """Return the parameters of this selection."""
        selected = {
            name: getattr(self, name) for name in ("place", "under", "measure", "stream", "horizon", "after", "limit")
        }
        levels = {} if self.levels is None else {"quantiles": ",".join(map(str, self.levels))}
        return {name: str(value) for name, value in selected.items() if value is not None} | levels

    def places(self, publication: Publication) -> set[str]:
        """Return the ids of the selected places."""
        return set(publication.system.under(self.under or publication.system.name))

    def days(self, series: SeriesForecast) -> Sequence[DayForecast]:
        if series.counted_on and self.horizon is not None:
            return [day for day in series.days if day.lead <= self.horizon]
        return series.days[: self.horizon]

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
        """Return the selected findings, in the order of the publication. Raises UnknownValueError for unknown filters.

        A place that the publication restricts to has those of its part alone.
        """
        self.series.check(publication)
        return tuple(islice(self._admitted(publication), self.after, self._end))

    def following(self, publication: Publication) -> "FindingSelection | None":
        """Return the selection of the next page; None after the last."""
        if self._end is None or next(islice(self._admitted(publication), self._end, None), None) is None:
            return None
        return replace(self, after=self._end)

    def query(self) -> dict[str, str]:
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
            if admits(finding.key) and self.check in (None, finding.check) and self.severity in (None, finding.severity)
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
        """Return the selected scores of the publication's places, combined. Raises UnknownValueError for others.

        Raises InvalidParameterError for a filter by places of scores that are of all places together.
        """
        self.series.check(publication)
        if self.by in POOLED_SLICINGS:
            return self._pooled(publication, live_scores)
        seen = [] if live_scores is None else list(_within(publication, live_scores, self.weeks))
        self._check([score for _, score in seen])
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
        return tuple(
            score
            for score in tables[self.by[-1]]
            if score.weeks == self.weeks and self.series.measure in (None, score.measure)
        )

    def _check_pooled(self) -> None:
        given = {
            "place": self.series.place,
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

    def _check(self, scores: list[Score]) -> None:
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
