"""Calendar features: weekday, bank holidays of the system's country, season."""

import numpy as np
import pandas as pd

from training.features.holidays import holiday_features
from training.frames import WEEK

YEAR_DAYS = 365.25
SEASON_HARMONICS = 2


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
