"""The errors that quantiles are learnt from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.frames import LONG_GAP_DAYS
from training.history.known import PointInTimeHistory

Values = NDArray[np.float64]
Marks = NDArray[np.bool_]
WINDOW_STEP_DAYS = 6  # shares no factor with seven: successive windows start on different weekdays
WINDOWS = 60  # a year of them
RECENT_STEP_DAYS = 3  # a break shows sooner where the newest windows are closer
RECENT_DAYS = 56
SHORTEST_HISTORY_DAYS = 56
SETTLED_DAYS = 28
STAND_ALONE = RECENT_DAYS // RECENT_STEP_DAYS  # windows, as many as the recent days hold
REPORTED_SHARE = 0.5  # of the four weeks before a window, and of its target days, that must have values for it to teach


@dataclass(frozen=True)
class PastErrors:
    """Scaled errors of windows before a cutoff, forecast minus actual: (n_windows, horizon, n_series), NaN if unknown.

    `age_days` (n_windows, horizon) tells how long ago each became known; none is known before its target day is over.
    `is_special` (n_windows, horizon) and `special_ahead` (horizon,) mark target days on or around a bank holiday.
    """

    scaled: Values
    age_days: Values
    is_special: Marks
    special_ahead: Marks

    def of(self, members: NDArray[np.intp]) -> "PastErrors":
        """Those of some series, by position."""
        return replace(self, scaled=self.scaled[:, :, members])

    def without_first(self, n_windows: int) -> "PastErrors":
        """Those of all but the oldest windows."""
        rest = slice(n_windows, None)
        return replace(self, scaled=self.scaled[rest], age_days=self.age_days[rest], is_special=self.is_special[rest])

    def align_by_lead(self, errors: Values) -> Values:
        """The `errors` (n_windows, horizon, n_series) without those of special days, at leads that are none ahead.

        Around bank holidays all places err alike; on other days that would tell of more in common than there is.
        """
        return np.where((self.is_special & ~self.special_ahead)[:, :, None], np.nan, errors)


def windows_before(history: PointInTimeHistory, cutoff: pd.Timestamp, horizon: int) -> list[pd.Timestamp]:
    """The newest windows whose first target days are over by `cutoff`, oldest first.

    `WINDOWS` of them at most, and those between them in the newest weeks. They stand on a fixed grid of days, so that
    neighbouring cutoffs share them. Windows into a long gap (the summer between two winters' reports), and those just
    after one, are passed over.
    """
    reported = history.as_of(cutoff).notna().any(axis=1)  # as known then: days filled in later must not add windows
    first = pd.Timestamp(reported.index[int(reported.to_numpy().argmax())])
    window = _newest_on_grid(cutoff - pd.Timedelta(days=1), RECENT_STEP_DAYS)
    chosen: list[pd.Timestamp] = []
    whole = 0
    while whole < WINDOWS and window >= first + pd.Timedelta(days=SHORTEST_HISTORY_DAYS):
        before = reported.loc[window - pd.Timedelta(days=SETTLED_DAYS - 1) : window]
        targets = reported.loc[window + pd.Timedelta(days=1) : window + pd.Timedelta(days=horizon)]
        if before.iloc[-1] and min(before.mean(), targets.mean()) >= REPORTED_SHARE:
            chosen.append(window)
            whole += window.toordinal() % WINDOW_STEP_DAYS == 0
        is_recent = (cutoff - window).days < RECENT_DAYS
        window = _newest_on_grid(window - pd.Timedelta(days=1), RECENT_STEP_DAYS if is_recent else WINDOW_STEP_DAYS)
    return chosen[::-1]


def before_long_gap(windows: Sequence[pd.Timestamp]) -> int:
    """How many of the windows, oldest first, lie before a long gap after which there are enough to learn from.

    Errors of another winter have another size and bias; 0 until `STAND_ALONE` windows are known of this one.
    """
    starts = [i for i in range(1, len(windows)) if (windows[i] - windows[i - 1]).days > LONG_GAP_DAYS]
    return next((start for start in reversed(starts) if len(windows) - start >= STAND_ALONE), 0)


def _newest_on_grid(day: pd.Timestamp, step: int) -> pd.Timestamp:
    return day - pd.Timedelta(days=day.toordinal() % step)
