"""Means of candidates by the digest of what each was made from: they never outlive their data."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.models.candidate import Means

Values = NDArray[np.float64]
CANDIDATE, KEY, FAILURE = "candidate", "key", "failure"


class SavedMeans:
    """For each candidate, the means of one series at one cutoff (horizon,) by key, and why there are none."""

    def __init__(self) -> None:
        self._means: defaultdict[str, dict[bytes, Values]] = defaultdict(dict)
        self._failures: defaultdict[str, dict[bytes, str]] = defaultdict(dict)

    def fill(self, name: str, keys: Mapping[str, bytes], means: Means, cutoff: pd.Timestamp) -> frozenset[str]:
        """Write what is saved under the keys of some series into the means; return the series that have nothing."""
        saved, failures = self._means[name], self._failures[name]
        found = {unique_id: key for unique_id, key in keys.items() if key in saved}
        if found:
            means.fill(cutoff, list(found), np.column_stack([saved[key] for key in found.values()]))
        for unique_id, key in found.items():
            if key in failures:
                means.failures[cutoff, unique_id] = failures[key]
        return frozenset(keys.keys() - found.keys())

    def add(self, name: str, keys: Mapping[str, bytes], means: Means, cutoff: pd.Timestamp) -> None:
        """Save the means of some series at a cutoff under their keys."""
        table = means.by_cutoff[cutoff].reindex(columns=list(keys))  # a candidate may leave a series out
        for (unique_id, key), values in zip(keys.items(), table.to_numpy(dtype=float).T, strict=True):
            self._means[name][key] = values
            if (cutoff, unique_id) in means.failures:
                self._failures[name][key] = means.failures[cutoff, unique_id]

    def update(self, other: "SavedMeans") -> None:
        """Take all that another has."""
        for name, saved in other._means.items():
            self._means[name].update(saved)
        for name, failures in other._failures.items():
            self._failures[name].update(failures)

    def rows(self) -> pd.DataFrame:
        """One row for each candidate and key: why there are no means (else empty), and the means by lead."""
        tables = [self._table(name) for name, saved in self._means.items() if saved]
        empty = pd.DataFrame(columns=[CANDIDATE, KEY, FAILURE], dtype=str)
        return pd.concat(tables, ignore_index=True) if tables else empty

    def _table(self, name: str) -> pd.DataFrame:
        saved, failures = self._means[name], self._failures[name]
        leads = [str(lead) for lead in range(1, len(next(iter(saved.values()))) + 1)]
        table = pd.DataFrame(np.stack(list(saved.values())), columns=leads)
        table.insert(0, CANDIDATE, name)
        table.insert(1, KEY, [key.hex() for key in saved])
        table.insert(2, FAILURE, [failures.get(key, "") for key in saved])
        return table


def saved_means(rows: pd.DataFrame) -> SavedMeans:
    """The means of which `SavedMeans.rows` made the rows."""
    read = SavedMeans()
    for name, table in rows.groupby(CANDIDATE, sort=False):
        for key, failure, values in _entries(table):
            read._means[str(name)][key] = values
            if failure:
                read._failures[str(name)][key] = failure
    return read


def _entries(table: pd.DataFrame) -> Iterator[tuple[bytes, str, Values]]:
    values = table.drop(columns=[CANDIDATE, KEY, FAILURE]).to_numpy(dtype=float)
    keys = map(bytes.fromhex, table[KEY])
    yield from zip(keys, table[FAILURE], values, strict=True)
