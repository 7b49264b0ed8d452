"""Coverage: of which days each series has a value, and what becomes of it."""

import numpy as np
import pandas as pd

from training.arrays import BoolArray, IndexArray
from training.charts import picture
from training.history.report import words
from training.history.report.calendars import by_day, by_week
from training.history.report.evidence import Evidence
from training.history.report.markup import folded, heading, paragraph, table
from training.history.report.states import DayState, States, chosen, missing_days, states

SERIES_DRAWN = 60
SERIES_LISTED = 500
RECENT_DAYS = 182
DAYS_DRAWN = 731  # longer histories are drawn by weeks
COUNTED = ("values", "revised", "suspect", "left out", "days without a value")
KEY = (
    "Light blue is a value, dark blue one that was revised, orange with a cross a suspect day, grey with a diamond a "
    "day that an event leaves out, white no value. A cross or diamond stands for a whole run of days."
)
WEEK_KEY = (
    "One cell is a week: the darker the green, the more of its days have a value; white is none. Orange with a cross "
    "is a week with a suspect day, grey with a diamond one with a day that an event leaves out. A cross or diamond "
    "stands for a whole run of weeks."
)


def coverage(evidence: Evidence) -> list[str]:
    """The calendars of the whole history and of the newest 26 weeks, and the same in numbers."""
    found = states(evidence)
    columns = chosen(evidence, found, SERIES_DRAWN)
    parts = [paragraph(_opening(found)), *_not_drawn(len(evidence.unique_ids), len(columns))]
    if len(found) > RECENT_DAYS:
        parts += [heading("The whole history"), _whole(evidence, found, columns)]
        parts.append(heading("The newest 26 weeks, day by day"))
    parts.append(_days(evidence, found, columns, RECENT_DAYS, "calendar-recent"))
    listed = chosen(evidence, found, SERIES_LISTED)
    return [*parts, folded("The same in numbers, series by series", _numbers(evidence, found, listed))]


def _opening(found: States) -> str:
    n = {state: int((found == state).sum()) for state in DayState}
    there = sum(n.values()) - n[DayState.NO_VALUE]
    told = [f"{n[state]:,} {words_of}" for state, words_of in _BEYOND.items() if n[state]]
    beyond = f" Of them {words.listed(told)}." if told else " None of them is revised, suspect or left out."
    gaps = int(missing_days(found).sum())
    empty = f" {words.several(gaps, 'day')} after the first of a series {'has' if gaps == 1 else 'have'} no value."
    return (
        f"{words.several(there, 'value')} of {words.several(found.shape[1], 'series', 'series')}."
        + beyond
        + (empty if gaps else " No series misses a day after its first one.")
    )


_BEYOND = {
    DayState.REVISED: "revised and not otherwise flagged",
    DayState.SUSPECT: "suspect",
    DayState.LEFT_OUT: "left out by an event",
}


def _not_drawn(n_series: int, n_drawn: int) -> list[str]:
    if n_series == n_drawn:
        return []
    return [
        paragraph(
            f"The {n_drawn} series with most suspect, left-out and missing days are drawn, those with most first; "
            f"{n_series - n_drawn:,} more are not drawn."
        )
    ]


def _whole(evidence: Evidence, found: States, columns: IndexArray) -> str:
    if len(found) <= DAYS_DRAWN:
        return _days(evidence, found, columns, DAYS_DRAWN, "calendar")
    ids = [evidence.unique_ids[i] for i in columns]
    return picture(by_week(found[:, columns], evidence.days, ids), "calendar", WEEK_KEY, wide=True)


def _days(evidence: Evidence, found: States, columns: IndexArray, n_days: int, name: str) -> str:
    """The newest `n_days`, each exact."""
    ids = [evidence.unique_ids[i] for i in columns]
    values = evidence.table.to_numpy(dtype=float)[-n_days:, columns]
    return picture(by_day(found[-n_days:, columns], values, evidence.days[-n_days:], ids), name, KEY, wide=True)


def _numbers(evidence: Evidence, found: States, columns: IndexArray) -> str:
    there = found != DayState.NO_VALUE
    n_by_column = [
        there.sum(axis=0),
        (there & evidence.is_revised).sum(axis=0),
        (there & evidence.is_suspect).sum(axis=0),
        (there & evidence.is_left_out).sum(axis=0),
        missing_days(found),
    ]
    rows = [
        (
            evidence.unique_ids[i],
            words.place_of(evidence.unique_ids[i], evidence.system),
            *(f"{n[i]:,}" for n in n_by_column),
            *_first_and_last(there[:, i], evidence.days),
        )
        for i in columns.tolist()
    ]
    more = len(evidence.unique_ids) - len(rows)
    caption = "Days of each series" + (f"; {words.several(more, 'more series', 'more series')} not listed" * bool(more))
    return table(caption, ("series", "place", *COUNTED, "first day", "last day"), rows, COUNTED)


def _first_and_last(there: BoolArray, days: pd.DatetimeIndex) -> tuple[str, str]:
    positions = np.flatnonzero(there)
    if not len(positions):
        return "", ""
    return words.day_of_year(days[positions[0]].date()), words.day_of_year(days[positions[-1]].date())
