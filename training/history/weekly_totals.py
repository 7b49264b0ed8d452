"""Weekly totals as daily counts: with `every = "week"`, each value of a flow is spread over its seven days."""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from publication.days import WEEKDAYS
from publication.vocabulary import Kind
from training.frames import WEEK, BoolArray, FloatArray, IntArray
from training.history.archive import Archive, unique_ids
from training.history.columns import day_numbers, stack_rows, with_columns
from training.history.quarantine import Reason, quarantine_rows
from training.system.model import Source, SystemFile

FIRST_WEEKDAY = 3  # 1 January 1970 was a Thursday


def weekly_sources(system_file: SystemFile) -> list[str]:
    """Return the names of the sources whose flows are totals of weeks."""
    return [source.name for source in system_file.sources if source.every == "week"]


def is_weekly_total(values: pd.DataFrame, system_file: SystemFile) -> BoolArray:
    """Return which of the values are totals of weeks: flows of the weekly sources."""
    flows = [measure.name for measure in system_file.system.measures if measure.kind is Kind.FLOW]
    found: BoolArray = (values["measure"].isin(flows) & values["source"].isin(weekly_sources(system_file))).to_numpy()
    return found


def spread_weeks(
    values: pd.DataFrame, archive: Archive, system_file: SystemFile, today: date
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the values with each total of a week as seven counts, and rows of the quarantine.

    The weeks of a series follow each other in step, seven days apart or a multiple of it: they end on the weekday on
    which those in the archive do, or else most of the new ones. A total of a week that is not over is no total yet.
    The column `through` has the day with which what is counted was over: no day of a week is known before its end.
    """
    values = with_columns(values, through=values["ds"].array)
    chosen = is_weekly_total(values, system_file)
    if not chosen.any():
        return values, _quarantined(values.iloc[:0], Reason.WEEK_OUT_OF_STEP, [])
    totals = values[chosen]
    last = (
        day_numbers(totals["ds"]) + (WEEK - 1) * totals["source"].isin(_dated_by_first(system_file.sources)).to_numpy()
    )
    is_over = last <= (today - date(1970, 1, 1)).days
    step = _steps(totals, last, archive, system_file)
    in_step = last % WEEK == step
    is_accepted = is_over & in_step
    rejected = [
        _quarantined(totals[~is_over], Reason.UNFINISHED_WEEK, [_unfinished(day) for day in last[~is_over].tolist()]),
        _quarantined(
            totals[is_over & ~in_step],
            Reason.WEEK_OUT_OF_STEP,
            [
                _out_of_step(*day)
                for day in zip(last[is_over & ~in_step].tolist(), step[is_over & ~in_step].tolist(), strict=True)
            ],
        ),
    ]
    return stack_rows([values[~chosen], _daily(totals[is_accepted], last[is_accepted])]), stack_rows(rejected)


def shares(totals: FloatArray) -> FloatArray:
    """Return the seven counts (n, 7) that each total is spread into: as even as can be, and adding up to it exactly.

    An integer total is spread into integers, which differ by one at most.
    """
    steps = np.arange(WEEK + 1)
    integers = np.diff(np.floor(totals[:, None] * steps / WEEK), axis=1)
    even = np.repeat(totals[:, None] / WEEK, WEEK, axis=1)
    even[:, -1] = totals - even[:, :-1].sum(axis=1)
    return np.where((totals % 1 == 0)[:, None], integers, even)


def _daily(totals: pd.DataFrame, last: IntArray) -> pd.DataFrame:
    rows = totals.iloc[np.repeat(np.arange(len(totals)), WEEK)]
    days = (last[:, None] + np.arange(1 - WEEK, 1)).ravel()
    return with_columns(
        rows,
        ds=days.astype("datetime64[D]").astype("datetime64[ns]"),
        y=shares(totals["y"].to_numpy()).ravel(),
        through=np.repeat(last, WEEK).astype("datetime64[D]").astype("datetime64[ns]"),
    )


def _steps(totals: pd.DataFrame, last: IntArray, archive: Archive, system_file: SystemFile) -> IntArray:
    """Return for each total the weekday, as its day's number modulo seven, on which the weeks of its series end."""
    series = pd.Series(unique_ids(totals)).astype(str)
    commonest = pd.Series(last % WEEK).groupby(series).agg(lambda steps: steps.mode().iloc[0])
    steps = {str(unique_id): int(step) for unique_id, step in commonest.items()}
    if not archive.is_empty:
        ends = _ends_in_archive(archive.days_of(weekly_sources(system_file)))
        steps |= {unique_id: step for unique_id, step in ends.items() if unique_id in steps}
    return np.array([steps[unique_id] for unique_id in series], dtype=np.int64)


def _ends_in_archive(days: pd.DataFrame) -> dict[str, int]:
    """Return on which weekday the weeks of each series end: that of the end of its newest seven days in a row."""
    found = {}
    for unique_id, of_series in days.groupby("unique_id", sort=False)["ds"]:
        numbers = day_numbers(of_series)
        ends = np.flatnonzero(np.diff(numbers, append=np.inf) != 1)
        lengths = np.diff(ends, prepend=-1)
        if (complete := ends[lengths >= WEEK]).size:
            found[str(unique_id)] = int(numbers[complete[-1]] % WEEK)
    return found


def _dated_by_first(sources: Sequence[Source]) -> list[str]:
    return [source.name for source in sources if source.week_day == "first"]


def _quarantined(totals: pd.DataFrame, reason: Reason, advice: list[str]) -> pd.DataFrame:
    texts = pd.Series(advice, index=totals.index, dtype=object)
    return quarantine_rows(totals, reason, texts, totals["column"], totals["found"])


def _unfinished(last: int) -> str:
    return f"it would be the total of the days to {_day(last)}, which are not over: send it again when they are"


def _out_of_step(last: int, step: int) -> str:
    first, weekday = last - WEEK + 1, WEEKDAYS[(step + FIRST_WEEKDAY) % WEEK]
    return (
        f"its days, {_day(first)} to {_day(last)}, overlap others: the weeks of this series end on {weekday}; "
        "correct the day, or week_day in system.toml"
    )


def _day(number: int) -> date:
    return date(1970, 1, 1) + timedelta(days=number)
