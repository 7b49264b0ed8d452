"""The flat tables of a publication: typed columns, with the values that the service gives."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa

from publication.control import ControlState, sentence
from publication.days import target_day
from publication.doubted_days import checks_by_day
from publication.flat_columns import (
    ColumnKind,
    FlatColumn,
    actual_columns,
    control_columns,
    forecast_columns,
    place_columns,
    pressure_columns,
    publication_columns,
    score_columns,
)
from publication.live_scores import LiveScores
from publication.model import Headroom, Publication, PublicationSummary, SeriesForecast
from publication.pressure import SHORT_BY, chance_over, chance_short, headroom_levels, level_of_day
from publication.vocabulary import COMPUTED_DECIMALS, SeriesKey, series_key

ARROW_TYPES = {
    ColumnKind.TEXT: pa.string(),
    ColumnKind.DAY: pa.date32(),
    ColumnKind.INSTANT: pa.timestamp("us", tz="UTC"),
    ColumnKind.COUNT: pa.int64(),
    ColumnKind.NUMBER: pa.float64(),
    ColumnKind.FLAG: pa.bool_(),
}

Row = Sequence[object]


@dataclass(frozen=True)
class FlatTable:
    """A table with a name, its columns, and its rows as typed data."""

    name: str
    columns: tuple[FlatColumn, ...]
    data: pa.Table


@dataclass(frozen=True)
class FlatTables:
    """The tables of one publication."""

    summary: PublicationSummary
    tables: tuple[FlatTable, ...]

    @property
    def label(self) -> str:
        """Return the cutoff and revision: `2026-11-21.1`."""
        return f"{self.summary.cutoff}.{self.summary.revision}"


def flat_tables(publication: Publication, summary: PublicationSummary, scores: LiveScores | None) -> FlatTables:
    """Return the tables of a publication, and of the live scores if there are any."""
    system = publication.system
    places = ((system.name, p.id, p.parent, p.name, p.kind, len(list(system.ancestors(p.id)))) for p in system.places)
    made = (
        _table("publication", publication_columns(), [_publication(summary, scores)]),
        _table("places", place_columns(), places),
        _table("forecasts", forecast_columns(system), _forecasts(publication)),
        _table("pressure", pressure_columns(system), _pressure(publication)),
        _table("actuals", actual_columns(), _actuals(publication)),
        _table("scores", score_columns(), () if scores is None else _scores(scores)),
        _table("control", control_columns(), () if scores is None else _control(scores)),
    )
    return FlatTables(summary, made)


def _table(name: str, columns: tuple[FlatColumn, ...], rows: Iterable[Row]) -> FlatTable:
    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    arrays = [pa.array(of, ARROW_TYPES[column.kind]) for of, column in zip(values, columns, strict=True)]
    return FlatTable(name, columns, pa.table(arrays, names=[column.name for column in columns]))


def _publication(summary: PublicationSummary, scores: LiveScores | None) -> Row:
    champion = summary.champion
    return (
        *(summary.system, summary.cutoff, summary.revision, _to_the_second(summary.issued_at), summary.digest),
        *(champion.name, champion.version, champion.run_id, summary.n_series, summary.n_fallbacks),
        None if scores is None else _to_the_second(scores.scored_at),
    )


def _forecasts(publication: Publication) -> Iterator[Row]:
    for series in publication.series:
        before = (publication.system.name, *_key(series.key), publication.cutoff)
        for day in series.days:
            yield (*before, day.ds, day.lead, day.mean, *day.quantiles, series.model, series.fallback)


def _pressure(publication: Publication) -> Iterator[Row]:
    for of in publication.headroom:
        yield from _pressure_of(publication, of)


def _pressure_of(publication: Publication, of: Headroom) -> Iterator[Row]:
    system, levels = publication.system, headroom_levels(publication.system)
    place = system.place_by_id[of.place]
    before = (system.name, place.id, place.parent, place.name, place.kind, publication.cutoff)
    published = [levels.index(level) for level in system.quantiles]
    no_flow = ((None,) * len(system.quantiles),) * len(of.beds)
    days = zip(of.beds, of.occupancy, of.headroom, of.net_flow or no_flow, strict=True)
    for lead, (beds, occupancy, headroom, net_flow) in enumerate(days, start=1):
        over = (chance_over(levels, headroom, beds, threshold) for threshold in system.thresholds)
        short = (chance_short(levels, headroom, n) for n in SHORT_BY)
        level = level_of_day(system, levels, headroom, beds)
        numbers = (beds, *occupancy, *(headroom[i] for i in published), *net_flow, *over, *short)
        day = (target_day(publication.cutoff, lead), lead)
        yield (*before, *day, *map(_rounded, numbers), None if level is None else level.name)


def _actuals(publication: Publication) -> Iterator[Row]:
    return (row for series in publication.series for row in _actuals_of(publication, series))


def _actuals_of(publication: Publication, series: SeriesForecast) -> Iterator[Row]:
    before = (publication.system.name, *_key(series.key), series.unit)
    doubted = checks_by_day(publication, series)
    for actual in series.recent:
        is_known = actual.y is not None and math.isfinite(actual.y)
        check = doubted.get(actual.ds)
        yield (*before, actual.ds, actual.y if is_known else None, None if check is None else check.value)


def _scores(scores: LiveScores) -> Iterator[Row]:
    for score in scores.scores:
        if score.of.series is not None:
            of, key = score.of, _key(series_key(score.of.series))
            before = (scores.system, *key, of.leads, of.regime, score.n, score.fallbacks)
            yield (*before, *map(_rounded, score.losses), of.weeks, score.publications)


def _control(scores: LiveScores) -> Iterator[Row]:
    for state in scores.control:
        own = (state.measure, state.check.value, state.n_days, _rounded(state.evidence), state.signal is not None)
        yield (scores.system, *own, *_signal(state), sentence(state) or None)


def _signal(state: ControlState) -> Row:
    """Return series, place, since, found, size and expected; none of them is there without a signal."""
    if state.signal is None:
        return (None,) * 6
    unique_id, since, found, size, expected = state.signal
    place = None if unique_id is None else series_key(unique_id).place
    return (unique_id, place, since, found, _rounded(size), _rounded(expected))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, COMPUTED_DECIMALS)


def _key(key: SeriesKey) -> Row:
    return (key.unique_id, *key)


def _to_the_second(instant: datetime) -> datetime:
    return instant.astimezone(UTC).replace(microsecond=0)
