"""Sums of parts, and sums with missing parts."""

import numpy as np
import pytest

from tests.unit.pipeline.histories import build_system
from training.history.hierarchy import aggregated, summing

NAN = float("nan")


def test_every_parent_is_the_sum_of_the_bottom_series_below_it() -> None:
    matrix = summing(build_system(), ["A/attendances/adult", "A/attendances/child", "B/attendances", "C/occupancy"])
    parts = {name: set(matrix.index[matrix[name] == 1]) for name in matrix.columns}
    adult, child, b = "A/attendances/adult", "A/attendances/child", "B/attendances"
    assert parts == {
        adult: {adult},
        child: {child},
        b: {b},
        "C/occupancy": {"C/occupancy"},
        "A/attendances": {adult, child},
        "T1/attendances": {adult, child, b},
        "T1/attendances/adult": {adult},
        "T1/attendances/child": {child},
        "T2/occupancy": {"C/occupancy"},
        "north/attendances": {adult, child, b},
        "north/attendances/adult": {adult},
        "north/attendances/child": {child},
        "north/occupancy": {"C/occupancy"},
    }
    assert list(matrix.columns[:4]) == list(matrix.index)
    assert set(np.unique(matrix)) == {0.0, 1.0}


@pytest.mark.parametrize(
    ("what", "values", "sizes", "total"),
    [
        ("all there", [10, 20, 30], [10, 20, 30], 60),
        ("a third is missing", [10, NAN, 30], [10, 20, 30], NAN),
        ("a hundredth is missing", [99, 1, NAN], [98, 1, 1], 100),
        ("a little more than a hundredth", [99, 1, NAN], [97, 1, 2], NAN),
        ("an empty ward is missing", [10, 20, NAN], [10, 20, 0], 30),
        ("nothing is there", [NAN, NAN, NAN], [10, 20, 30], NAN),
        ("nothing is there, and sizes are zero", [NAN, NAN, NAN], [0, 0, 0], NAN),
        ("only empty wards", [0, 0, NAN], [0, 0, 0], 0),
    ],
)
def test_a_sum_with_missing_parts(what: str, values: list[float], sizes: list[float], total: float) -> None:
    sums = np.column_stack([np.eye(3), np.ones(3)])
    found = aggregated(np.array(values, dtype=float), sums, np.array(sizes, dtype=float))
    np.testing.assert_array_equal(found[:3], values, err_msg=what)
    np.testing.assert_array_equal(found[3], total, err_msg=what)


def test_windows_and_leads_are_summed_separately() -> None:
    values = np.arange(24.0).reshape(2, 4, 3)
    values[1, 2, 0] = NAN
    sums = np.column_stack([np.eye(3), [1, 1, 0]])
    total = aggregated(values, sums, np.ones(3))[..., 3]
    assert total[0].tolist() == [0 + 1, 3 + 4, 6 + 7, 9 + 10]
    np.testing.assert_array_equal(total[1], [12 + 13, 15 + 16, NAN, 21 + 22])
