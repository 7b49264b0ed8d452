"""Errors of the windows before a cutoff: the sample that weights, scales and quantiles are fitted to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from training.frames import LONG_GAP_DAYS, BoolArray, FloatArray, IndexArray
from training.history.point_in_time import PointInTimeHistory

WINDOW_STEP_DAYS = 6  # shares no factor with seven: successive windows start on different weekdays
CALIBRATION_WINDOWS = 60  # a year of them
DENSE_STEP_DAYS = 3  # a break shows sooner where the newest windows are closer
DENSE_DAYS = 56
MIN_DAYS_BEFORE_WINDOW = 56  # or half of the known days, where they are fewer than twice that
FEWEST_DAYS_BEFORE_WINDOW = 3
SETTLED_DAYS = 28
MIN_WINDOWS_AFTER_GAP = DENSE_DAYS // DENSE_STEP_DAYS
MIN_REPORTED_SHARE = 0.5  # of the four weeks before a window, and of its target days


@dataclass(frozen=True)
class PastErrors:
    """Scaled errors of windows before a cutoff, forecast minus actual: (n_windows, horizon, n_series).

    NaN where the actual is not known at the cutoff. `age_days` (n_windows, horizon) counts from the target day to the
    cutoff. `is_special` (n_windows, horizon) and `special_ahead` (horizon,) mark target days on or around a bank
    holiday, in the windows and after the cutoff.
    """

    scaled: FloatArray
    age_days: FloatArray
    is_special: BoolArray
    special_ahead: BoolArray

    def of(self, members: IndexArray) -> "PastErrors":
        """Return the errors of some series, by position."""
        return replace(self, scaled=self.scaled[:, :, members])

    def without_first(self, n_windows: int) -> "PastErrors":
        """Return the errors of all but the oldest `n_windows` windows."""
        rest = slice(n_windows, None)
        return replace(self, scaled=self.scaled[rest], age_days=self.age_days[rest], is_special=self.is_special[rest])

    def align_by_lead(self, errors: FloatArray) -> FloatArray:
        """Return `errors` (n_windows, horizon, n_series), NaN on special days at leads with no special day ahead.

        Around bank holidays the errors of all places have one sign. On other days that overstates their correlation.
        """
        return np.where((self.is_special & ~self.special_ahead)[:, :, None], np.nan, errors)


def windows_before(history: PointInTimeHistory, cutoff: pd.Timestamp, horizon: int) -> list[pd.Timestamp]:
    """Return the cutoffs of the newest windows with a first target day at or before `cutoff`, oldest first.

    They are at most `CALIBRATION_WINDOWS`, and those between them in the newest weeks. They stand on a fixed grid of
    days, so that neighbouring cutoffs share them. Where fewer than `DENSE_DAYS` are known, every day of their second
    half is a window. Windows into a long gap (the summer between two winters' reports), and those just after one, are
    left out.
    """
    reported = history.as_of(cutoff).notna().any(axis=1)  # as known then: days filled in later must not add windows
    first = pd.Timestamp(reported.index[int(reported.to_numpy().argmax())])
    n_known = int(reported.sum())
    before_first = min(MIN_DAYS_BEFORE_WINDOW, max(FEWEST_DAYS_BEFORE_WINDOW, n_known // 2))
    dense_step = DENSE_STEP_DAYS if n_known >= DENSE_DAYS else 1
    window = _newest_on_grid(cutoff - pd.Timedelta(days=1), dense_step)
    chosen: list[pd.Timestamp] = []
    on_grid = 0
    while on_grid < CALIBRATION_WINDOWS and window >= first + pd.Timedelta(days=before_first):
        before = reported.loc[window - pd.Timedelta(days=SETTLED_DAYS - 1) : window]
        targets = reported.loc[window + pd.Timedelta(days=1) : window + pd.Timedelta(days=horizon)]
        if before.iloc[-1] and min(before.mean(), targets.mean()) >= MIN_REPORTED_SHARE:
            chosen.append(window)
            on_grid += window.toordinal() % WINDOW_STEP_DAYS == 0
        is_recent = (cutoff - window).days < DENSE_DAYS
        window = _newest_on_grid(window - pd.Timedelta(days=1), dense_step if is_recent else WINDOW_STEP_DAYS)
    return chosen[::-1]


def before_long_gap(windows: Sequence[pd.Timestamp]) -> int:
    """Return the number of windows, oldest first, before the last long gap that enough windows follow.

    Errors of another winter have another scale and bias. The number is 0 until `MIN_WINDOWS_AFTER_GAP` windows of this
    winter are known.
    """
    starts = [i for i in range(1, len(windows)) if (windows[i] - windows[i - 1]).days > LONG_GAP_DAYS]
    return next((start for start in reversed(starts) if len(windows) - start >= MIN_WINDOWS_AFTER_GAP), 0)


def _newest_on_grid(day: pd.Timestamp, step: int) -> pd.Timestamp:
    return day - pd.Timedelta(days=day.toordinal() % step)
