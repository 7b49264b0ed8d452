"""A hospital's first weeks, a site's first weeks, and a silence: a forecast near the level that the series stand at."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from tests.unit.pipeline.histories import build_history, build_system, counts
from training.models.catalogue import CONTENDERS
from training.pipeline import Forecast, Forecaster

HORIZON = 7
NEAR = 0.12  # of the level: more than three times what a week of Poisson counts around 40 is off by chance
FIRST_WEEKS = (8, 15, 21, 29, 40, 57, 60, 90, 119)


def published(table: pd.DataFrame, places: Sequence[str]) -> Forecast:
    """What `daily` would publish at the last complete day, its recipe chosen there."""
    history = build_history(table, build_system(dict.fromkeys(places, "north"), HORIZON))
    forecaster, cutoff = Forecaster(history, HORIZON), history.last_complete_day
    return forecaster.forecast(forecaster.choose(CONTENDERS, cutoff), cutoff)


@pytest.mark.parametrize("n_days", FIRST_WEEKS)
@pytest.mark.parametrize("measure", ["attendances", "occupancy"])
def test_a_system_of_one_measure_is_forecast_from_its_first_week_on(measure: str, n_days: int) -> None:
    forecast = published(pd.DataFrame({f"A/{measure}": counts(n_days, 100, 1)}), "A")
    assert forecast.means.mean().to_dict() == pytest.approx({f"A/{measure}": 100, f"north/{measure}": 100}, rel=NEAR)
    assert forecast.reasons == {}
    assert np.isfinite(forecast.quantiles).all()
