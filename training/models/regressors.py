"""What a statistical model may be told of each day: the calendar, and what the system declares."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.features.calendar import calendar
from training.features.disturbances import disturbance_tables
from training.history.known import PointInTimeHistory

Values = NDArray[np.float64]
DEPENDENT = 1e-7  # the share of a column that the columns before it leave unexplained, below which it adds nothing


def independent(table: Values) -> NDArray[np.bool_]:
    """Which columns are neither constant nor made up of the columns before them."""
    basis = np.full((len(table), 1), len(table) ** -0.5)
    kept = np.zeros(table.shape[1], bool)
    for position, column in enumerate(table.T):
        # One by one: a QR of all columns at once goes on with the rounding noise that a dependent one leaves.
        left = column - basis @ (basis.T @ column)
        left -= basis @ (basis.T @ left)
        size = np.linalg.norm(left)
        kept[position] = size > DEPENDENT * np.linalg.norm(column)
        if kept[position]:
            basis = np.column_stack([basis, left / size])
    return kept


def regressors(history: PointInTimeHistory, last: pd.Timestamp, unique_ids: Sequence[str]) -> dict[str, Values]:
    """Of each series, its features (n_days, n_features) from the first day of the history to the day `last`.

    Without the year's course: next to a level that wanders it takes one year's epidemic for a season.
    """
    known = history.circumstances
    days = pd.date_range(history.first_day, last)
    shared = calendar(days, known.holidays, seasons=False)
    own = disturbance_tables(days, unique_ids, known, history.system).values()
    return {i: np.column_stack([shared, *(table[:, j] for table in own)]) for j, i in enumerate(unique_ids)}
