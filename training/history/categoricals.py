"""Columns of few distinct texts, kept as categoricals: whatever is asked of a text is asked once."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import union_categoricals

Scalar = TypeVar("Scalar", bound=np.generic)


def constant(text: str | None, n_rows: int) -> pd.Categorical:
    """The same text in every row; None: no text."""
    categories = pd.Index([] if text is None else [text], dtype=object)
    return pd.Categorical.from_codes(np.full(n_rows, -1 if text is None else 0, np.int8), categories=categories)


def texts(column: pd.Series) -> pd.Series:
    """The distinct texts of a column, numbered as its codes are."""
    return pd.Series(column.cat.categories.to_numpy(dtype=object), dtype=object)


def per_row(column: pd.Series, of_texts: NDArray[Scalar]) -> NDArray[Scalar]:
    """What is known of each distinct text, for each row. No row may be without a text."""
    return of_texts[column.cat.codes.to_numpy()]


def with_columns(frame: pd.DataFrame, **columns: object) -> pd.DataFrame:
    """The frame with some columns added or replaced, the others shared with it: millions of rows are not copied."""
    shared: dict[str, object] = {str(name): column for name, column in frame.items()}
    return pd.DataFrame(shared | columns, index=frame.index, copy=False)


def selected(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Some columns of the frame, shared with it."""
    return pd.DataFrame({name: frame[name] for name in names}, copy=False)


def stacked(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The rows of all frames, categoricals staying so. Takes the columns out of the frames, for the sake of memory."""
    filled = [frame for frame in frames if len(frame)] or list(frames[:1])
    columns = {name: _joined([frame.pop(name) for frame in filled]) for name in list(filled[0].columns)}
    return pd.DataFrame(columns, copy=False)


def _joined(parts: list[pd.Series]) -> object:
    if len(parts) == 1:
        return parts[0].array
    if all(isinstance(part.dtype, pd.CategoricalDtype) for part in parts):
        return union_categoricals(parts)
    return pd.concat(parts, ignore_index=True).array
