"""Calendar features: weekday, bank holidays of the system's country, season."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.frames import WEEK
from training.system.bank_holidays import named_holidays, usual_holidays

YEAR_DAYS = 365.25
SEASON_HARMONICS = 2
CHRISTMAS = (12, 25)
SOME_YEAR = 2020
AROUND_CHRISTMAS = {
    **{(12, day): "before_christmas" for day in range(18, 24)},
    (12, 24): "christmas_eve",
    (12, 26): "after_christmas",  # where it is no holiday itself
    **{(12, day): "christmas_gap" for day in range(27, 31)},
    (12, 31): "new_years_eve",
    (1, 2): "after_new_year",
    **{(1, day): "early_january" for day in range(3, 6)},
}
CLOSE_DAYS = 3  # holidays with at most that many days between them: the days between are not ordinary ones
SATURDAY = 5
PREFIX = "holiday"
KINDS = ("day", "on_weekend", "before", "after", "after_on_weekend", "between_1", "between_2", "between_3")


def calendar(days: pd.DatetimeIndex, country: str, seasons: bool) -> pd.DataFrame:
    """One row per day, one column per feature; `country` as in system.toml (`GB-ENG`), '' for no holidays.

    `seasons` adds the year's smooth course: only where two years can teach it, for less than that extrapolates wildly.
    """
    parts = [weekdays(days), holiday_features(days, country), season(days, SEASON_HARMONICS * seasons)]
    return pd.concat(parts, axis=1)


def weekdays(days: pd.DatetimeIndex) -> pd.DataFrame:
    """1 on Tuesdays in `weekday_1` and so on; Monday is the day that the others are compared with."""
    return pd.DataFrame({f"weekday_{day}": (days.weekday == day).astype(float) for day in range(1, WEEK)}, index=days)


def season(days: pd.DatetimeIndex, harmonics: int) -> pd.DataFrame:
    """Sine and cosine of the day of the year, `season_sin_1` and so on, for each of the first `harmonics`."""
    angle = 2 * np.pi * days.dayofyear.to_numpy() / YEAR_DAYS
    waves = {
        f"season_{name}_{k}": wave(k * angle)
        for k in range(1, harmonics + 1)
        for name, wave in (("sin", np.sin), ("cos", np.cos))
    }
    return pd.DataFrame(waves, index=days)


def holiday_features(days: pd.DatetimeIndex, country: str) -> pd.DataFrame:
    """One row per day, one column (0 or 1) for each kind of day around a holiday, all named `holiday_...`.

    `country` as in system.toml; the columns depend on it alone. `holiday_is_NAME` is a holiday by name,
    `holiday_after_NAME` the working day after it; both add to what all holidays share. No country: no column.
    """
    if not country:
        return pd.DataFrame(index=days)
    columns = [f"{PREFIX}_{mark}" for mark in _all_marks(country)]
    table = np.zeros((len(days), len(columns)))
    for year in days.year.unique():
        there = days.year == year
        table[there] = _year(country, int(year))[days[there].dayofyear - 1]
    return pd.DataFrame(table, index=days, columns=columns)


def special_days(days: pd.DatetimeIndex, country: str) -> NDArray[np.bool_]:
    """Which of the days (n_days,) are on or around a holiday: those that any of its features tells of."""
    return holiday_features(days, country).any(axis=1).to_numpy(dtype=bool)


@lru_cache(maxsize=64)
def _all_marks(country: str) -> tuple[str, ...]:
    names = usual_holidays(country)
    around = sorted(set(AROUND_CHRISTMAS.values())) if _keeps_christmas(country) else []
    return (*KINDS, *around, *(f"is_{name}" for name in names), *(f"after_{name}" for name in names))


@lru_cache(maxsize=256)
def _year(country: str, year: int) -> NDArray[np.float64]:
    """The features of every day of a year, (n_days, n_marks)."""
    position = {mark: place for place, mark in enumerate(_all_marks(country))}
    days = pd.date_range(f"{year}-01-01", f"{year}-12-31", freq="D")
    table = np.zeros((len(days), len(position)))
    for row, day in enumerate(days):
        marks = _marks(day.date(), country, _keeps_christmas(country))
        table[row, [position[mark] for mark in marks if mark in position]] = 1.0
    return table


def _keeps_christmas(country: str) -> bool:
    return any((day.month, day.day) == CHRISTMAS for day in named_holidays(country, SOME_YEAR))


def _marks(day: date, country: str, christmas: bool) -> Iterator[str]:
    """What a day is: a holiday, by kind and name; else something around Christmas; else something near a holiday."""
    weekend = day.weekday() >= SATURDAY
    around = AROUND_CHRISTMAS.get((day.month, day.day)) if christmas else None
    if names := _names(day, country):
        special = christmas and (day.month, day.day) in {CHRISTMAS, (12, 26), (1, 1)}
        yield "on_weekend" if weekend and not special else "day"
        if not weekend or special:
            yield from (f"is_{name}" for name in names)
    elif around is not None:
        yield around
    elif between := _days_into_gap(day, country):
        yield f"between_{between}"
    elif before := _names(day - timedelta(days=1), country):
        yield "after_on_weekend" if weekend else "after"
        if not weekend:
            yield from (f"after_{name}" for name in before)
    elif _names(day + timedelta(days=1), country):
        yield "before"


def _days_into_gap(day: date, country: str) -> int:
    """How many days after a holiday, where another follows it within `CLOSE_DAYS` days; 0 elsewhere."""
    for back in range(1, CLOSE_DAYS + 1):
        if _names(day - timedelta(days=back), country):
            ahead = range(1, CLOSE_DAYS + 2 - back)
            return back if any(_names(day + timedelta(days=n), country) for n in ahead) else 0
    return 0


def _names(day: date, country: str) -> tuple[str, ...]:
    return named_holidays(country, day.year).get(day, ())
