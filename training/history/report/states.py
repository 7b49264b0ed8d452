"""What each day of each series is: the states of the coverage calendar, and which series are drawn first."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from training.arrays import IndexArray, IntArray
from training.history.report.evidence import Evidence

States = NDArray[np.int8]


class DayState(IntEnum):
    """In rising order: of several that hold, the last is shown. A day without a value is nothing else."""

    NO_VALUE = 0
    VALUE = 1
    REVISED = 2
    SUSPECT = 3
    LEFT_OUT = 4

    @property
    def words(self) -> str:
        return WORDS[self]


WORDS = {
    DayState.NO_VALUE: "no value",
    DayState.VALUE: "value",
    DayState.REVISED: "revised value",
    DayState.SUSPECT: "suspect",
    DayState.LEFT_OUT: "left out by an event",
}


def states(evidence: Evidence) -> States:
    """The state of every day (axis 0) of every series (axis 1)."""
    there = evidence.table.notna().to_numpy()
    found = there.astype(np.int8)
    found[there & evidence.is_revised] = DayState.REVISED
    found[there & evidence.is_suspect] = DayState.SUSPECT
    found[there & evidence.is_left_out] = DayState.LEFT_OUT
    return found


def missing_days(found: States) -> IntArray:
    """Of each series, the days without a value since its first one."""
    there = found != DayState.NO_VALUE
    since = np.logical_or.accumulate(there, axis=0)
    missing: IntArray = (since & ~there).sum(axis=0)
    return missing


def chosen(evidence: Evidence, found: States, most: int) -> IndexArray:
    """Columns of the series to draw: all in the order of the tree, or `most` of them, those with most to see first.

    That is: suspect days, days left out and days without a value, since the first one.
    """
    in_order = np.array(_tree_order(evidence), dtype=np.intp)
    if len(in_order) <= most:
        return in_order
    odd = missing_days(found) + (found >= DayState.SUSPECT).sum(axis=0)
    return in_order[np.argsort(-odd[in_order], kind="stable")][:most]


def _tree_order(evidence: Evidence) -> list[int]:
    system = evidence.system
    place = {place: i for i, place in enumerate(system.under(system.name))}
    measure = {measure.name: i for i, measure in enumerate(system.measures)}

    def rank(column: int) -> tuple[int, int, str]:
        key = evidence.keys[column]
        return place.get(key.place, len(place)), measure.get(key.measure, len(measure)), evidence.unique_ids[column]

    return sorted(range(len(evidence.keys)), key=rank)
