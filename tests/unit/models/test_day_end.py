"""The end of the day from the census and the flows, against numbers worked out by hand and a known truth."""

import numpy as np
import pytest

from training.frames import FloatArray
from training.history.census_shares import CensusShares
from training.history.patient_flow import FlowCounts
from training.models.day_end import GAINS, day_end_counts, fitted_gains

WITHIN_THE_DAY = CensusShares(np.array([0.25]), np.array([0.5]))


def flows(census: list[float], admissions: list[float], discharges: list[float]) -> FlowCounts:
    return FlowCounts(
        *(np.array(values, dtype=float)[:, None] for values in (census, admissions, discharges, [np.nan] * len(census)))
    )


def at_day_end(counts: FlowCounts, gain: float, observed: list[int] | None = None) -> list[float]:
    seen = np.ones(counts.occupancy.shape, bool) if observed is None else np.array(observed, bool)[:, None]
    found: list[float] = day_end_counts(counts, seen, WITHIN_THE_DAY, np.array([gain])).occupancy[:, 0].tolist()
    return found


def test_with_a_gain_of_one_it_is_what_the_census_says() -> None:
    """100 + 3/4 of 20 - half of 10 = 110; 104 + 15 - 5 = 114; 110 + 30 - 10 = 130."""
    counts = flows([100, 104, 110], [20, 20, 40], [10, 10, 20])
    assert at_day_end(counts, 1.0) == pytest.approx([110.0, 114.0, 130.0])


def test_with_less_it_is_the_day_before_and_the_flows_corrected_by_a_part() -> None:
    """The census says 110, 124, 114 and 136, the flows + 10 every day, so + 26/3 - 10 = -4/3 is the mean unexplained.

    Day 2: 110 + 26/3 = 118.67, and half of what lacks to 124: 121.33. Day 3: the third of a run has a gain of half
    too: 130 and half of -16: 122. Day 4: 130.67 and half of 5.33: 133.33.
    """
    counts = flows([100, 114, 104, 126], [20, 20, 20, 20], [10, 10, 10, 10])
    assert at_day_end(counts, 0.5) == pytest.approx([110.0, 121.3333, 122.0, 133.3333], abs=1e-4)


def test_the_nth_day_in_a_row_has_a_gain_of_at_least_one_nth() -> None:
    """With nothing unexplained on average, the end of the day is the mean of all days: 110, 120, 110 less flows."""
    counts = flows([100, 120, 110, 100], [10, 10, 10, 10], [10, 10, 10, 10])
    assert at_day_end(counts, 0.1)[2] == pytest.approx(np.mean([102.5, 122.5, 112.5]))


def test_smoothing_starts_anew_after_a_day_that_is_not_observed() -> None:
    counts = flows([100, 100, 300, 200, 200], [10] * 5, [10] * 5)
    assert at_day_end(counts, 0.1, [1, 1, 0, 1, 1]) == pytest.approx([102.5, 102.5, 302.5, 202.5, 202.5])


def noisy(n_days: int, noise_sd: float, drift_sd: float) -> tuple[FlowCounts, FloatArray]:
    """Return counts at day's end, and how many are there: censuses err, and patients come and go uncounted."""
    rng = np.random.default_rng(5)
    entering, leaving = rng.poisson(40.0, (n_days, 1)), rng.poisson(40.0, (n_days, 1))
    true = 500.0 + np.cumsum(entering - leaving + drift_sd * rng.standard_normal((n_days, 1)), axis=0)
    census = true + noise_sd * rng.standard_normal((n_days, 1))
    return FlowCounts(census, entering.astype(float), leaving.astype(float), np.full_like(census, np.nan)), true


AT_DAY_END = CensusShares(np.ones(1), np.ones(1))


def test_the_less_the_census_errs_the_more_it_counts() -> None:
    seen = np.ones((400, 1), bool)
    gains = [fitted_gains(noisy(400, *sizes)[0], seen, AT_DAY_END)[0] for sizes in ((5, 0), (5, 5), (0, 5), (0, 0))]
    assert gains == [GAINS[-1], 0.5, 1.0, 1.0]


def test_the_end_of_the_day_is_nearer_to_the_truth_than_the_census() -> None:
    counts, true = noisy(400, 5.0, 0.0)
    found = day_end_counts(counts, np.ones((400, 1), bool), AT_DAY_END, np.array([0.1])).occupancy
    errors = (found - true)[50:].std(), (counts.occupancy - true)[50:].std()
    assert errors[0] < 0.35 * errors[1]  # (0.1 / 1.9) ** 0.5 = 0.23 of it, in theory


def test_a_step_of_uncounted_patients_is_followed_within_weeks() -> None:
    counts, true = noisy(400, 5.0, 0.0)
    counts.occupancy[200:] += 60.0
    found = day_end_counts(counts, np.ones((400, 1), bool), AT_DAY_END, np.array([0.1])).occupancy
    assert (found - true)[230, 0] == pytest.approx(60.0, abs=6.0)
