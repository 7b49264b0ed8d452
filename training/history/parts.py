"""Which series are of a system, and which of them are parts of which."""

from collections.abc import Iterable

import pandas as pd

from publication.model import System
from publication.vocabulary import SeriesKey, series_key
from training.errors import HistoryError


def of_system(rows: pd.DataFrame, system: System) -> pd.DataFrame:
    """The rows (`unique_id`, ...) whose place and measure the system has; an archive may be older than its system file.

    Raises HistoryError where there are none.
    """
    archived = rows["unique_id"].unique()
    keys = {unique_id: series_key(str(unique_id)) for unique_id in archived}
    ours = [i for i, k in keys.items() if k.place in system.place_by_id and k.measure in system.measure_by_name]
    if len(ours) == len(archived):
        return rows
    if not ours:
        raise HistoryError(
            f"Reading the history of {system.name}: none of its {len(archived)} series, such as {archived[0]}, is of a "
            "place and measure that system.toml has. Correct the places there, or ingest again."
        )
    return rows[rows["unique_id"].isin(ours)]


def bottom_series(system: System, unique_ids: Iterable[str]) -> list[str]:
    """Those of the series that no other of them is a part of: what is forecast directly, parents being their sums."""
    keys = [series_key(unique_id) for unique_id in unique_ids]
    wholes = {whole for key in keys for whole in ancestors(system, key)}
    return sorted(key.unique_id for key in keys if key not in wholes)


def ancestors(system: System, key: SeriesKey) -> set[SeriesKey]:
    """Every series that `key` is a part of: the same measure in the places above, with and without its stream."""
    places = [key.place, *system.ancestors(key.place)]
    streams = {key.stream, None}
    return {SeriesKey(place, key.measure, stream) for place in places for stream in streams} - {key}
