"""Which windows before a cutoff errors are learnt from."""

import pandas as pd

from training.history.known import KnownHistory

WINDOW_STEP_DAYS = 5  # not a multiple of seven: successive windows start on different weekdays
WINDOWS = 36  # half a year of them
SHORTEST_HISTORY_DAYS = 56
REPORTED_SHARE = 0.5  # of the target days up to the cutoff that must have values for a window to teach anything


def windows_before(history: KnownHistory, cutoff: pd.Timestamp, horizon: int) -> list[pd.Timestamp]:
    """The newest windows whose first target days are over by `cutoff`, oldest first; at most `WINDOWS`.

    They stand on a fixed grid of days, so that neighbouring cutoffs share them. Windows into a long gap (the summer
    between two winters' reports) are passed over.
    """
    reported = history.at(cutoff).notna().any(axis=1)  # as known then: days filled in later must not add windows
    first = pd.Timestamp(reported.index[reported.argmax()])
    window = cutoff - pd.Timedelta(days=1 + (cutoff.toordinal() - 1) % WINDOW_STEP_DAYS)
    chosen: list[pd.Timestamp] = []
    while len(chosen) < WINDOWS and window >= first + pd.Timedelta(days=SHORTEST_HISTORY_DAYS):
        targets = reported.loc[window + pd.Timedelta(days=1) : window + pd.Timedelta(days=horizon)]
        if reported.get(window, False) and targets.mean() >= REPORTED_SHARE:
            chosen.append(window)
        window -= pd.Timedelta(days=WINDOW_STEP_DAYS)
    return chosen[::-1]
