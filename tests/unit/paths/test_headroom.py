"""Peaks of occupancy over paths, and beds freed by discharges."""

import numpy as np
import pytest

from training.paths.flow_identity import beds_freed
from training.paths.joint import peak


def test_the_peak_is_the_maximum_of_each_path_and_its_lead_the_mean() -> None:
    """Three paths over four days, of which three count: peaks 9 on day 2, 5 on day 1 (the first of two), 7 on day 3."""
    occupancy = np.array([[1.0, 5.0, 6.0], [9.0, 5.0, 2.0], [3.0, 4.0, 7.0], [99.0, 99.0, 99.0]])
    quantiles, lead = peak(occupancy, 3, [0.25, 0.5, 0.75])
    assert quantiles == pytest.approx([5.0, 7.0, 9.0])
    assert lead == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("leaving_share", "beds"),
    [(0.0, [1.0, 2.0, 3.0]), (1.0, [1.0, 1.0, 1.0]), (0.2, [1.0, 1.8, 2.44])],
)
def test_beds_freed_fade_as_patients_would_have_left_anyway(leaving_share: float, beds: list[float]) -> None:
    assert beds_freed(leaving_share, 3) == pytest.approx(beds)
