"""Means and their intervals: what is published where a model has erred to one side in every window."""

import numpy as np
import pandas as pd
import pytest

from tests.unit.pipeline.histories import build_history, build_system, four_sites
from training.models.candidate import ForecastRequest, Means, empty_means
from training.models.catalogue import CATALOGUE
from training.pipeline.forecaster import Forecaster
from training.pipeline.margins import means_within

DAYS = pd.date_range("2026-03-12", periods=1, name="ds")
LEVELS = (0.1, 0.5, 0.9)


def published(means: list[float], paths: list[list[float]], quantiles: list[list[float]]) -> list[float]:
    """Of two series and their sum on one day."""
    bottom = pd.DataFrame([means], DAYS, ["A/x", "B/x"])
    parts = pd.DataFrame({"A/x": [1.0, 0.0], "B/x": [0.0, 1.0], "T/x": [1.0, 1.0]}, index=["A/x", "B/x"])
    of_paths = np.array(paths)[:, None, :].mean(axis=-1).T
    found: list[float] = (
        means_within(bottom, np.array(quantiles)[:, None, :], parts, of_paths, LEVELS).to_numpy()[0].tolist()
    )
    return found


@pytest.mark.parametrize(
    ("what", "means", "expected"),
    [
        ("all inside", [100.0, 50.0], [100.0, 50.0]),
        ("one below its interval has the mean of its paths", [60.0, 50.0], [102.0, 50.0]),
        ("each inside and the sum not: both have theirs", [91.0, 41.0], [102.0, 52.0]),
    ],
)
def test_means_outside_give_way_to_those_of_the_paths(what: str, means: list[float], expected: list[float]) -> None:
    paths = [[90.0, 102.0, 114.0], [40.0, 52.0, 64.0]]
    quantiles = [[90.0, 102.0, 114.0], [40.0, 52.0, 64.0], [140.0, 154.0, 168.0]]
    assert published(means, paths, quantiles) == expected, what


def test_a_candidate_that_is_always_far_too_high_is_published_at_the_level_of_its_intervals(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Doubled:
        def forecast(self, request: ForecastRequest) -> Means:
            means = empty_means(request)
            for cutoff, frame in means.by_cutoff.items():
                frame.loc[:, :] = 2 * request.history.imputed(cutoff).tail(28).mean().to_numpy()
            return means

    monkeypatch.setitem(CATALOGUE, "Doubled", Doubled())
    history = build_history(four_sites(160), build_system())
    forecast = Forecaster(history, 7).forecast(
        dict.fromkeys(("attendances", "occupancy"), "Doubled"), pd.Timestamp("2022-06-11")
    )
    for unique_id, level in {"A/attendances": 40, "B/attendances": 90, "north/attendances": 205}.items():
        assert forecast.means[unique_id].mean() == pytest.approx(level, rel=0.1)
