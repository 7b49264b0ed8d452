"""Features of declared events and school terms, by day and place."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from publication.model import System
from publication.vocabulary import series_key
from training.arrays import BoolArray, FloatArray
from training.history.event_days import days_of, spans
from training.system.model import EventKind, SystemContext

EVENT_FEATURES = (EventKind.STRIKE, EventKind.CLOSURE, EventKind.DIVERT)
SCHOOL_TERM = "school_term"


def event_features(
    ds: pd.Series, unique_ids: Sequence[str], context: SystemContext, system: System
) -> dict[str, FloatArray]:
    """Return for each pair of a day and a series (n_rows,) 1 where such an event or a school term holds, else 0.

    `ds` and `unique_ids` are equally long. There is a feature for each kind of event that `context` has at any time.
    """
    days, day = np.unique(ds.to_numpy(), return_inverse=True)
    ids, series = np.unique(np.asarray(unique_ids, dtype=object).astype(str), return_inverse=True)
    tables = event_tables(pd.DatetimeIndex(days), [str(unique_id) for unique_id in ids], context, system)
    return {name: table[day, series] for name, table in tables.items()}


def event_tables(
    days: pd.DatetimeIndex, unique_ids: Sequence[str], context: SystemContext, system: System
) -> dict[str, FloatArray]:
    """Return the same features for every day and every series: tables (n_days, n_series) by name."""
    declared = {event.kind for event in context.events}
    tables = {
        kind.value: days_of(context.events, {kind}, days, unique_ids, system).astype(float)
        for kind in EVENT_FEATURES
        if kind in declared
    }
    if context.school_terms:
        tables[SCHOOL_TERM] = _in_term(days, unique_ids, context, system).astype(float)
    return tables


def _in_term(days: pd.DatetimeIndex, unique_ids: Sequence[str], context: SystemContext, system: System) -> BoolArray:
    """Return (n_days, n_series) True where a school term of the place, or of a place above it, holds."""
    holds = np.zeros((len(days), len(unique_ids)), bool)
    places = [series_key(unique_id).place for unique_id in unique_ids]
    for term, on in spans(context.school_terms, days):
        there = [term.place is None or term.place in (place, *system.ancestors(place)) for place in places]
        holds[on, there] = True
    return holds
