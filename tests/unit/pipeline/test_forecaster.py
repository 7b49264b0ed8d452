"""The complete pipeline: the recipe selected, and what is published from it."""

import numpy as np
import pandas as pd
import pytest

from tests.unit.pipeline.histories import (
    ENGLISH,
    awkward,
    awkward_system,
    build_history,
    build_system,
    counts,
    four_sites,
    poisoned,
    versions,
)
from training.errors import NothingPublishedError
from training.history.point_in_time import PointInTimeHistory
from training.models.candidate import ForecastRequest, Means, empty_means
from training.models.catalogue import CATALOGUE, CONTENDERS
from training.pipeline.forecast import Forecast, candidate_of
from training.pipeline.forecaster import Forecaster

HORIZON = 7
NAIVE = ["SeasonalNaive"]


def publish(
    history: PointInTimeHistory, candidates: list[str], cutoff: pd.Timestamp
) -> tuple[dict[str, str], Forecast]:
    """The recipe chosen at a cutoff, and the forecast it makes there."""
    forecaster = Forecaster(history, history.system.horizon_days)
    recipe = forecaster.choose(candidates, cutoff)
    return recipe, forecaster.forecast(recipe, cutoff)


class Steady:
    """Always the same number: a candidate whose rank is known beforehand."""

    def __init__(self, value: float) -> None:
        self.value = value

    def forecast(self, request: ForecastRequest) -> Means:
        means = empty_means(request)
        for frame in means.by_cutoff.values():
            frame.loc[:, :] = self.value
        return means


@pytest.mark.parametrize("candidates", [NAIVE, list(CATALOGUE)], ids=["naive", "the complete catalogue"])
def test_a_poisoned_future_changes_nothing_that_is_published(candidates: list[str]) -> None:
    table = four_sites(160)
    table.loc[table.index[70:73]] = np.nan  # days that the poison fills
    table.iloc[20, 0] = np.nan
    clean, cutoff = versions(table), pd.Timestamp(table.index[-9])
    recipe, forecast = publish(PointInTimeHistory(clean, build_system(), context=ENGLISH), candidates, cutoff)
    bad_recipe, bad = publish(
        PointInTimeHistory(poisoned(clean, cutoff, "D/occupancy"), build_system(), context=ENGLISH),
        candidates,
        cutoff,
    )
    assert bad_recipe == recipe
    pd.testing.assert_frame_equal(bad.means, forecast.means, check_exact=True)
    np.testing.assert_array_equal(bad.quantiles, forecast.quantiles)
    assert (bad.models, bad.reasons) == (forecast.models, forecast.reasons)


@pytest.mark.parametrize("method", ["mint", "top_down"])
def test_a_reconciled_recipe_is_coherent_and_blind_to_the_future(method: str) -> None:
    table = four_sites(160)
    clean, cutoff = versions(table), pd.Timestamp(table.index[-9])
    recipe = dict.fromkeys(("attendances", "occupancy"), f"AutoETS+{method}")
    (forecast, bad), plain = (
        (
            Forecaster(PointInTimeHistory(seen, build_system(), context=ENGLISH), HORIZON).forecast(recipe, cutoff)
            for seen in (clean, poisoned(clean, cutoff, "D/occupancy"))
        ),
        publish(PointInTimeHistory(clean, build_system(), context=ENGLISH), ["AutoETS"], cutoff)[1],
    )
    pd.testing.assert_frame_equal(bad.means, forecast.means, check_exact=True)
    np.testing.assert_array_equal(bad.quantiles, forecast.quantiles)
    sites = [f"{site}/attendances" for site in "ABCD"]
    np.testing.assert_allclose(forecast.means["north/attendances"], forecast.means[sites].sum(axis=1), atol=1e-6)
    np.testing.assert_allclose(forecast.means["T1/attendances"], forecast.means[sites[:2]].sum(axis=1), atol=1e-6)
    assert not np.allclose(forecast.means[sites], plain.means[sites], atol=0.01)
    np.testing.assert_array_equal(forecast.means["A/occupancy"], plain.means["A/occupancy"])  # it has no sums


