"""Succession: the history of a place that took over others is the sum of theirs."""

from collections.abc import Mapping
from datetime import date

import pandas as pd

from publication.vocabulary import SEPARATOR
from training.system import OpeningPeriod

KEY = ["unique_id", "ds"]
ALWAYS = OpeningPeriod()


def with_inherited(rows: pd.DataFrame, periods: Mapping[str, OpeningPeriod], today: date) -> pd.DataFrame:
    """The rows (`unique_id, ds, y, known_at`, each series and day once), and those that open places inherit.

    Before a successor opened, its value is the sum of its predecessors', known when the last of them was, and missing
    where one of those then open has none. Days that the successor has itself are left as they are.
    """
    for heir in _in_order(periods, today):
        inherited = _inherited(rows, heir, periods)
        if not inherited.empty:
            own = rows.astype({"unique_id": str})
            inherited = inherited[~pd.MultiIndex.from_frame(inherited[KEY]).isin(pd.MultiIndex.from_frame(own[KEY]))]
            rows = pd.concat([own, inherited], ignore_index=True).sort_values(KEY, ignore_index=True)
    return rows


def succeeded(periods: Mapping[str, OpeningPeriod], today: date) -> set[str]:
    """The places whose work another has taken over by that day."""
    return {predecessor for heir in _in_order(periods, today) for predecessor in periods[heir].succeeds}


def _in_order(periods: Mapping[str, OpeningPeriod], today: date) -> list[str]:
    """The successors that are open, oldest first: a successor may itself be succeeded."""
    opened = {
        place: opening.first for place, opening in periods.items() if opening.succeeds and opening.first is not None
    }
    return sorted((place for place, first in opened.items() if first <= today), key=lambda place: opened[place])


def _inherited(rows: pd.DataFrame, heir: str, periods: Mapping[str, OpeningPeriod]) -> pd.DataFrame:
    place, what = _parts(rows["unique_id"])
    theirs = rows[place.isin(periods[heir].succeeds) & rows["ds"].lt(pd.Timestamp(str(periods[heir].first)))]
    theirs = theirs.assign(place=place[theirs.index], what=what[theirs.index]).astype({"place": str, "what": str})
    theirs = theirs[_while_open(theirs, periods)]
    sums = theirs.groupby(["what", "ds"], as_index=False).agg(
        y=("y", "sum"), known_at=("known_at", "max"), n=("place", "nunique")
    )
    wanted = _open_predecessors(theirs, periods).reindex(pd.MultiIndex.from_frame(sums[["what", "ds"]])).to_numpy()
    complete = sums[sums["n"].to_numpy() == wanted]
    named = complete.assign(unique_id=heir + SEPARATOR + complete["what"])
    return pd.DataFrame(named[["unique_id", "ds", "y", "known_at"]])


def _parts(unique_ids: pd.Series) -> tuple[pd.Series, pd.Series]:
    """The place, and what is counted there."""
    split = unique_ids.astype(str).str.partition(SEPARATOR)
    return split[0], split[2]


def _while_open(theirs: pd.DataFrame, periods: Mapping[str, OpeningPeriod]) -> pd.Series:
    """Whether each row's place is open on its day; one that inherits is as old as those it succeeded."""
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
    """How many of the predecessors that count the same thing are open on each day; by what and ds."""
    pairs = theirs[["what", "place"]].drop_duplicates()
    days = pd.DataFrame({"ds": theirs["ds"].unique()})
    every = pairs.merge(days, how="cross")
    return every[_while_open(every, periods)].groupby(["what", "ds"]).size()
