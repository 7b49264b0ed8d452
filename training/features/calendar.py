"""Calendar features: weekday, bank holidays of the system's country, season."""

from datetime import date

import numpy as np
import pandas as pd

from training.frames import WEEK
from training.system.bank_holidays import bank_holidays

YEAR_DAYS = 365.25
SEASON_HARMONICS = 2
CHRISTMAS_GAP = {(12, day) for day in range(27, 32)}  # between Boxing Day and New Year, when elective work rests


def calendar(days: pd.DatetimeIndex, country: str, seasons: bool) -> pd.DataFrame:
    """One row per day, one column per feature; `country` as in system.toml (`GB-ENG`), '' for no holidays.

    `seasons` adds the year's smooth course: only where two years can teach it, for less than that extrapolates wildly.
    """
    features = {f"weekday_{day}": (days.weekday == day).astype(float) for day in range(1, WEEK)}
    rest = np.array([day.date() in bank_holidays(country, day.year) for day in days], dtype=float)
    after = np.array([_day_before(day) in bank_holidays(country, _day_before(day).year) for day in days], dtype=float)
    features["bank_holiday"] = rest
    features["after_bank_holiday"] = after * (1 - rest)
    features["christmas_gap"] = np.array([(day.month, day.day) in CHRISTMAS_GAP for day in days]) * (1 - rest)
    angle = 2 * np.pi * days.dayofyear.to_numpy() / YEAR_DAYS
    for k in range(1, SEASON_HARMONICS * seasons + 1):
        features[f"season_sin_{k}"] = np.sin(k * angle)
        features[f"season_cos_{k}"] = np.cos(k * angle)
    return pd.DataFrame(features, index=days)


def _day_before(day: pd.Timestamp) -> date:
    return (day - pd.Timedelta(days=1)).date()
