"""Notes on the series that have not reached a cutoff: which are behind, which are silent, what holds it back."""

from collections.abc import Iterator, Sequence
from datetime import date

import pandas as pd

from publication.model import Note
from publication.vocabulary import NoteKind
from training.history.hierarchy import bottom_series
from training.history.point_in_time import PointInTimeHistory

MOST_LATE_SERIES_NAMED = 8
SILENT_NAMED_DAYS = 182  # after which a series that stopped is no news


def lateness_notes(history: PointInTimeHistory, cutoff: date) -> tuple[Note, ...]:
    """Return what a reader of the publication for the cutoff must know of the series that have not reached it."""
    day = pd.Timestamp(cutoff)
    return (*_behind(history, day), *_silent(history, day))


def held_back(history: PointInTimeHistory, cutoff: date, yesterday: date) -> Iterator[Note]:
    """Say why the cutoff is not yesterday, where it is not; the history may go on after the cutoff."""
    if cutoff >= yesterday:
        return
    later = history.latest.loc[pd.Timestamp(cutoff) + pd.Timedelta(days=1) : pd.Timestamp(yesterday)].dropna(how="all")
    found = "no series has a later value"
    if len(later):
        some = _named(sorted(map(str, later.columns[later.notna().any()])))
        found = f"later values are half counted, or of fewer than half of the prompt series: {some}"
    yield Note(NoteKind.CUTOFF, f"The cutoff is {cutoff} and not {yesterday}: {found}.")


def _behind(history: PointInTimeHistory, cutoff: pd.Timestamp) -> Iterator[Note]:
    """Series without a usable value on the cutoff: those that sent none, and those whose values are suspect."""
    late: list[str] = []
    suspect: list[str] = []
    for unique_id, days in sorted(history.days_behind(cutoff).items(), key=lambda item: (-item[1], item[0])):
        usable = cutoff - pd.Timedelta(days=days)
        after = history.latest.loc[usable + pd.Timedelta(days=1) : cutoff, unique_id]
        (suspect if after.notna().any() else late).append(f"{unique_id} ({usable:%Y-%m-%d})")
    if late:
        sentence = f"{_counted(late)} forecast from the last value, with wider intervals: {_named(late)}."
        yield Note(NoteKind.LATE, sentence)
    if suspect:
        sentence = f"{_counted(suspect)} suspect, and forecast from the last value that is not: {_named(suspect)}."
        yield Note(NoteKind.DOUBTED, sentence)


def _silent(history: PointInTimeHistory, cutoff: pd.Timestamp) -> Iterator[Note]:
    """Series of places that are open which have stopped reporting, and are not forecast."""
    sent = history.latest.loc[:cutoff]
    forecast = set(history.as_of(cutoff).columns)
    recent = sent.loc[cutoff - pd.Timedelta(days=SILENT_NAMED_DAYS) :].dropna(axis=1, how="all")
    stopped = [i for i in bottom_series(history.system, {*map(str, recent), *forecast}) if i not in forecast]
    silent = [f"{i} ({_last_day(recent[i])})" for i in stopped if history.is_open(i, cutoff)]
    if silent:
        sentence = f"{_counted(silent)} silent for too long and not forecast (last value): {_named(silent)}."
        yield Note(NoteKind.SILENT, sentence)


def _last_day(counts: pd.Series) -> date:
    """The day of the last value; there is one."""
    return pd.DatetimeIndex(counts.dropna().index)[-1].date()


def _counted(named: Sequence[str]) -> str:
    return "1 series is" if len(named) == 1 else f"{len(named)} series are"


def _named(series: Sequence[str]) -> str:
    more = len(series) - MOST_LATE_SERIES_NAMED
    return ", ".join(series[:MOST_LATE_SERIES_NAMED]) + (f" and {more} more" if more > 0 else "")
