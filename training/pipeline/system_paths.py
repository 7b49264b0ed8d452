"""Joint paths of the bottom series of a system, made some places at a time, so that memory does not grow with it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from publication.model import System
from publication.vocabulary import series_key
from training.frames import FloatArray, IndexArray
from training.paths.joint import Paths, quantiles

DECIMALS = 3
"""The decimals of a published count. Parents are sums of rounded children, so they agree in every published digit."""
CHUNK_SERIES = 256  # some 60 MB of paths, 28 days ahead


@dataclass(frozen=True)
class PathChunk:
    """Some bottom series, at `positions` among all: `margins` (n_series, horizon, n_levels) at the published levels,
    `paths` with these margins, and `headroom` paths, by the series of occupancy whose beds are counted there too."""

    positions: IndexArray
    margins: FloatArray
    paths: Paths
    headroom: Paths


@dataclass(frozen=True)
class SystemPaths:
    """The paths of the bottom series `unique_ids`: `make` makes those of one of the `places` chunks of positions.

    They are made anew each time that they are asked for, unless one chunk has all: that one is held.
    """

    unique_ids: tuple[str, ...]
    places: Sequence[IndexArray]
    make: Callable[[IndexArray], PathChunk]
    _held: list[PathChunk] = field(default_factory=list)

    def chunks(self) -> Iterator[PathChunk]:
        """Yield the paths, subtree by subtree."""
        if self._held:
            yield from self._held
            return
        for positions in self.places:
            chunk = self.make(positions)
            if len(self.places) == 1:
                self._held.append(chunk)
            yield chunk

    def complete(self) -> Paths:
        """Return the paths of all series at once: of a small system."""
        values: dict[int, FloatArray] = {}
        for chunk in self.chunks():
            values.update(zip(chunk.positions.tolist(), chunk.paths.values, strict=True))
        return Paths(self.unique_ids, np.stack([values[i] for i in range(len(values))]))


def place_chunks(system: System, unique_ids: Sequence[str], most: int = CHUNK_SERIES) -> list[IndexArray]:
    """Return the positions of the series in chunks of about `most`, each of complete places that are near in the tree.

    In a chunk they are in ascending order.
    """
    by_place: dict[str, list[int]] = {}
    for position, unique_id in enumerate(unique_ids):
        by_place.setdefault(series_key(unique_id).place, []).append(position)
    chunks: list[list[int]] = [[]]
    for place in system.under(system.name):
        if len(chunks[-1]) >= most:
            chunks.append([])
        chunks[-1].extend(by_place.get(place, ()))
    return [np.sort(np.array(chunk, dtype=np.intp)) for chunk in chunks if chunk]


class RunningSums:
    """Sums of paths (horizon, n_paths) over chunks, each given back once all its parts have been added."""

    def __init__(self) -> None:
        self._totals: dict[object, FloatArray] = {}
        self._added: dict[object, int] = {}

    def add(self, name: object, values: FloatArray, n_parts: int) -> FloatArray | None:
        """Add the paths of some of the `n_parts` parts, (n, horizon, n_paths); return the sum when it is complete."""
        for row in values:
            if name in self._totals:
                self._totals[name] += row
            else:
                self._totals[name] = row.copy()
        self._added[name] = self._added.get(name, 0) + len(values)
        return self._totals.pop(name) if self._added[name] == n_parts else None


@dataclass(frozen=True)
class PathSummary:
    """Quantiles (n_series, horizon, n_levels) of bottom series and sums, and the paths' means (horizon, n_bottom)."""

    quantiles: FloatArray
    means: FloatArray


def summarise(paths: SystemPaths, parts: pd.DataFrame, levels: Sequence[float], horizon: int) -> PathSummary:
    """Return the margins of the bottom series, and the quantiles of their sums, by the 0/1 matrix `parts`."""
    n_bottom, n_series = parts.shape
    adding = parts.to_numpy(dtype=bool)[:, n_bottom:]
    n_parts, sums = adding.sum(axis=0), RunningSums()
    found, means = np.empty((n_series, horizon, len(levels))), np.empty((horizon, n_bottom))
    for chunk in paths.chunks():
        values, of_chunk = chunk.paths.values, adding[chunk.positions]
        found[chunk.positions] = chunk.margins
        means[:, chunk.positions] = values.mean(axis=-1).T.round(DECIMALS)
        for column in np.flatnonzero(of_chunk.any(axis=0)).tolist():
            total = sums.add(column, values[of_chunk[:, column]], n_parts[column])
            if total is not None:
                found[n_bottom + column] = quantiles(total, levels).round(DECIMALS)
    return PathSummary(found, means)
