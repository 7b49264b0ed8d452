"""The randomised PIT, worked by hand, and its summaries."""

import numpy as np
import pandas as pd
import pytest

from training.backtest.losses import distance_from_uniform, randomised_pit, shares_of, tenths

NAN = float("nan")
LEVELS = [0.1, 0.5, 0.9]
TWENTY_WIDE = [10.0, 20.0, 30.0]  # 0.04 of the distribution for each count


@pytest.mark.parametrize(
    ("quantiles", "actual", "low", "high"),
    [
        (TWENTY_WIDE, 20.0, 0.48, 0.52),  # half a count on either side of the median
        (TWENTY_WIDE, 15.0, 0.28, 0.32),
        (TWENTY_WIDE, 5.0, 0.0, 0.1),  # anywhere in a tail
        (TWENTY_WIDE, 99.0, 0.9, 1.0),
        (TWENTY_WIDE, 10.0, 0.0, 0.12),  # the lowest quantile's own count reaches into the tail
        (TWENTY_WIDE, 30.0, 0.88, 1.0),
        ([0.0, 0.0, 0.0], 0.0, 0.0, 1.0),  # all at one value: it says nothing against the forecast
        ([0.0, 0.0, 0.0], 1.0, 0.9, 1.0),
        ([0.0, 0.0, 2.0], 0.0, 0.0, 0.6),  # two quantiles at nought, and a quarter of the way to two
        ([0.0, 0.0, 2.0], 1.0, 0.6, 0.8),
        ([4.5, 4.5, 4.5], 4.0, 0.0, 1.0),  # a jump at its edge belongs to a count ...
        ([4.5, 4.5, 4.5], 5.0, 0.0, 1.0),  # ... on either side of it
    ],
)
@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_pit_is_drawn_between_half_a_count_below_and_above(
    quantiles: list[float], actual: float, low: float, high: float, share: float
) -> None:
    found = randomised_pit(np.array([quantiles]), np.array([actual]), LEVELS, np.array([share]))
    assert found.tolist() == [pytest.approx(low + share * (high - low))]


def test_one_level_is_enough_and_no_actual_has_no_pit() -> None:
    found = randomised_pit(np.full((3, 1), 8.0), np.array([2.0, 12.0, NAN]), [0.5], np.full(3, 0.5))
    np.testing.assert_array_equal(found, [0.25, 0.75, NAN])


def rows(n: int) -> pd.DataFrame:
    days = pd.date_range("2026-01-01", periods=n // 10)
    return pd.DataFrame(
        [("A/beds", day, lead) for day in days for lead in range(10)], columns=["unique_id", "cutoff", "lead"]
    )


def test_shares_are_distributed_evenly_and_differ_from_row_to_row() -> None:
    shares = shares_of(rows(5_000))
    assert len(set(shares)) == 5_000
    assert distance_from_uniform(shares) < 1.63 / np.sqrt(5_000)  # what chance allows once in a hundred
    assert abs(np.corrcoef(shares[1:], shares[:-1])[0, 1]) < 0.05


def test_a_rows_share_depends_on_itself_alone() -> None:
    frame = rows(200)
    shares = pd.Series(shares_of(frame), index=frame.index)
    some = frame.sample(50, random_state=1)
    coarse = some.astype({"unique_id": "category", "cutoff": "datetime64[s]", "lead": "int32"})
    np.testing.assert_array_equal(shares_of(some), shares[some.index])
    np.testing.assert_array_equal(shares_of(coarse), shares[some.index])
    assert shares[[0, 1]].round(6).tolist() == [0.943683, 0.220091]  # the same on every machine


@pytest.mark.parametrize(
    ("pits", "distance"),
    [
        ([0.5], 0.5),
        ([0.25, 0.75], 0.25),
        ([0.0, 0.0], 1.0),
        ([1.0], 1.0),
        ([0.1, 0.2, 0.3, 0.4], 0.6),
        ([0.5, NAN], 0.5),
    ],
)
def test_the_distance_from_uniform_is_the_largest_gap_of_the_distributions(pits: list[float], distance: float) -> None:
    assert distance_from_uniform(np.array(pits)) == pytest.approx(distance)


def test_no_pits_have_no_distance() -> None:
    assert np.isnan(distance_from_uniform(np.array([])))


@pytest.mark.parametrize(("pit", "tenth"), [(0.0, 1), (0.099, 1), (0.1, 2), (0.55, 6), (0.999, 10), (1.0, 10)])
def test_each_pit_is_in_one_tenth(pit: float, tenth: int) -> None:
    assert tenths(np.array([pit])).tolist() == [[float(i == tenth) for i in range(1, 11)]]


def test_no_pit_is_in_no_tenth() -> None:
    assert np.isnan(tenths(np.array([NAN]))).all()
