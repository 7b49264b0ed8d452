"""The parts of the pipeline, each by itself: means, and windows before a cutoff."""

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from tests.unit.pipeline.histories import build_history, four_sites
from training.models.candidate import ForecastRequest, Means
from training.models.catalogue import CATALOGUE, SeasonalNaive
from training.pipeline.means import MeansCache, same_for_all
from training.pipeline.rest_days import RestDays
from training.pipeline.windows import WindowForecasts

HORIZON = 7
NAIVE = "SeasonalNaive"
TABLE = four_sites(110)
CUTOFF = pd.Timestamp(TABLE.index[-1])
HISTORY = build_history(TABLE)
SITES = ["A/attendances", "B/attendances", "C/attendances", "D/attendances"]


class CountsThreads:
    """Seasonal naive that notes how many threads the numerical libraries may use."""

    def __init__(self) -> None:
        self.n_threads: set[int] = set()

    def forecast(self, request: ForecastRequest) -> Means:
        self.n_threads |= {library["num_threads"] for library in threadpool_info()}
        return SeasonalNaive().forecast(request)


@pytest.fixture(scope="module")
def windows() -> WindowForecasts:
    means = MeansCache(HISTORY, HORIZON)
    made = WindowForecasts(HISTORY, means, RestDays(HISTORY))
    means.make(NAIVE, made.before(CUTOFF))
    return made


def rows_after(window: pd.Timestamp, lag_days: int = 0) -> np.ndarray:
    """The sites' counts of the days after a window, or of so many days before each of them."""
    first = window + pd.Timedelta(days=1 - lag_days)
    return np.asarray(TABLE.loc[first : first + pd.Timedelta(days=HORIZON - 1), SITES].to_numpy())


def test_a_candidate_forecasts_on_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine two threads of OpenMP took thirty times the processor time of one."""
    candidate = CountsThreads()
    monkeypatch.setitem(CATALOGUE, "CountsThreads", candidate)
    with threadpool_limits(2):
        MeansCache(HISTORY, HORIZON).make("CountsThreads", [CUTOFF])
    assert candidate.n_threads == {1}


def test_means_and_actuals_of_windows_are_in_their_order(windows: WindowForecasts) -> None:
    before = windows.before(CUTOFF)
    assert len(before) > 5
    assert list(before) == sorted(before)
    means, actuals = windows.means(same_for_all(NAIVE, SITES), CUTOFF), windows.actuals(SITES, CUTOFF)
    finished = [i for i, window in enumerate(before) if (CUTOFF - window).days >= HORIZON]
    assert len(finished) > 3
    for i in finished:
        np.testing.assert_array_equal(actuals[i], rows_after(before[i]))
    for i, window in enumerate(before):
        np.testing.assert_array_equal(means[i], rows_after(window, lag_days=7))


def test_actuals_after_the_cutoff_are_unknown_in_a_window(windows: WindowForecasts) -> None:
    newest = windows.before(CUTOFF)[-1]
    n_known = (CUTOFF - newest).days
    actuals = windows.actuals(SITES, CUTOFF)[-1]
    assert n_known < HORIZON
    assert np.isnan(actuals).all(axis=1).tolist() == [False] * n_known + [True] * (HORIZON - n_known)


def test_a_plain_candidate_has_no_weights(windows: WindowForecasts) -> None:
    assert windows.weights([NAIVE], CUTOFF) == {}
