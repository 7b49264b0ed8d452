"""Days on which a flow is never counted: nothing is missing from its sums then."""

import numpy as np
import pandas as pd

from publication.model import System
from publication.vocabulary import Kind, series_key
from training.arrays import BoolArray
from training.history.rhythm import counted_weekdays, days_never_counted


def rest_days(table: pd.DataFrame, system: System) -> BoolArray:
    """Return which empty cells (n_days, n_series) of a wide frame are days on which a flow is never counted.

    Never of a stock or a capacity: who lies in a bed on a Sunday is there, counted or not.
    """
    return days_never_counted(table) & is_flow(table.columns, system)


def never_counted_ahead(table: pd.DataFrame, n_days: int, system: System) -> BoolArray:
    """Return on which of the days after a wide frame (n_days, n_series) a flow is never counted."""
    weekdays = pd.date_range(table.index[-1], periods=n_days + 1, freq="D")[1:].weekday
    return ~counted_weekdays(table)[weekdays] & is_flow(table.columns, system)


def is_flow(unique_ids: pd.Index, system: System) -> BoolArray:
    """Return which series are flows."""
    kinds = system.measure_by_name
    return np.array([kinds[series_key(str(i)).measure].kind is Kind.FLOW for i in unique_ids], dtype=bool)
