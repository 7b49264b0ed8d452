"""The schema of an archived value, which every append passes."""

import numpy as np
import pandas as pd
import pandera.pandas as pandera

from training.errors import HistoryError


def _is_text(column: pd.Series) -> bool:
    """Return whether the distinct texts of a column, which are few, are all text."""
    distinct = column.cat.categories if isinstance(column.dtype, pd.CategoricalDtype) else column.dropna().unique()
    return all(isinstance(text, str) and text != "" for text in distinct)


def _is_midnight(days: pd.Series) -> bool:
    distinct = pd.DatetimeIndex(days.unique())
    return bool((distinct == distinct.normalize()).all())


def _is_finite(counts: pd.Series) -> bool:
    return bool(np.isfinite(counts.to_numpy()).all())


TEXT = pandera.Check(_is_text, name="text", error="is text, and not blank")
VALUES = pandera.DataFrameSchema(
    {
        "place": pandera.Column(checks=TEXT),
        "measure": pandera.Column(checks=TEXT),
        "stream": pandera.Column(checks=TEXT, nullable=True),
        "ds": pandera.Column("datetime64[ns]", pandera.Check(_is_midnight, error="is a day")),
        "y": pandera.Column(float, [pandera.Check(_is_finite, error="is finite"), pandera.Check.ge(0)], coerce=True),
        "known_at": pandera.Column("datetime64[ns, UTC]", nullable=True),
        "source": pandera.Column(checks=TEXT),
        "file": pandera.Column(checks=TEXT),
    }
)


def validate_archive_rows(values: pd.DataFrame) -> pd.DataFrame:
    """The values, counts as floats, if each is one of an archive. Raises HistoryError otherwise, with what is wrong."""
    try:
        return VALUES.validate(values, lazy=True, inplace=True)
    except pandera.errors.SchemaErrors as errors:
        cases = errors.failure_cases.drop_duplicates(["column", "check"])
        found = ", ".join(f"{column}: {check}" for column, check in zip(cases["column"], cases["check"], strict=True))
        raise HistoryError(
            f"Appending to the archive: some values are not what a value is ({found}). Nothing was appended. "
            "Please report this with the extract: screening should have rejected them."
        ) from errors
