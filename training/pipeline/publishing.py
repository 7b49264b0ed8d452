"""A forecast as a publication."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from itertools import compress

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from publication.model import Actual, Champion, DayForecast, Note, Publication, SeriesForecast
from publication.vocabulary import BEDS, DRIVERS, NoteKind, SeriesKey, series_key
from training.features.calendar import EVENT_FEATURES, SCHOOL_TERM
from training.frames import WEEK, BoolArray, FloatArray
from training.history.point_in_time import PointInTimeHistory
from training.models.calendar_level import FittedLevel, fitted_for
from training.models.candidate import SMOOTHING_LOOKBACK_DAYS, FitCache, by_measure, target_days
from training.models.effects import design
from training.models.level import BASE, moving_averages, weekday_factors
from training.pipeline.forecast import Forecast
from training.pipeline.pressure import headroom, uncounted
from training.pipeline.rest_days import RestDays
from training.pipeline.system_paths import DECIMALS
from training.system.bank_holidays import holiday_titles
from training.system.model import Event, SystemContext

EFFECTS = {
    "weekday": ("weekday",),
    "season": ("season",),
    "holiday": ("holiday",),
    "event": (*(kind.value for kind in EVENT_FEATURES), SCHOOL_TERM),
}


def drivers(
    history: PointInTimeHistory,
    fits: FitCache,
    means: pd.DataFrame,
    parts: pd.DataFrame,
    decimals: int,
    is_counted: BoolArray,
) -> FloatArray:
    """Return parts of the means (n_series, horizon, n_drivers), rounded; they add up to the mean exactly.

    `means` (horizon, n_series) holds bottom series and their sums, by the 0/1 matrix `parts`. The residual is
    what the other parts leave over; a sum's parts are the sums of its series' parts. On days that are not counted, by
    `is_counted` (n_series, horizon), a series has none.
    """
    cutoff, horizon = means.index[0] - pd.Timedelta(days=1), len(means)
    bottom = np.zeros((len(parts.index), horizon, len(DRIVERS)))
    position = {unique_id: i for i, unique_id in enumerate(parts.index)}
    for measure, unique_ids in by_measure(parts.index).items():
        rows = [position[unique_id] for unique_id in unique_ids]
        bottom[rows] = _of_measure(history, fits, cutoff, horizon, measure, unique_ids)
    bottom[~is_counted[: len(bottom)]] = 0.0
    adding = csr_array(parts.to_numpy().T)  # a thousandth of the matrix is not 0
    summed = adding @ bottom.round(decimals).reshape(len(bottom), -1)
    values = summed.reshape(-1, horizon, len(DRIVERS)).round(decimals)
    values[:, :, -1] = (means.to_numpy().T - values[:, :, :-1].sum(axis=-1)).round(decimals)
    return np.asarray(values)


def _of_measure(
    history: PointInTimeHistory, fits: FitCache, cutoff: pd.Timestamp, horizon: int, measure: str, unique_ids: list[str]
) -> FloatArray:
    """Return all drivers but the residual, (n_series, horizon, n_drivers); only the level where nothing is fitted."""
    recent = history.imputed(cutoff)[unique_ids].tail(SMOOTHING_LOOKBACK_DAYS)
    fitted = fitted_for(history, fits, cutoff, measure, horizon)
    values = np.zeros((len(unique_ids), horizon, len(DRIVERS)))
    if fitted is None:
        values[:, :, 0] = recent.tail(8 * WEEK).mean().fillna(0.0).to_numpy()[:, None]
        return values
    level, multiples, trend = _factors(fitted, history, recent, cutoff, horizon)
    so_far = np.broadcast_to(level, (horizon, len(unique_ids)))
    values[:, :, 0] = so_far.T
    for place, factor in enumerate([*multiples.values(), trend], start=1):
        values[:, :, place] = (so_far * (factor - 1)).T
        so_far = so_far * factor
    return values


def _factors(
    fitted: FittedLevel, history: PointInTimeHistory, recent: pd.DataFrame, cutoff: pd.Timestamp, horizon: int
) -> tuple[FloatArray, Mapping[str, FloatArray], FloatArray]:
    """Return the recent level (n_series,), and the factors of each kind of effect and of the trend (horizon, n_series).

    The level is that of the last week with the season of the cutoff, without holidays and events.
    """
    unique_ids, n_recent = list(recent.columns), len(recent)
    days = pd.DatetimeIndex([*recent.index, *target_days(cutoff, horizon)])
    features = design(history, days, unique_ids, fitted.harmonics)
    effects = {name: fitted.effects.on(features, unique_ids, prefixes) for name, prefixes in EFFECTS.items()}
    adjusted = recent.to_numpy() / np.exp(sum(effects.values()))[:n_recent]
    week = np.exp(effects["weekday"][n_recent - WEEK : n_recent]).mean(axis=0)
    season = effects["season"][n_recent - 1]
    baseline = {"weekday": np.log(week), "season": season}
    multiples = {
        name: np.exp(effect[n_recent:] - baseline.get(name, np.zeros(len(unique_ids))))
        for name, effect in effects.items()
    }
    observed = history.as_of(cutoff)[unique_ids].reindex(recent.index).notna().to_numpy()
    multiples["weekday"] *= weekday_factors(adjusted, observed, horizon)
    now = np.maximum(moving_averages(adjusted)[BASE, -1], np.finfo(float).tiny)
    return now * week * np.exp(season), multiples, fitted.level.ahead(adjusted) / now


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
            *coming_holidays(history.context, forecast.means.index),
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


def coming_holidays(context: SystemContext, days: pd.Index) -> Iterator[Note]:
    """Yield a note for each of the days that is a public holiday, by name; holidays not announced yet are none."""
    for day in (ds.date() for ds in days):
        titles = holiday_titles(context.holidays, day.year).get(day, ())
        if titles and day not in context.hidden_holidays:
            yield Note(NoteKind.HOLIDAY, f"{day:%A} {day.day} {day:%B}: {', '.join(titles)}")


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
