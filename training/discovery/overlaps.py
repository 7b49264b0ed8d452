"""Days that several files have: sent again, or of different things."""

import numpy as np
import pandas as pd

from training.discovery.looking import Look
from training.discovery.shapes import has_file_places
from training.errors import HistoryError

MOST_REVISED = 0.2
"""A later file may have other numbers for so many of the places and days."""


def check_overlaps(look: Look) -> None:
    """Say that files repeat days, where they do.

    Raises HistoryError where they have other numbers for the same places and days: one would replace the other.
    """
    table, roles = look.table, look.roles
    is_place_a_file = roles.place is None and has_file_places(table)
    if table.files is None or roles.place_columns or is_place_a_file or not roles.chosen.columns:
        return
    groups = [*([roles.place.group] if roles.place else []), *roles.streams]
    keys = {str(number): group.columns[0].codes for number, group in enumerate(groups)}
    values = {candidate.column.name: candidate.values for candidate in roles.candidates}
    y = next((values[names[0]] for names in roles.chosen.columns.values() if names[0] in values), None)
    if y is None:
        return
    frame = pd.DataFrame({**keys, "time": look.axis.minutes, "file": table.files.codes, "y": y}).dropna()
    of_file = frame.groupby([*keys, "time", "file"], sort=False)["y"].sum()
    of_time = of_file.groupby([*keys, "time"], sort=False).agg(["size", "min", "max"])
    repeated = of_time["size"].gt(1).to_numpy()
    differ = repeated & ~np.isclose(of_time["min"], of_time["max"])
    if differ.sum() > MOST_REVISED * len(of_time):
        raise HistoryError(
            f"Looking at {look.file}: the files have different numbers for the same places and days, and nothing says "
            "which ones count. Give init files of one kind, or one of them at a time."
        )
    if repeated.any():
        look.say("days in several files", "those of the last file count", "nearly all are the same")
