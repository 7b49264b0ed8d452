"""Flags: days that a source itself doubts, each by the name of a check.

They come with the rows of the archive: a column `check` there has the name of the check, or nothing. A frame without
the column has no flags.
"""

import pandas as pd

from publication.vocabulary import Check, Severity
from training.frames import BoolArray, IndexArray

CHECK = "check"
NO_FLAGS = pd.DataFrame(
    {"unique_id": pd.Series(dtype=object), "ds": pd.Series(dtype="datetime64[ns]"), CHECK: pd.Series(dtype=object)}
)
"""The series and days that are flagged, `unique_id, ds, check`: here none."""

FLAG_NOTES = {
    Check.PARTIAL_DAY: "part of the day is missing from its sum",
    Check.SUPPRESSED: "a stand-in for a small count that the source suppresses",
    Check.WEEKLY_TOTALS: "weekly totals spread over their days",
}
"""Why a source flags a day, by check: no other check can be flagged."""


def flags_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the flags of the rows of an archive, which have each series and day once."""
    if CHECK not in rows:
        return NO_FLAGS
    flagged = rows.loc[rows[CHECK].notna(), list(NO_FLAGS.columns)]
    return flagged.astype({"unique_id": str, CHECK: str}).reset_index(drop=True)


def cell_positions(flags: pd.DataFrame, table: pd.DataFrame) -> tuple[IndexArray, IndexArray]:
    """Return the row and the column of each flag in a wide frame; -1 where the frame does not have it."""
    days = table.index.get_indexer(pd.Index(flags["ds"]))
    return days, table.columns.get_indexer(pd.Index(flags["unique_id"]))


def suspect_cells(flags: pd.DataFrame, table: pd.DataFrame) -> BoolArray:
    """Return which cells (n_days, n_series) of a wide frame are flagged by a check whose days are left out."""
    suspect = flags[flags[CHECK].isin([check.value for check in Check if check.severity is Severity.SUSPECT])]
    days, series = cell_positions(suspect, table)
    there = (days >= 0) & (series >= 0)
    cells: BoolArray = pd.DataFrame(False, table.index, table.columns).to_numpy()
    cells[days[there], series[there]] = True
    return cells
