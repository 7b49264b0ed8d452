"""A forecast as a publication."""

from collections.abc import Iterator
from datetime import date, datetime
from itertools import compress

import numpy as np
import pandas as pd

from publication.model import Actual, Champion, DayForecast, Note, Publication, SeriesForecast
from publication.vocabulary import NoteKind, SeriesKey, series_key
from training.arrays import BoolArray
from training.history.patient_flow import BEDS
from training.history.point_in_time import PointInTimeHistory
from training.models.candidate import FitCache
from training.pipeline.drivers import drivers
from training.pipeline.forecast import DECIMALS, Forecast
from training.pipeline.pressure import headroom, uncounted
from training.pipeline.rest_days import RestDays
from training.system.model import Event

MOST_EVENTS_NOTED = 12
MOST_PLACES_NAMED = 12
RECENT_ACTUALS_DAYS = 56  # of actuals that a publication carries, for charts


def as_publication(
    forecast: Forecast,
    history: PointInTimeHistory,
    fits: FitCache,
    recent: pd.DataFrame,
    champion: Champion,
    data_digest: str,
    issued_at: datetime,
) -> Publication:
    """Every series of the forecast, in the order of the tree; `recent` are wide actuals up to the cutoff.

    `fits` are those that the forecast was made with: drivers are read from them.

    Its notes are on weekdays that are not counted, on the content in general, and on each fallback, in this order.
    """
    system = history.system
    places = {place: i for i, place in enumerate(system.under(system.name))}
    measures = {measure.name: i for i, measure in enumerate(system.measures)}

    def in_tree(key: SeriesKey) -> tuple[int, int, str]:
        return places[key.place], measures[key.measure], key.stream or ""

    keys = sorted(map(series_key, forecast.means.columns), key=in_tree)
    is_counted = forecast.is_counted
    of_all = drivers(history, fits, forecast.means, forecast.parts, DECIMALS, is_counted)
    driven = dict(zip(forecast.means.columns, of_all.tolist(), strict=True))
    return Publication(
        system=system,
        cutoff=forecast.cutoff.date(),
        issued_at=issued_at,
        champion=champion,
        data_digest=data_digest,
        series=tuple(
            _series(forecast, key, system.measure_by_name[key.measure].unit, recent, driven[key.unique_id], is_counted)
            for key in keys
        ),
        notes=(
            *RestDays(history).notes(forecast.counted_on, forecast.cutoff),
            *_number_of_fallbacks(forecast),
            *_without_beds(forecast, history),
            *coming_events(history, forecast),
            *_fallback_reasons(forecast, keys),
        ),
        headroom=headroom(forecast, history),
    )


def _series(
    forecast: Forecast,
    key: SeriesKey,
    unit: str,
    recent: pd.DataFrame,
    driven: list[list[float]],
    is_counted: BoolArray,
) -> SeriesForecast:
    unique_id = key.unique_id
    position = forecast.means.columns.get_loc(unique_id)
    counted = is_counted[position].tolist()
    days: list[date] = [day.date() for day in forecast.means.index]
    means, quantiles = forecast.means[unique_id].tolist(), forecast.quantiles[position].tolist()
    return SeriesForecast(
        key=key,
        unit=unit,
        model=forecast.models[unique_id],
        fallback=unique_id in forecast.reasons,
        recent=tuple(
            Actual(day.date(), None if np.isnan(y) else round(float(y), DECIMALS))
            for day, y in zip(pd.DatetimeIndex(recent.index), recent[unique_id], strict=True)
        ),
        days=tuple(
            DayForecast(day, lead, mean, tuple(values))
            for lead, (day, mean, values) in enumerate(zip(days, means, quantiles, strict=True), start=1)
            if counted[lead - 1]
        ),
        drivers=tuple(map(tuple, compress(driven, counted))),
        counted_on=tuple(forecast.counted_on.get(unique_id, ())),
    )


def _without_beds(forecast: Forecast, history: PointInTimeHistory) -> tuple[Note, ...]:
    """Return a note on the places that pressure leaves out, where it includes others."""
    left_out = sorted(set(uncounted(forecast, history)))
    if not left_out or not any(series_key(i).measure == BEDS for i in forecast.paths.unique_ids):
        return ()
    named = ", ".join(left_out[:MOST_PLACES_NAMED]) + (" and others" if len(left_out) > MOST_PLACES_NAMED else "")
    places = f"{len(left_out)} places whose beds are not counted, also from their parents: {named}."
    return (Note(NoteKind.CAPACITY, f"Pressure leaves out {places}"),)


def coming_events(history: PointInTimeHistory, forecast: Forecast) -> tuple[Note, ...]:
    """A note for each event that touches the horizon, soonest first."""
    first, last = forecast.means.index[0].date(), forecast.means.index[-1].date()
    touching = [e for e in history.context.events if e.first <= last and e.last >= first]
    soonest = sorted(touching, key=lambda e: (e.first, e.place or ""))
    more = len(soonest) - MOST_EVENTS_NOTED
    others = (Note(NoteKind.EVENT, f"And {more} more events."),) if more > 0 else ()
    return (*map(_event_note, soonest[:MOST_EVENTS_NOTED]), *others)


def _event_note(event: Event) -> Note:
    days = f"{event.first}" if event.first == event.last else f"{event.first} to {event.last}"
    where = ", ".join(part for part in (event.place or "everywhere", event.measure) if part)
    sentence = f"{event.kind.replace('_', ' ').capitalize()} {days} ({where})"
    return Note(NoteKind.EVENT, sentence + (f": {event.note}" if event.note else ""), place=event.place)


def _number_of_fallbacks(forecast: Forecast) -> tuple[Note, ...]:
    if not forecast.reasons:
        return ()
    sentence = f"{len(forecast.reasons)} of {len(forecast.models)} series are fallbacks; each says why."
    return (Note(NoteKind.FALLBACK, sentence),)


def _fallback_reasons(forecast: Forecast, keys: list[SeriesKey]) -> Iterator[Note]:
    """A note on each series that is a fallback, in the order of the keys."""
    for key in keys:
        if (reason := forecast.reasons.get(key.unique_id)) is not None:
            yield Note(NoteKind.FALLBACK, reason, key.place, key.unique_id)
