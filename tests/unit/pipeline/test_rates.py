"""Rates in the pipeline: of each candidate, complete, bounded, blind to the future, and never part of a sum."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from publication.model import Measure
from publication.vocabulary import Kind
from tests.unit.pipeline.histories import ENGLISH, build_system, counts, poisoned, versions
from training.history.point_in_time import PointInTimeHistory
from training.pipeline.forecast import Forecast
from training.pipeline.forecaster import Forecaster

HORIZON = 7
RATE = Measure("full", Kind.RATE, "percent")
SYSTEM = replace(build_system(horizon_days=HORIZON), measures=(*build_system().measures, RATE))
PLACES = ("A", "B", "T1", "north")


def rates_and_counts(n_days: int = 160) -> pd.DataFrame:
    """Wide: integer percentages near 100 % with a weekly wave, of two sites, their trust and the root; and counts."""
    random = np.random.default_rng(5)
    table = pd.DataFrame({f"{site}/attendances": counts(n_days, 60, i) for i, site in enumerate("AB")})
    wave = np.array([-3.0, -1.0, 0.0, 1.0, 1.0, 2.0, 0.0])[pd.DatetimeIndex(table.index).weekday]
    for i, place in enumerate(PLACES):
        noisy = 96 + i / 2 + wave + random.normal(0, 1.5, n_days)
        table[f"{place}/full"] = noisy.clip(max=100.0).round()
    return table


TABLE = rates_and_counts()
CUTOFF = pd.Timestamp(TABLE.index[-9])


def forecast(recipe: str, vintages: pd.DataFrame) -> Forecast:
    history = PointInTimeHistory(vintages, SYSTEM, context=ENGLISH)
    return Forecaster(history, HORIZON).forecast({"attendances": recipe, "full": recipe}, CUTOFF)


@pytest.mark.parametrize("recipe", ["SeasonalNaive", "AutoETS", "CalendarLevel", "Ridge"])
def test_a_rate_is_forecast_by_itself_and_within_its_bounds(recipe: str) -> None:
    clean = versions(TABLE)
    found, bad = (forecast(recipe, vintages) for vintages in (clean, poisoned(clean, CUTOFF, "B/full")))
    assert set(found.means) == {*TABLE.columns, "T1/attendances", "north/attendances"}
    assert not found.reasons
    of_rates = [i for i, name in enumerate(found.means) if str(name).endswith("/full")]
    quantiles = found.quantiles[of_rates]
    means = found.means.iloc[:, of_rates]
    assert quantiles.max() <= 100.0
    assert quantiles.min() > 80.0
    assert (quantiles % 1 != 0).any(), "integer percentages are no counts"
    for name in means:
        assert means[name].mean() == pytest.approx(TABLE[str(name)].loc[:CUTOFF].tail(56).mean(), abs=2.5)
    pd.testing.assert_frame_equal(bad.means, found.means, check_exact=True)
    np.testing.assert_array_equal(bad.quantiles, found.quantiles)
