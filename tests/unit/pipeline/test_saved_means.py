"""Saved means: found by their digests among any number of blocks, and the newest first."""

import numpy as np
import pandas as pd

from training.models.candidate import Means, target_days
from training.pipeline.saved_means import MOST_BLOCKS, SavedMeans

HORIZON = 3
CUTOFFS = pd.date_range("2026-01-01", periods=3 * MOST_BLOCKS)


def key(number: int) -> bytes:
    """A digest whose first half is the same as that of its neighbour."""
    return (number // 2).to_bytes(8, "big") + number.to_bytes(8, "big")


def of(cutoff: pd.Timestamp, **levels: float) -> Means:
    days = target_days(cutoff, HORIZON)
    return Means({cutoff: pd.DataFrame({name: np.full(HORIZON, level) for name, level in levels.items()}, days)})


def nothing(cutoff: pd.Timestamp) -> Means:
    return of(cutoff, a=np.nan, b=np.nan)


def test_means_are_found_among_many_blocks_that_were_joined() -> None:
    saved = SavedMeans()
    for n, cutoff in enumerate(CUTOFFS):
        saved.add("Naive", {"a": key(2 * n), "b": key(2 * n + 1)}, of(cutoff, a=n, b=-n), cutoff)
    assert len(list(saved.blocks())) < 2 * MOST_BLOCKS
    for n, cutoff in enumerate(CUTOFFS):
        found = nothing(cutoff)
        assert saved.fill("Naive", {"a": key(2 * n), "b": key(2 * n + 1)}, found, cutoff) == frozenset()
        assert found.by_cutoff[cutoff].iloc[0].tolist() == [n, -n]


def test_what_is_not_saved_is_named_and_left_as_it_is() -> None:
    saved, cutoff = SavedMeans(), CUTOFFS[0]
    saved.add("Naive", {"a": key(0)}, of(cutoff, a=5.0), cutoff)
    found = nothing(cutoff)
    assert saved.fill("Naive", {"a": key(0), "b": key(1)}, found, cutoff) == {"b"}
    assert found.by_cutoff[cutoff]["a"].tolist() == [5.0] * HORIZON
    assert found.by_cutoff[cutoff]["b"].isna().all()
    assert saved.fill("Other", {"a": key(0)}, nothing(cutoff), cutoff) == {"a"}


def test_a_failure_is_saved_with_its_reason() -> None:
    saved, cutoff = SavedMeans(), CUTOFFS[0]
    made = nothing(cutoff)
    made.failures[cutoff, "b"] = "too short"
    saved.add("Naive", {"a": key(0), "b": key(1)}, made, cutoff)
    found = nothing(cutoff)
    saved.fill("Naive", {"b": key(1), "a": key(0)}, found, cutoff)
    assert found.failures == {(cutoff, "b"): "too short"}


def test_the_newest_of_two_under_one_key_counts() -> None:
    saved, cutoff = SavedMeans(), CUTOFFS[0]
    for level in (1.0, 2.0):
        saved.add("Naive", {"a": key(0)}, of(cutoff, a=level), cutoff)
    found = nothing(cutoff)
    saved.fill("Naive", {"a": key(0)}, found, cutoff)
    assert found.by_cutoff[cutoff]["a"].tolist() == [2.0] * HORIZON
