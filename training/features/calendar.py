"""Features of days: weekday, season, bank holidays and the days around them, school terms and declared events.

See docs/explanation/method.md. Calendar features are wide frames: one row per day, one column per feature.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import pandas as pd

from publication.days import SATURDAY
from publication.model import System
from publication.vocabulary import series_key
from training.frames import WEEK, BoolArray, FloatArray
from training.history.event_days import days_of, spans
from training.system.bank_holidays import named_holidays, recurring_holidays
from training.system.model import EventKind, SystemContext

EVENT_FEATURES = (EventKind.STRIKE, EventKind.CLOSURE, EventKind.DIVERT)
SCHOOL_TERM = "school_term"


def event_features(
    ds: pd.Series, unique_ids: Sequence[str], context: SystemContext, system: System
) -> dict[str, FloatArray]:
    """Return for each pair of a day and a series (n_rows,) 1 where such an event or a school term holds, else 0.

    `ds` and `unique_ids` are equally long. There is a feature for each kind of event that `context` has at any time.
    """
    days, day = np.unique(ds.to_numpy(), return_inverse=True)
    ids, series = np.unique(np.asarray(unique_ids, dtype=object).astype(str), return_inverse=True)
    tables = event_tables(pd.DatetimeIndex(days), [str(unique_id) for unique_id in ids], context, system)
    return {name: table[day, series] for name, table in tables.items()}


def event_tables(
    days: pd.DatetimeIndex, unique_ids: Sequence[str], context: SystemContext, system: System
) -> dict[str, FloatArray]:
    """Return the same features for every day and every series: tables (n_days, n_series) by name."""
    declared = {event.kind for event in context.events}
    tables = {
        kind.value: days_of(context.events, {kind}, days, unique_ids, system).astype(float)
        for kind in EVENT_FEATURES
        if kind in declared
    }
    if context.school_terms:
        tables[SCHOOL_TERM] = _in_term(days, unique_ids, context, system).astype(float)
    return tables


def _in_term(days: pd.DatetimeIndex, unique_ids: Sequence[str], context: SystemContext, system: System) -> BoolArray:
    """Return (n_days, n_series) True where a school term of the place, or of a place above it, holds."""
    holds = np.zeros((len(days), len(unique_ids)), bool)
    places = [series_key(unique_id).place for unique_id in unique_ids]
    for term, on in spans(context.school_terms, days):
        there = [term.place is None or term.place in (place, *system.ancestors(place)) for place in places]
        holds[on, there] = True
    return holds


YEAR_DAYS = 365.25
SEASON_HARMONICS = 2
CHRISTMAS = (12, 25)
REFERENCE_YEAR = 2020
AROUND_CHRISTMAS = {
    **{(12, day): "before_christmas" for day in range(18, 24)},
    (12, 24): "christmas_eve",
    (12, 26): "after_christmas",  # where it is no holiday itself
    **{(12, day): "christmas_gap" for day in range(27, 31)},
    (12, 31): "new_years_eve",
    (1, 2): "after_new_year",
    **{(1, day): "early_january" for day in range(3, 6)},
}
BRIDGE_DAYS = 3  # at most so many days between two holidays are bridge days, and no ordinary ones
FAR_FROM_HOLIDAY = 9  # days from which on a holiday says nothing of a day
HOLIDAY_PREFIX = "holiday"
HOLIDAY_MARKS = ("day", "on_weekend", "before", "after", "after_on_weekend", "between_1", "between_2", "between_3")


NONE_HIDDEN: frozenset[date] = frozenset()


def calendar_features(
    days: pd.DatetimeIndex, country: str, seasons: bool, hidden: frozenset[date] = NONE_HIDDEN
) -> pd.DataFrame:
    """Return weekday dummies, holiday features and, with `seasons`, Fourier terms of the year.

    `country` as in system.toml (`GB-ENG`), '' for no holidays; `hidden` holidays are ordinary days. Seasons need two
    years of data: fitted to less, they extrapolate wildly.
    """
    parts = [weekday_dummies(days), holiday_features(days, country, hidden)]
    parts.append(fourier_terms(days, SEASON_HARMONICS * seasons))
    return pd.concat(parts, axis=1)


def weekday_dummies(days: pd.DatetimeIndex) -> pd.DataFrame:
    """Return `weekday_1` (1 on Tuesdays, else 0) to `weekday_6`; Monday is the baseline."""
    return pd.DataFrame({f"weekday_{day}": (days.weekday == day).astype(float) for day in range(1, WEEK)}, index=days)


def fourier_terms(days: pd.DatetimeIndex, harmonics: int) -> pd.DataFrame:
    """Return sine and cosine of the day of the year, `season_sin_1` and so on, for each of the first `harmonics`."""
    angle = 2 * np.pi * days.dayofyear.to_numpy() / YEAR_DAYS
    waves = {
        f"season_{name}_{k}": wave(k * angle)
        for k in range(1, harmonics + 1)
        for name, wave in (("sin", np.sin), ("cos", np.cos))
    }
    return pd.DataFrame(waves, index=days)


def holiday_features(days: pd.DatetimeIndex, country: str, hidden: frozenset[date] = NONE_HIDDEN) -> pd.DataFrame:
    """Return a dummy (0 or 1) for each kind of day on or around a holiday, all named `holiday_...`.

    `holiday_is_NAME` is a holiday by name, `holiday_after_NAME` the working day after it; both add to the kinds that
    all holidays share. The columns depend on `country` alone; '' has none.
    """
    if not country:
        return pd.DataFrame(index=days)
    columns = [f"{HOLIDAY_PREFIX}_{mark}" for mark in _all_marks(country)]
    table = np.zeros((len(days), len(columns)))
    for year in days.year.unique():
        there = days.year == year
        table[there] = _year(country, int(year), hidden)[days[there].dayofyear - 1]
    return pd.DataFrame(table, index=days, columns=columns)


def special_days(days: pd.DatetimeIndex, country: str, hidden: frozenset[date] = NONE_HIDDEN) -> BoolArray:
    """Return (n_days,) True for days on or around a holiday: those with any holiday feature."""
    return holiday_features(days, country, hidden).any(axis=1).to_numpy(dtype=bool)


def season_features(days: pd.DatetimeIndex, country: str, hidden: frozenset[date] = NONE_HIDDEN) -> FloatArray:
    """Return weekday (0 for Monday), day of the year, and days since and until a holiday: (n_days, 4).

    Trees take them as they are. Days since and until a holiday are 0 on it, and at most `FAR_FROM_HOLIDAY`.
    """
    around = pd.date_range(days[0], days[-1] + pd.Timedelta(days=2 * FAR_FROM_HOLIDAY)) - pd.Timedelta(
        days=FAR_FROM_HOLIDAY
    )
    position = np.arange(len(around))
    is_holiday = np.array([bool(country) and bool(_names(day.date(), country, hidden)) for day in around])
    newest = np.maximum.accumulate(np.where(is_holiday, position, -FAR_FROM_HOLIDAY))
    next_one = np.minimum.accumulate(np.where(is_holiday, position, len(around) + FAR_FROM_HOLIDAY)[::-1])[::-1]
    since, until = (np.minimum(np.abs(position - other), FAR_FROM_HOLIDAY) for other in (newest, next_one))
    at = around.get_indexer(days)
    return np.column_stack([days.weekday, days.dayofyear, since[at], until[at]]).astype(float)


@lru_cache(maxsize=64)
def _all_marks(country: str) -> tuple[str, ...]:
    names = recurring_holidays(country)
    around = sorted(set(AROUND_CHRISTMAS.values())) if _has_christmas(country) else []
    return (*HOLIDAY_MARKS, *around, *(f"is_{name}" for name in names), *(f"after_{name}" for name in names))


@lru_cache(maxsize=256)
def _year(country: str, year: int, hidden: frozenset[date]) -> FloatArray:
    """Return the features of every day of a year, (n_days, n_marks)."""
    position = {mark: place for place, mark in enumerate(_all_marks(country))}
    days = pd.date_range(f"{year}-01-01", f"{year}-12-31", freq="D")
    table = np.zeros((len(days), len(position)))
    for row, day in enumerate(days):
        marks = _marks(day.date(), country, _has_christmas(country), hidden)
        table[row, [position[mark] for mark in marks if mark in position]] = 1.0
    return table


def _has_christmas(country: str) -> bool:
    return any((day.month, day.day) == CHRISTMAS for day in named_holidays(country, REFERENCE_YEAR))


def _marks(day: date, country: str, christmas: bool, hidden: frozenset[date]) -> Iterator[str]:
    """Yield the marks of a day: of a holiday; else of a day around Christmas; else of a day near a holiday."""
    weekend = day.weekday() >= SATURDAY
    around = AROUND_CHRISTMAS.get((day.month, day.day)) if christmas else None
    if names := _names(day, country, hidden):
        special = christmas and (day.month, day.day) in {CHRISTMAS, (12, 26), (1, 1)}
        yield "on_weekend" if weekend and not special else "day"
        if not weekend or special:
            yield from (f"is_{name}" for name in names)
    elif around is not None:
        yield around
    elif between := _bridge_position(day, country, hidden):
        yield f"between_{between}"
    elif before := _names(day - timedelta(days=1), country, hidden):
        yield "after_on_weekend" if weekend else "after"
        if not weekend:
            yield from (f"after_{name}" for name in before)
    elif _names(day + timedelta(days=1), country, hidden):
        yield "before"


def _bridge_position(day: date, country: str, hidden: frozenset[date]) -> int:
    """Return the position of a bridge day: days since the holiday before it. 0 for other days."""
    for back in range(1, BRIDGE_DAYS + 1):
        if _names(day - timedelta(days=back), country, hidden):
            ahead = range(1, BRIDGE_DAYS + 2 - back)
            return back if any(_names(day + timedelta(days=n), country, hidden) for n in ahead) else 0
    return 0


def _names(day: date, country: str, hidden: frozenset[date]) -> tuple[str, ...]:
    return () if day in hidden else named_holidays(country, day.year).get(day, ())
