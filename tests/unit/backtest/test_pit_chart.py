"""The picture of PITs: ten bars for each measure, against their promise."""

import pandas as pd

from tests.unit.backtest.test_scores import FORECASTS, SCALES, THREE
from training.backtest.scores import long_scores, row_losses
from training.tracking.charts import pit_histogram


def test_each_measure_has_its_share_of_actuals_in_each_tenth() -> None:
    scores = long_scores(row_losses(FORECASTS, SCALES, THREE), [["measure"], ["series"]])
    attendances, occupancy = pit_histogram(scores).data
    assert (attendances.name, occupancy.name) == ("attendances", "occupancy")
    assert list(attendances.x) == [f"{tenth / 10:.1f}" for tenth in range(1, 11)]
    assert pd.Series(attendances.y).round(3).tolist()[-1] == 0.333  # one of three above its 0.9 quantile
    assert sum(attendances.y) == sum(occupancy.y) == 1.0


def test_no_scores_make_an_empty_picture() -> None:
    scores = long_scores(row_losses(FORECASTS, SCALES, THREE), [["series"]])
    assert len(pit_histogram(scores).data) == 0
