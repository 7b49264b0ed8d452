"""Seasonal naive against statsforecast's."""

import numpy as np
import pandas as pd
import pytest
from statsforecast.models import SeasonalNaive as LibrarySeasonalNaive

from tests.unit.pipeline.histories import awkward, awkward_system, build_history, four_sites
from training.models.candidate import ForecastRequest
from training.models.catalogue import SeasonalNaive


@pytest.mark.parametrize("horizon", [1, 7, 10, 28])
@pytest.mark.parametrize("n_days", [20, 90])
def test_seasonal_naive_equals_the_librarys(horizon: int, n_days: int) -> None:
    table = four_sites(n_days)
    cutoff = pd.Timestamp(table.index[-1])
    ours = SeasonalNaive().forecast(ForecastRequest(build_history(table), [cutoff], horizon)).by_cutoff[cutoff]
    for unique_id in table.columns:
        theirs = LibrarySeasonalNaive(season_length=7).forecast(table[unique_id].to_numpy(), h=horizon)["mean"]
        np.testing.assert_array_equal(ours[unique_id], theirs)


def test_with_gaps_it_repeats_the_last_week_as_imputed() -> None:
    history = build_history(awkward(80), awkward_system(7))
    cutoff = pd.Timestamp(history.latest.index[-1])
    ours = SeasonalNaive().forecast(ForecastRequest(history, [cutoff], 7)).by_cutoff[cutoff]
    values = history.imputed(cutoff)["gappy/attendances"].to_numpy()
    theirs = LibrarySeasonalNaive(season_length=7).forecast(values, h=7)
    np.testing.assert_allclose(ours["gappy/attendances"], theirs["mean"])


def test_a_series_of_three_days_repeats_their_mean_where_it_has_no_weekday() -> None:
    table = four_sites(30)
    table.loc[table.index[:-3], "B/attendances"] = np.nan
    cutoff = pd.Timestamp(table.index[-1])
    ours = (
        SeasonalNaive().forecast(ForecastRequest(build_history(table), [cutoff], 7)).by_cutoff[cutoff]["B/attendances"]
    )
    three = table["B/attendances"].tail(3).to_list()
    assert ours.to_list() == pytest.approx([np.mean(three)] * 4 + three)
