"""Which series are parts of which."""

from collections.abc import Iterable

from publication.model import System
from publication.vocabulary import SeriesKey, series_key


def bottom(system: System, unique_ids: Iterable[str]) -> list[str]:
    """Those of the series that no other of them is a part of: what is forecast directly, parents being their sums."""
    keys = [series_key(unique_id) for unique_id in unique_ids]
    wholes = {whole for key in keys for whole in wholes_of(system, key)}
    return sorted(key.unique_id for key in keys if key not in wholes)


def wholes_of(system: System, key: SeriesKey) -> set[SeriesKey]:
    """Every series that `key` is a part of: the same measure in the places above, with and without its stream."""
    places = [key.place, *system.ancestors(key.place)]
    streams = {key.stream, None}
    return {SeriesKey(place, key.measure, stream) for place in places for stream in streams} - {key}
