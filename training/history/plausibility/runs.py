"""Runs of days: stretches on which something holds without a break."""

import numpy as np
from numpy.typing import NDArray

from training.arrays import BoolArray

Counts = NDArray[np.int32]


def positions(holds: BoolArray) -> Counts:
    """For each day (axis 0) its place in the run it belongs to, from 1; 0 where `holds` is false."""
    day = np.arange(len(holds), dtype=np.int32)[:, None]
    last_break = np.maximum.accumulate(np.where(holds, np.int32(-1), day), axis=0)
    return np.where(holds, day - last_break, np.int32(0))


def days_left(holds: BoolArray) -> Counts:
    """For each day of a run how many of it are still to come; 0 where `holds` is false."""
    return np.maximum(positions(holds[::-1])[::-1] - 1, 0)
