"""A hospital's first weeks, a site's first weeks, and a silence: a forecast near the level that the series stand at."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from tests.unit.pipeline.histories import build_history, build_system, counts
from training.backtest.run import same_for_every_measure
from training.models.catalogue import DEFAULT_CANDIDATE
from training.pipeline.forecast import Forecast
from training.pipeline.forecaster import Forecaster

HORIZON = 7
NEAR = 0.12  # of the level: more than three times what a week of Poisson counts around 40 is off by chance
FIRST_WEEKS = (8, 15, 21, 29, 40, 57, 60, 90, 119)


def published(table: pd.DataFrame, places: Sequence[str]) -> Forecast:
    """Return the forecast that `daily` would publish at the last complete day."""
    history = build_history(table, build_system(dict.fromkeys(places, "north"), HORIZON))
    forecaster, cutoff = Forecaster(history, HORIZON), history.last_complete_day
    return forecaster.forecast(same_for_every_measure(forecaster, DEFAULT_CANDIDATE), cutoff)


def silent(y: pd.Series, first: int, last: int) -> pd.Series:
    """The counts without those of the days from position `first` up to, not including, `last`."""
    return y.mask((np.arange(len(y)) >= first) & (np.arange(len(y)) < last))


@pytest.mark.parametrize("n_days", FIRST_WEEKS)
@pytest.mark.parametrize("measure", ["attendances", "occupancy"])
def test_a_system_of_one_measure_is_forecast_from_its_first_week_on(measure: str, n_days: int) -> None:
    forecast = published(pd.DataFrame({f"A/{measure}": counts(n_days, 100, 1)}), "A")
    assert forecast.means.mean().to_dict() == pytest.approx({f"A/{measure}": 100, f"north/{measure}": 100}, rel=NEAR)
    assert forecast.reasons == {}
    assert np.isfinite(forecast.quantiles).all()


@pytest.mark.parametrize("measure", ["attendances", "occupancy"])
@pytest.mark.parametrize(
    ("n_days", "first", "last"),
    [
        pytest.param(150, 0, 119, id="a second site opened 31 days ago"),
        pytest.param(150, 0, 142, id="a second site opened 8 days ago"),
        pytest.param(180, 90, 120, id="a site was silent for 30 days"),
        pytest.param(180, 60, 120, id="a site was silent for 60 days"),
        pytest.param(180, 149, 179, id="a site was silent for 30 days until yesterday"),
        pytest.param(180, 119, 179, id="a site was silent for 60 days until yesterday"),
    ],
)
def test_next_to_a_site_that_was_always_there(measure: str, n_days: int, first: int, last: int) -> None:
    a, b = f"A/{measure}", f"B/{measure}"
    forecast = published(pd.DataFrame({a: silent(counts(n_days, 100, 1), first, last), b: counts(n_days, 40, 2)}), "AB")
    means = forecast.means.mean()
    assert means[b] == pytest.approx(40, rel=NEAR)
    assert means[a] == pytest.approx(100, rel=NEAR)
    np.testing.assert_allclose(forecast.means[f"north/{measure}"], forecast.means[[a, b]].sum(axis=1), atol=1e-6)
    assert forecast.reasons == {}


@pytest.mark.parametrize("days", [5, 28, 30, 60])
def test_a_site_that_is_silent_goes_on_from_where_it_stood_for_four_weeks(days: int) -> None:
    a, b = "A/attendances", "B/attendances"
    forecast = published(pd.DataFrame({a: silent(counts(180, 100, 1), 180 - days, 180), b: counts(180, 40, 2)}), "AB")
    assert set(forecast.means) == {b, "north/attendances", *([a] if days < 28 else [])}
    means = forecast.means.mean()
    assert means[b] == pytest.approx(40, rel=NEAR)
    if days < 28:
        assert means[a] == pytest.approx(100, rel=NEAR)
    assert forecast.reasons == {}
