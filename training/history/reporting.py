"""How promptly series report: which still do, how far each is behind, and the day that the prompt ones have reached.

Each series has its own last day. A slow or silent one never holds the others back: it is forecast from where it stands.
"""

import numpy as np
import pandas as pd

from training.arrays import BoolArray, IntArray
from training.history.rhythm import counted_weekdays

REPORTING_DAYS = 28  # a series of daily counts without a value for four weeks no longer reports
RHYTHM_DAYS = 366  # in which the usual distance between two values is seen
MISSED_TURNS = 2  # values in a row that a series counted once a month may miss before it no longer reports
LONGEST_PATIENCE_DAYS = 93  # a quarter
LOOKBACK_DAYS = 84  # within which a series has its newest value, or is as late as can be
PROMPT_WITHIN_DAYS = 1  # of the newest value of all: the series that decide which day has been reached
PROMPT_SHARE = 0.5  # of those, with a value, for a day to count as reached


def still_reporting(known: pd.DataFrame) -> pd.Index:
    """The columns of a wide frame whose newest value is no older than four weeks, or two turns of their own rhythm."""
    there = known.tail(RHYTHM_DAYS).notna().to_numpy(dtype=bool)
    ago = _days_since_last(there)
    n_values = there.sum(axis=0)
    first = there.argmax(axis=0)
    rhythm = (len(there) - 1 - ago - first) / np.maximum(n_values - 1, 1)
    turns = np.clip(np.ceil(MISSED_TURNS * rhythm), REPORTING_DAYS, LONGEST_PATIENCE_DAYS)
    patience = np.where(n_values > 2, turns, REPORTING_DAYS)
    reporting: pd.Index = known.columns[(n_values > 0) & (ago < patience)]
    return reporting


def days_behind(known: pd.DataFrame) -> IntArray:
    """How many days (n_series,) before the frame's last day each series has its newest value.

    0 where no day since then falls on a weekday on which it has values: a clinic of the weekend is not late on Friday.
    """
    there = known.tail(LOOKBACK_DAYS).notna().to_numpy(dtype=bool)
    ago = _days_since_last(known.notna().to_numpy(dtype=bool))
    return np.where(_missing(known, there).any(axis=0) | (ago >= len(there)), ago, 0)


def reached_day(present: pd.DataFrame) -> pd.Timestamp:
    """The newest day that most prompt series have reached, of a wide frame of values that count as present.

    Prompt are those within a day of the newest value; the others are not waited for. Raises ValueError where there is
    no value at all.
    """
    rows = np.flatnonzero(present.notna().any(axis=1).to_numpy())
    if not len(rows):
        raise ValueError("no series has a value")
    newest = present.iloc[: rows[-1] + 1]
    there = newest.tail(LOOKBACK_DAYS).notna().to_numpy(dtype=bool)
    missing = _missing(newest, there)
    prompt = there.any(axis=0) & ~missing[:-PROMPT_WITHIN_DAYS].any(axis=0)
    reached = ~missing[:, prompt].any(axis=0)
    back = 0 if reached.mean() >= PROMPT_SHARE else PROMPT_WITHIN_DAYS
    return pd.Timestamp(newest.index[-1 - back])


def _missing(known: pd.DataFrame, there: BoolArray) -> BoolArray:
    """Days after a series' newest value on which it was to be expected; shape of `there`, the frame's last rows."""
    weekday = pd.DatetimeIndex(known.index[len(known) - len(there) :]).dayofweek.to_numpy()
    last = len(there) - 1 - _days_since_last(there)
    return np.asarray((np.arange(len(there))[:, None] > last) & counted_weekdays(known)[weekday])


def _days_since_last(there: BoolArray) -> IntArray:
    """How many days before the last one each series has its newest value; the number of days where it has none."""
    if not len(there):
        return np.zeros(there.shape[1], dtype=np.int64)
    return np.where(there.any(axis=0), there[::-1].argmax(axis=0), len(there))