def test_a_series_that_falls_back_leaves_its_measure_bottom_up(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gappy(Steady):
        def forecast(self, request: ForecastRequest) -> Means:
            means = super().forecast(request)
            for frame in means.by_cutoff.values():
                if "A/attendances" in frame:
                    frame["A/attendances"] = np.nan
            return means

    monkeypatch.setitem(CATALOGUE, "Gappy", Gappy(50.0))
    history = build_history(four_sites(160))
    forecast = Forecaster(history, HORIZON).forecast({"attendances": "Gappy+mint"}, history.last_complete_day)
    assert "A/attendances" in forecast.reasons
    assert (forecast.means["B/attendances"] == 50.0).all()


def test_what_is_published_of_awkward_series_is_complete() -> None:
    table = awkward(200)
    _, forecast = publish(build_history(table, awkward_system(HORIZON)), list(CATALOGUE), table.index[-1])
    published = forecast.quantiles
    assert set(forecast.means.columns) == {*table.columns, "north/attendances", "north/occupancy"}
    assert published.shape == (len(forecast.means.columns), HORIZON, 7)
    assert np.isfinite(forecast.means.to_numpy()).all()
    assert np.isfinite(published).all()
    assert (forecast.means.to_numpy() >= 0).all()
    assert (published >= 0).all()
    assert (np.diff(published, axis=-1) >= 0).all()
    parts = [column for column in table.columns if column.endswith("attendances")]
    np.testing.assert_allclose(forecast.means["north/attendances"], forecast.means[parts].sum(axis=1), atol=1e-6)
    # A week is too short for the regression; where a recipe uses it, the young series says so.
    if forecast.models["regular/attendances"] == "Ridge":
        assert "7 days are known" in forecast.reasons["young/attendances"]


def test_a_cutoff_is_forecast_alike_alone_and_among_others() -> None:
    history, names = build_history(four_sites(160)), [*CONTENDERS, "Mean"]
    cutoffs = [pd.Timestamp(day) for day in history.latest.index[-20::6]]
    together = Forecaster(history, HORIZON)
    together.prepare(names, cutoffs)
    recipe = {"attendances": "Mean", "occupancy": "AutoETS"}
    for cutoff in (cutoffs[0], cutoffs[-1]):
        alone = Forecaster(history, HORIZON)
        one, among = alone.forecast(recipe, cutoff), together.forecast(recipe, cutoff)
        np.testing.assert_allclose(among.means, one.means, rtol=1e-9)
        np.testing.assert_allclose(among.quantiles, one.quantiles, atol=1.001e-3)  # a digit may round either way
        assert alone.choose(names, cutoff) == together.choose(names, cutoff)


def test_each_measure_gets_the_candidate_that_was_nearest_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CATALOGUE, "Fifty", Steady(50.0))
    table = pd.DataFrame({"A/attendances": counts(120, 50, 1), "A/occupancy": counts(120, 1000, 2)})
    recipe, forecast = publish(build_history(table), ["SeasonalNaive", "Fifty"], table.index[-1])
    assert recipe == {"attendances": "Fifty", "occupancy": "SeasonalNaive"}
    assert forecast.models["T1/attendances"] == "Fifty"
    assert (forecast.means["north/attendances"] == 50.0).all()


def test_a_tie_and_a_system_without_windows_get_the_first_candidate_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CATALOGUE, "Other", CATALOGUE["SeasonalNaive"])
    for n_days in (120, 40):
        table = four_sites(n_days)
        for names in (["Other", "SeasonalNaive"], ["SeasonalNaive", "Other"]):
            recipe, _ = publish(build_history(table), names, table.index[-1])
            assert {candidate_of(name) for name in recipe.values()} == {names[0]}


def test_a_measure_that_the_recipe_does_not_name_gets_the_fallbacks_method() -> None:
    table = four_sites(100)
    forecast = Forecaster(build_history(table), HORIZON).forecast({}, table.index[-1])
    assert set(forecast.models.values()) == {"SeasonalNaive"}
    assert forecast.reasons == {}
    np.testing.assert_array_equal(forecast.means["A/attendances"], table["A/attendances"].tail(7))


def test_rows_are_the_published_numbers_by_series_and_lead() -> None:
    table = four_sites(100)
    forecast = Forecaster(build_history(table), HORIZON).forecast({"attendances": "Ridge"}, table.index[-1])
    rows = forecast.rows([0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975])
    assert len(rows) == len(forecast.means.columns) * HORIZON
    row = rows[(rows["unique_id"] == "T1/attendances") & (rows["lead"] == 3)].iloc[0]
    assert row["ds"] == table.index[-1] + pd.Timedelta(days=3)
    assert row["mean"] == forecast.means.loc[row["ds"], "T1/attendances"]
    position = list(forecast.means.columns).index("T1/attendances")
    assert row["q0.9"] == forecast.quantiles[position, 2, 5]
    assert (row["model"], row["fallback"]) == ("Ridge", False)


def test_where_no_series_reports_there_is_no_recipe_and_no_forecast() -> None:
    table = four_sites(100)
    table.iloc[50:] = np.nan
    table.iloc[-1, 0] = 40.0
    history, silent = build_history(table), pd.Timestamp(table.index[-5])
    forecaster = Forecaster(history, HORIZON)
    assert forecaster.choose(CONTENDERS, silent) == {}
    with pytest.raises(NothingPublishedError, match=f"for cutoff {silent.date()}: no series has a usable value"):
        forecaster.forecast({"attendances": "Weighted"}, silent)


def test_a_cutoff_before_the_history_is_rejected() -> None:
    with pytest.raises(NothingPublishedError):
        Forecaster(build_history(four_sites(60)), HORIZON).forecast({}, pd.Timestamp("2021-01-01"))
