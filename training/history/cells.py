"""Wide and long files in one shape: a cell for each count, with all that is needed to judge and to find it."""

import pandas as pd

from training.history.sources import Extract

CELL_COLUMNS = ["source", "file", "line", "column", "place", "day", "measure", "stream", "known_at", "found", "parts"]


def cells(extract: Extract) -> pd.DataFrame:
    """One row for each count cell, by line, its texts stripped; None where the source names no stream or known_at.

    `parts` is how many cells add up to one value.
    """
    source, rows = extract.source, extract.rows
    common = {
        "source": source.name,
        "file": extract.file,
        "line": rows.index,
        "place": rows[source.place].str.strip(),
        "day": rows[source.day].str.strip(),
        "stream": None if source.stream is None else rows[source.stream].str.strip(),
        "known_at": None if source.known_at is None else rows[source.known_at].str.strip(),
    }
    if source.measure is not None and source.value is not None:
        counted = {
            "column": source.value,
            "measure": rows[source.measure].str.strip(),
            "found": rows[source.value].str.strip(),
        }
        return pd.DataFrame({**common, **counted, "parts": 1}, columns=CELL_COLUMNS).reset_index(drop=True)
    tables = [
        pd.DataFrame(
            {**common, "column": column, "measure": measure, "found": rows[column].str.strip(), "parts": len(columns)},
            columns=CELL_COLUMNS,
        )
        for measure, columns in source.columns.items()
        for column in columns
    ]
    return pd.concat(tables).sort_values("line", kind="stable", ignore_index=True)
