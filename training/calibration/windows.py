"""Which windows before a cutoff errors are learnt from."""

from collections.abc import Sequence

import pandas as pd

from training.frames import LONG_GAP_DAYS
from training.history.known import PointInTimeHistory

WINDOW_STEP_DAYS = 6  # shares no factor with seven: successive windows start on different weekdays
WINDOWS = 60  # a year of them
RECENT_STEP_DAYS = 3  # a break shows sooner where the newest windows are closer
RECENT_DAYS = 56
SHORTEST_HISTORY_DAYS = 56
SETTLED_DAYS = 28
STAND_ALONE = RECENT_DAYS // RECENT_STEP_DAYS  # windows, as many as the recent days hold
REPORTED_SHARE = 0.5  # of the four weeks before a window, and of its target days, that must have values for it to teach


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
