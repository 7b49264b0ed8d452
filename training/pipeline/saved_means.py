"""Means of candidates under digests of their data, side by side in arrays: a system has millions of them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from training.frames import FloatArray, IndexArray, values_of
from training.history.digests import DIGEST_BYTES
from training.models.candidate import Means

CANDIDATE, DIGEST, FAILURE = "candidate", "key", "failure"
NOT_FAILED = ""
MOST_BLOCKS = 8  # to search, before they are made one
MEANS_ROWS_AT_ONCE = 2**16  # of a file, that are written or read
Digests = NDArray[np.uint64]
"""Digests (n, 2): each is sixteen bytes."""


@dataclass(frozen=True)
class MeansBlock:
    """Means (n, horizon) of one candidate under their digests, and the reason of each failure, by position."""

    digests: Digests
    values: FloatArray
    failures: Mapping[int, str]

    @cached_property
    def _order(self) -> IndexArray:
        return np.argsort(self.digests[:, 0], kind="stable")

    @cached_property
    def _sorted(self) -> NDArray[np.uint64]:
        return np.asarray(self.digests[self._order, 0])

    def positions(self, wanted: Digests) -> IndexArray:
        """Return the positions (n_wanted,) of digests, -1 for those that are not there."""
        if not len(self.digests):
            return np.full(len(wanted), -1, dtype=np.intp)
        last = len(self._sorted) - 1
        at = np.searchsorted(self._sorted, wanted[:, 0]).clip(max=last)
        while True:
            found = self._order[at]
            is_same, following = (self.digests[found] == wanted).all(axis=1), np.minimum(at + 1, last)
            further = ~is_same & (following > at) & (self._sorted[following] == wanted[:, 0])  # the same first half
            if not further.any():
                return np.where(is_same, found, -1)
            at = np.where(further, following, at)


class SavedMeans:
    """For each candidate, the means of one series at one cutoff (horizon,) by key, and why there are none."""

    def __init__(self) -> None:
        self._blocks: defaultdict[str, list[MeansBlock]] = defaultdict(list)

    def fill(self, name: str, keys: Mapping[str, bytes], means: Means, cutoff: pd.Timestamp) -> frozenset[str]:
        """Write what is saved under the keys of some series into the means; return the series that have nothing."""
        unique_ids, left = np.array(list(keys), dtype=object), np.arange(len(keys))
        wanted = _digests(keys.values())
        for block in reversed(self._blocks[name]):
            at = block.positions(wanted[left])
            there = left[at >= 0]
            if len(there):
                _fill(means, cutoff, unique_ids[there].tolist(), block, at[at >= 0])
                left = left[at < 0]
            if not len(left):
                break
        return frozenset(unique_ids[left].tolist())

    def add(self, name: str, keys: Mapping[str, bytes], means: Means, cutoff: pd.Timestamp) -> None:
        """Save the means of some series at a cutoff under their keys."""
        table, unique_ids = means.by_cutoff[cutoff], list(keys)
        is_same = list(table.columns) == unique_ids  # a candidate may leave a series out
        values = (table.to_numpy(dtype=float) if is_same else values_of(table, unique_ids)).T
        reasons = ((i, means.failures.get((cutoff, unique_id))) for i, unique_id in enumerate(keys))
        failures = {i: reason for i, reason in reasons if reason is not None}
        self._add(name, MeansBlock(_digests(keys.values()), values, failures))

    def update(self, other: "SavedMeans") -> None:
        """Take all that another has."""
        for name, blocks in other._blocks.items():
            for block in blocks:
                self._add(name, block)

    def blocks(self) -> Iterator[tuple[str, MeansBlock]]:
        """Yield each block with its candidate."""
        for name, blocks in self._blocks.items():
            yield from ((name, block) for block in blocks)

    def _add(self, name: str, block: MeansBlock) -> None:
        """Add a block; many small ones become one, so that few are searched."""
        blocks = self._blocks[name]
        blocks.append(block)
        while len(blocks) > MOST_BLOCKS and _are_alike(*blocks[-2:]):
            blocks[-2:] = [_joined(blocks[-2:])]


def _digests(keys: Iterable[bytes]) -> Digests:
    return np.frombuffer(b"".join(keys), dtype=np.uint64).reshape(-1, DIGEST_BYTES // 8)


def _are_alike(one: MeansBlock, other: MeansBlock) -> bool:
    """Return whether two blocks are of one horizon, and the first is not much larger: it would be copied each time."""
    return one.values.shape[1] == other.values.shape[1] and len(one.values) <= 2 * len(other.values)


def _fill(means: Means, cutoff: pd.Timestamp, unique_ids: Sequence[str], block: MeansBlock, at: IndexArray) -> None:
    means.fill(cutoff, unique_ids, block.values[at].T)
    if block.failures:
        for unique_id, position in zip(unique_ids, at.tolist(), strict=True):
            if position in block.failures:
                means.failures[cutoff, unique_id] = block.failures[position]


def _joined(blocks: Sequence[MeansBlock]) -> MeansBlock:
    starts = np.cumsum([0, *(len(block.values) for block in blocks)]).tolist()
    return MeansBlock(
        np.concatenate([block.digests for block in blocks]),
        np.concatenate([block.values for block in blocks]),
        {start + i: why for start, block in zip(starts, blocks, strict=False) for i, why in block.failures.items()},
    )


def write_means(means: SavedMeans, file: Path) -> None:
    """Write a row for each candidate and key: the reason of a failure (else empty), and the means by lead."""
    horizon = max((block.values.shape[1] for _, block in means.blocks()), default=0)
    leads = [pa.field(str(lead), pa.float64()) for lead in range(1, horizon + 1)]
    schema = pa.schema([*(pa.field(name, pa.string()) for name in (CANDIDATE, DIGEST, FAILURE)), *leads])
    with pq.ParquetWriter(file, schema) as writer:
        for name, block in means.blocks():
            for start in range(0, len(block.values), MEANS_ROWS_AT_ONCE):
                writer.write_table(_table(name, block, slice(start, start + MEANS_ROWS_AT_ONCE), schema))


def _table(name: str, block: MeansBlock, rows: slice, schema: pa.Schema) -> pa.Table:
    digests, values = block.digests[rows], block.values[rows]
    positions = range(len(block.values))[rows]
    columns = [
        pa.array([name] * len(values), pa.string()),
        pa.array([key.hex() for key in map(bytes, digests)], pa.string()),
        pa.array([block.failures.get(i, NOT_FAILED) for i in positions], pa.string()),
        *(pa.array(np.ascontiguousarray(column)) for column in values.T),
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def read_means(file: Path) -> SavedMeans:
    """Return the means that were written into a file. Raises ValueError where it has others."""
    read = SavedMeans()
    by_name: dict[str, list[MeansBlock]] = {}
    for batch in pq.ParquetFile(file).iter_batches(MEANS_ROWS_AT_ONCE):
        for name, part in _by_candidate(batch):
            by_name.setdefault(name, []).append(_block(part))
    for name, blocks in by_name.items():
        read._add(name, _joined(blocks))
        blocks.clear()
    return read


def _by_candidate(batch: pa.RecordBatch) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Yield the rows of each candidate, which stand together."""
    names = np.array(batch.column(CANDIDATE).to_pylist(), dtype=object)
    starts = [0, *(np.flatnonzero(names[1:] != names[:-1]) + 1).tolist()] if len(names) else []
    for start, end in zip(starts, [*starts[1:], len(names)], strict=True):
        yield str(names[start]), batch.slice(start, end - start)


def _block(rows: pa.RecordBatch) -> MeansBlock:
    digests = _digests([bytes.fromhex("".join(rows.column(DIGEST).to_pylist()))])
    leads = [name for name in rows.schema.names if name not in (CANDIDATE, DIGEST, FAILURE)]
    values = np.column_stack([rows.column(lead).to_numpy(zero_copy_only=False) for lead in leads])
    if len(digests) != len(values):
        raise ValueError("a key of the saved means is not of sixteen bytes")
    reasons = enumerate(rows.column(FAILURE).to_pylist())
    return MeansBlock(digests, values, {i: reason for i, reason in reasons if reason})
