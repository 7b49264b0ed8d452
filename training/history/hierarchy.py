"""The hierarchy of series: the bottom ones, their sums, and the places that succeed others."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd

from publication.model import System
from publication.vocabulary import SEPARATOR, series_key
from training.errors import HistoryError
from training.frames import BoolArray, FloatArray
from training.system.model import OpeningPeriod

SERIES_AND_DAY = ["unique_id", "ds"]
ALWAYS = OpeningPeriod()
MAX_MISSING_SHARE = 0.01  # of a sum: above that, a sum with missing parts is missing too


def of_system(rows: pd.DataFrame, system: System) -> pd.DataFrame:
    """The rows (`unique_id`, ...) whose place and measure the system has; an archive may be older than its system file.

    Raises HistoryError where there are none.
    """
    archived = rows["unique_id"].unique()
    keys = {unique_id: series_key(str(unique_id)) for unique_id in archived}
    ours = [i for i, k in keys.items() if k.place in system.place_by_id and k.measure in system.measure_by_name]
    if len(ours) == len(archived):
        return rows
    if not ours:
        raise HistoryError(
            f"Reading the history of {system.name}: none of its {len(archived)} series, such as {archived[0]}, is of a "
            "place and measure that system.toml has. Correct the places there, or ingest again."
        )
    return rows[rows["unique_id"].isin(ours)]


def bottom_series(system: System, unique_ids: Iterable[str]) -> list[str]:
    """Return the series of which no other one is a part: they are forecast directly, and parents are their sums."""
    keys = [series_key(unique_id) for unique_id in unique_ids]
    parents = {parent for key in keys for parent in system.totals_of(key)}
    return sorted(key.unique_id for key in keys if key not in parents)


def summing(system: System, bottom_ids: Sequence[str]) -> pd.DataFrame:
    """Return the summing matrix (n_bottom, n_series) of 0 and 1: bottom series first, then their parents by id."""
    parents = [sorted(key.unique_id for key in system.totals_of(series_key(i))) for i in bottom_ids]
    columns = [*bottom_ids, *sorted(set().union(*parents) - set(bottom_ids))]
    position = {unique_id: column for column, unique_id in enumerate(columns)}
    matrix = np.eye(len(bottom_ids), len(columns))
    for row, above in enumerate(parents):
        matrix[row, [position[unique_id] for unique_id in above]] = 1.0
    return pd.DataFrame(matrix, index=list(bottom_ids), columns=columns)


def aggregated(
    values: FloatArray, sums: FloatArray, sizes: FloatArray, never_counted: BoolArray | None = None
) -> FloatArray:
    """Return the values of every series (..., n_series) from bottom values (..., n_bottom), by the matrix of `summing`.

    A sum is of the parts that have a value. It is NaN where none has, or where the missing ones make up more than
    `MAX_MISSING_SHARE` of it, by their typical `sizes` (n_bottom,). A part is not missing on a day on which it is
    `never_counted`, (..., n_bottom): it adds nothing then.
    """
    there = ~np.isnan(values)
    lacking = ~there if never_counted is None else ~there & ~never_counted
    missing = (lacking * sizes) @ sums
    usable = (missing <= MAX_MISSING_SHARE * (sizes @ sums)) & (there.astype(float) @ sums > 0)
    return np.where(usable, np.nan_to_num(values) @ sums, np.nan)


def with_inherited(
    rows: pd.DataFrame, periods: Mapping[str, OpeningPeriod], today: date, system: System
) -> pd.DataFrame:
    """The rows (`unique_id, ds, y, known_at`, each series and day once), and those that open places inherit.

    Before a successor opened, its value is the sum of its predecessors', known when the last of them was, and missing
    where one of those then open has none. A rate is inherited from one place alone. Days that the successor has itself
    are left as they are.
    """
    for successor in opened_successors(periods, today):
        inherited = _inherited(rows, successor, periods, system)
        if not inherited.empty:
            own = rows.astype({"unique_id": str})
            inherited = inherited[
                ~pd.MultiIndex.from_frame(inherited[SERIES_AND_DAY]).isin(pd.MultiIndex.from_frame(own[SERIES_AND_DAY]))
            ]
            rows = pd.concat([own, inherited], ignore_index=True).sort_values(SERIES_AND_DAY, ignore_index=True)
    return rows


def succeeded(periods: Mapping[str, OpeningPeriod], today: date) -> set[str]:
    """The places whose work another has taken over by that day."""
    return {
        predecessor for successor in opened_successors(periods, today) for predecessor in periods[successor].succeeds
    }


def opened_successors(periods: Mapping[str, OpeningPeriod], today: date) -> list[str]:
    """The places that have taken over from others by that day, oldest first: a successor may itself have one."""
    opened = {
        place: opening.first for place, opening in periods.items() if opening.succeeds and opening.first is not None
    }
    return sorted((place for place, first in opened.items() if first <= today), key=lambda place: opened[place])


def takeover_days(periods: Mapping[str, OpeningPeriod], after: date, until: date) -> list[date]:
    """The days after one day and up to another on which places take over from others, in order."""
    opened = {periods[successor].first for successor in opened_successors(periods, until)}
    return sorted(first for first in opened if first is not None and first > after)


def with_successors(
    parts: pd.DataFrame, periods: Mapping[str, OpeningPeriod], day: date, counted: Collection[str]
) -> pd.DataFrame:
    """Return the matrix of `summing` for a later day: a successor's series in place of those of its predecessors.

    Its count stands for theirs in each sum of which all of them are parts. In every other sum they remain, without a
    count: nobody knows their share. `counted` are the series of the history: a predecessor among them that is no part
    at all makes every sum one of those.
    """
    for successor in opened_successors(periods, day):
        predecessors = periods[successor].succeeds
        of_them = [key for key in map(series_key, parts.index) if key.place in predecessors]
        for what in sorted({key.unique_id.partition(SEPARATOR)[2] for key in of_them}):
            series = [place + SEPARATOR + what for place in predecessors]
            parts = _replaced(
                parts, [i for i in series if i in parts.index or i in counted], successor + SEPARATOR + what
            )
    return parts


def _replaced(parts: pd.DataFrame, predecessors: list[str], successor: str) -> pd.DataFrame:
    """Return the matrix with the successor in the sums of which all predecessors are parts, and them in no such sum."""
    shared = parts.reindex(predecessors, fill_value=0.0).min()
    remaining = parts.where(~parts.index.isin(predecessors)[:, None] | shared.eq(0.0).to_numpy(), 0.0)
    rows = remaining.reindex([*remaining.index.drop(successor, errors="ignore"), successor], fill_value=0.0)
    rows.loc[successor] = np.maximum(rows.loc[successor], shared)
    return rows


def _inherited(
    rows: pd.DataFrame, successor: str, periods: Mapping[str, OpeningPeriod], system: System
) -> pd.DataFrame:
    place, what = _parts(rows["unique_id"])
    theirs = rows[place.isin(periods[successor].succeeds) & rows["ds"].lt(pd.Timestamp(str(periods[successor].first)))]
    theirs = theirs.assign(place=place[theirs.index], what=what[theirs.index]).astype({"place": str, "what": str})
    theirs = theirs[_while_open(theirs, periods)]
    sums = theirs.groupby(["what", "ds"], as_index=False).agg(
        y=("y", "sum"), known_at=("known_at", "max"), n=("place", "nunique")
    )
    wanted = _open_predecessors(theirs, periods).reindex(pd.MultiIndex.from_frame(sums[["what", "ds"]])).to_numpy()
    adds_up = sums["what"].map(lambda what: system.is_additive(str(what).split(SEPARATOR)[0])).astype(bool)
    complete = sums[(sums["n"].to_numpy() == wanted) & (adds_up | sums["n"].eq(1))]
    named = complete.assign(unique_id=successor + SEPARATOR + complete["what"])
    return pd.DataFrame(named[["unique_id", "ds", "y", "known_at"]])


def _parts(unique_ids: pd.Series) -> tuple[pd.Series, pd.Series]:
    """The place, and what is counted there."""
    split = unique_ids.astype(str).str.partition(SEPARATOR)
    return split[0], split[2]


def _while_open(theirs: pd.DataFrame, periods: Mapping[str, OpeningPeriod]) -> pd.Series:
    """Return whether each row's place is open on its day; a successor is as old as the places that it succeeded."""
    known = {place: periods.get(place, ALWAYS) for place in theirs["place"].unique()}
    firsts = {
        place: pd.Timestamp.min if opening.succeeds else _or(opening.first, pd.Timestamp.min)
        for place, opening in known.items()
    }
    lasts = {place: _or(opening.last, pd.Timestamp.max) for place, opening in known.items()}
    open_on: pd.Series = theirs["ds"].between(theirs["place"].map(firsts), theirs["place"].map(lasts))
    return open_on


def _or(day: date | None, bound: pd.Timestamp) -> pd.Timestamp:
    return bound if day is None else pd.Timestamp(day)


def _open_predecessors(theirs: pd.DataFrame, periods: Mapping[str, OpeningPeriod]) -> pd.Series:
    """The number of predecessors that count the same thing and are open on each day; by `what` and `ds`."""
    pairs = theirs[["what", "place"]].drop_duplicates()
    days = pd.DataFrame({"ds": theirs["ds"].unique()})
    every = pairs.merge(days, how="cross")
    return every[_while_open(every, periods)].groupby(["what", "ds"]).size()
