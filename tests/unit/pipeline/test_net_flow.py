"""Net flow of a place: admissions minus discharges of all below it, path by path."""

from collections.abc import Mapping

import numpy as np
import pytest

from tests.unit.pipeline.histories import build_system
from training.paths.joint import Paths
from training.pipeline.pressure import PlaceIndex, balanced_flows

SYSTEM = build_system({"T": "north", "A": "T", "B": "T", "W": "B"}, horizon_days=2)
A = {"A/admissions/elective": [[1, 2, 3], [4, 5, 6]], "A/admissions/emergency": [[10, 20, 30], [0, 0, 0]]}
A_DISCHARGES = {"A/discharges": [[5, 5, 40], [9, 4, 0]]}
A_NET = [[6.0, 17.0, -7.0], [-5.0, 1.0, 6.0]]
B = {"B/admissions": [[7, 7, 7], [7, 7, 7]], "W/discharges": [[1, 2, 3], [7, 8, 9]]}
B_NET = [[6.0, 5.0, 4.0], [0.0, -1.0, -2.0]]
BOTH = [[12.0, 22.0, -3.0], [-5.0, 0.0, 4.0]]
OTHERS = {"A/occupancy": [[90, 91, 92], [93, 94, 95]], "A/beds": [[100, 100, 100], [100, 100, 100]]}

Rows = Mapping[str, list[list[int]]]


def paths(*parts: Rows) -> Paths:
    """Two days of three paths of each series."""
    rows = {unique_id: values for part in parts for unique_id, values in part.items()}
    return Paths(tuple(rows), np.array(list(rows.values()), dtype=float))


@pytest.mark.parametrize(
    ("place", "counted", "expected"),
    [
        ("A", paths(A, A_DISCHARGES, OTHERS), A_NET),
        ("A", paths(OTHERS, A_DISCHARGES, B, A), A_NET),
        ("north", paths(A, A_DISCHARGES), A_NET),
        ("B", paths(A, A_DISCHARGES, B), B_NET),
        ("T", paths(A, A_DISCHARGES, B, OTHERS), BOTH),
        ("north", paths(A, A_DISCHARGES, B), BOTH),
        ("W", paths(A, A_DISCHARGES, B), None),
        ("A", paths(A, OTHERS), None),
        ("A", paths(A_DISCHARGES, OTHERS), None),
        ("A", paths(OTHERS), None),
        ("north", paths(A, B), None),
        ("north", paths(A_DISCHARGES, B), None),
        ("B", paths(A, B), B_NET),
    ],
    ids=[
        "streams are added up",
        "other places and measures do not count",
        "a place without counts of its own",
        "discharges counted below admissions",
        "two places",
        "two places, two levels up",
        "admissions counted above the place",
        "admissions alone",
        "discharges alone",
        "neither",
        "admissions alone in a part",
        "discharges alone in a part",
        "a part that counts both",
    ],
)
def test_net_flow_is_of_both_flows_of_all_below(place: str, counted: Paths, expected: list[list[float]] | None) -> None:
    flows = balanced_flows(PlaceIndex(SYSTEM, counted.unique_ids), place)
    sums = [] if flows is None else [counted.values[of].sum(axis=0) for of in flows]
    assert ((sums[0] - sums[1]).tolist() if sums else None) == expected
