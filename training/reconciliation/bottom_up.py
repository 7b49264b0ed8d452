"""Bottom-up: every parent is the sum of the bottom series that are part of it."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from publication.model import System
from publication.vocabulary import series_key
from training.history.parts import ancestors

Values = NDArray[np.float64]
MISSING_SHARE = 0.01  # of a parent's sum: what its missing parts may make up before the parent counts as missing too


def summing(system: System, bottom_ids: Sequence[str]) -> pd.DataFrame:
    """The 0/1 matrix (n_bottom, n_series) of what adds up to what: bottom series first, then their wholes by id."""
    parts = {unique_id: {unique_id} for unique_id in bottom_ids}
    for unique_id in bottom_ids:
        for whole in sorted(ancestors(system, series_key(unique_id)), key=str):
            parts.setdefault(whole.unique_id, set()).add(unique_id)
    columns = [*bottom_ids, *sorted(set(parts) - set(bottom_ids))]
    return pd.DataFrame({c: [float(b in parts[c]) for b in bottom_ids] for c in columns}, index=list(bottom_ids))


def aggregated(values: Values, sums: Values, sizes: Values, never_counted: NDArray[np.bool_] | None = None) -> Values:
    """Bottom values (..., n_bottom) as values of every series (..., n_series), by the matrix of `summing`.

    A sum is of the parts that have a value. It is NaN where none has, or where those that lack one make up more than
    `MISSING_SHARE` of it, judged by their usual `sizes` (n_bottom,). A part is not missing on a day on which it is
    `never_counted`, (..., n_bottom): it adds nothing then.
    """
    there = ~np.isnan(values)
    lacking = ~there if never_counted is None else ~there & ~never_counted
    missing = (lacking * sizes) @ sums
    usable = (missing <= MISSING_SHARE * (sizes @ sums)) & (there.astype(float) @ sums > 0)
    return np.where(usable, np.nan_to_num(values) @ sums, np.nan)
