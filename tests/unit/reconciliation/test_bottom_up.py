"""Sums of parts, and what a sum is worth where a part is missing."""

import numpy as np
import pytest

from tests.unit.pipeline.histories import build_system
from training.reconciliation import aggregated, summing

NAN = float("nan")


def test_every_whole_is_the_sum_of_the_bottom_series_below_it() -> None:
    matrix = summing(build_system(), ["A/attendances/adult", "A/attendances/child", "B/attendances", "C/occupancy"])
    parts = {whole: set(matrix.index[matrix[whole] == 1]) for whole in matrix.columns}
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
    ("what", "values", "sizes", "whole"),
    [
        ("all there", [10, 20, 30], [10, 20, 30], 60),
        ("a third is missing", [10, NAN, 30], [10, 20, 30], NAN),
        ("a hundredth is missing", [99, 1, NAN], [98, 1, 1], 100),
        ("a little more than a hundredth", [99, 1, NAN], [97, 1, 2], NAN),
        ("an empty ward is missing", [10, 20, NAN], [10, 20, 0], 30),
        ("nothing is there", [NAN, NAN, NAN], [10, 20, 30], NAN),
        ("nothing is there, nor usually", [NAN, NAN, NAN], [0, 0, 0], NAN),
        ("only empty wards", [0, 0, NAN], [0, 0, 0], 0),
    ],
)
def test_a_sum_with_missing_parts(what: str, values: list[float], sizes: list[float], whole: float) -> None:
    sums = np.column_stack([np.eye(3), np.ones(3)])
    found = aggregated(np.array(values, dtype=float), sums, np.array(sizes, dtype=float))
    np.testing.assert_array_equal(found[:3], values, err_msg=what)
    np.testing.assert_array_equal(found[3], whole, err_msg=what)


def test_windows_and_leads_are_summed_each_for_itself() -> None:
    values = np.arange(24.0).reshape(2, 4, 3)
    values[1, 2, 0] = NAN
    sums = np.column_stack([np.eye(3), [1, 1, 0]])
    whole = aggregated(values, sums, np.ones(3))[..., 3]
    assert whole[0].tolist() == [0 + 1, 3 + 4, 6 + 7, 9 + 10]
    np.testing.assert_array_equal(whole[1], [12 + 13, 15 + 16, NAN, 21 + 22])
