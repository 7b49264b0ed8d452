"""A clinic of weekends: forecast at weekends alone, nothing to its parents on other days, and a note that says so."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from publication.invariants import check
from publication.model import Champion, Publication
from publication.vocabulary import NoteKind
from tests.unit.pipeline.histories import build_history, build_system, counts, four_sites
from training.backtest.baselines import actuals, references, scales_of, with_actuals
from training.frames import forecast_columns
from training.history.point_in_time import PointInTimeHistory
from training.models.candidate import FitCache
from training.pipeline.forecast import Forecast
from training.pipeline.forecaster import Forecaster
from training.pipeline.publishing import as_publication
from training.pipeline.rest_days import RestDays

HORIZON = 14
N_DAYS = 240
CLINIC = "B/attendances"
WEEKEND = (5, 6)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
RECIPE = {"attendances": "SeasonalNaive", "occupancy": "SeasonalNaive"}


def hospital() -> pd.DataFrame:
    """Four sites; B is a clinic that counts 41 or so at weekends, and nothing on other days."""
    table = four_sites(N_DAYS)
    table[CLINIC] = counts(N_DAYS, 41, 9)
    table.loc[~weekdays(table).isin(WEEKEND), CLINIC] = np.nan
    return table


def weekdays(of: pd.DataFrame) -> pd.Index:
    return pd.DatetimeIndex(of.index).weekday


def forecast_of(table: pd.DataFrame, recipe: dict[str, str] | None = None) -> tuple[PointInTimeHistory, Forecast]:
    history = build_history(table, build_system(horizon_days=HORIZON))
    return history, Forecaster(history, HORIZON).forecast(recipe or RECIPE, pd.Timestamp(table.index[-1]))


def published(history: PointInTimeHistory, forecast: Forecast) -> Publication:
    recent = actuals(history, forecast.parts, pd.date_range(end=forecast.cutoff, periods=56, freq="D"))
    return as_publication(forecast, history, FitCache(), recent, Champion("north", 1, "run"), "sha256:data", NOW)


@pytest.mark.parametrize("recipe", ["SeasonalNaive", "CalendarLevel", "AutoETS"])
def test_the_clinic_is_forecast_at_weekends_alone_and_adds_nothing_on_other_days(recipe: str) -> None:
    _, forecast = forecast_of(hospital(), dict.fromkeys(("attendances", "occupancy"), recipe))
    working = ~weekdays(forecast.means).isin(WEEKEND)
    assert forecast.counted_on == {CLINIC: WEEKEND}
    assert (forecast.means.loc[working, CLINIC] == 0).all()
    assert forecast.means.loc[~working, CLINIC].between(20, 70).all()
    assert (forecast.quantiles[forecast.means.columns.get_loc(CLINIC)][working] == 0).all()
    np.testing.assert_allclose(
        forecast.means.loc[working, "T1/attendances"], forecast.means.loc[working, "A/attendances"]
    )
    of_trust, of_site = (
        forecast.quantiles[forecast.means.columns.get_loc(i)][working] for i in ("T1/attendances", "A/attendances")
    )
    np.testing.assert_allclose(of_trust, of_site, atol=1e-3)


def weekday_notes(publication: Publication) -> tuple[str, ...]:
    assert {note.kind for note in publication.notes} <= {NoteKind.WEEKDAYS, NoteKind.CAPACITY, NoteKind.HOLIDAY}
    return tuple(note.text for note in publication.notes if note.kind is NoteKind.WEEKDAYS)


def test_its_publication_holds_every_invariant_and_says_so() -> None:
    publication = published(*forecast_of(hospital()))
    check(publication)
    clinic, trust = (publication.series_by_id[i] for i in (CLINIC, "T1/attendances"))
    assert [day.ds.weekday() for day in clinic.days] == [5, 6] * 2
    assert len(clinic.drivers) == len(clinic.days)
    assert clinic.counted_on == WEEKEND
    assert (len(trust.days), trust.counted_on) == (HORIZON, ())
    assert weekday_notes(publication) == (
        "B/attendances is counted on Saturday and Sunday only; other days are not forecast.",
    )
    assert sum(actual.y is not None for actual in trust.recent) == 56


def test_a_parent_of_such_clinics_alone_is_counted_when_one_of_them_is() -> None:
    table = hospital()
    table["A/attendances"] = counts(N_DAYS, 30, 10)
    table.loc[weekdays(table) != 0, "A/attendances"] = np.nan
    publication = published(*forecast_of(table))
    check(publication)
    assert publication.series_by_id["T1/attendances"].counted_on == (0, 5, 6)
    assert publication.series_by_id["north/attendances"].counted_on == ()
    assert weekday_notes(publication) == (
        "A/attendances is counted on Monday only; other days are not forecast.",
        "B/attendances is counted on Saturday and Sunday only; other days are not forecast.",
        "T1/attendances is counted on Monday, Saturday and Sunday only; other days are not forecast.",
    )


def test_a_stock_that_is_counted_on_some_weekdays_is_forecast_on_each() -> None:
    table = four_sites(N_DAYS)
    table.loc[weekdays(table).isin(WEEKEND), "A/occupancy"] = np.nan
    publication = published(*forecast_of(table))
    check(publication)
    assert len(publication.series_by_id["A/occupancy"].days) == HORIZON
    (sentence,) = weekday_notes(publication)
    assert sentence == (
        "A/occupancy is counted on Monday, Tuesday, Wednesday, Thursday and Friday only; "
        "each day is forecast all the same."
    )


def test_an_ordinary_hospital_is_as_it_was() -> None:
    history, forecast = forecast_of(four_sites(N_DAYS))
    assert forecast.counted_on == {}
    assert weekday_notes(published(history, forecast)) == ()
    assert len(forecast.rows(history.system.quantiles)) == HORIZON * len(forecast.means.columns)


def test_a_backtest_has_no_row_for_it_on_other_days_and_its_parents_have_their_actuals() -> None:
    table = hospital()
    history = build_history(table, build_system(horizon_days=HORIZON))
    cutoff = pd.Timestamp(table.index[-1 - HORIZON])
    forecast = Forecaster(history, HORIZON).forecast(RECIPE, cutoff)
    levels = history.system.quantiles
    rows = with_actuals(history, forecast, forecast.rows(levels))[forecast_columns(levels)]
    of = {str(i): part.set_index("ds")["y"] for i, part in rows.groupby("unique_id")}
    ahead = table.loc[cutoff + pd.Timedelta(days=1) :]
    assert set(pd.DatetimeIndex(of[CLINIC].index).weekday) == set(WEEKEND)
    pd.testing.assert_series_equal(of[CLINIC], ahead[CLINIC].dropna(), check_names=False, check_freq=False)
    trust = ahead["A/attendances"] + ahead[CLINIC].fillna(0.0)
    pd.testing.assert_series_equal(of["T1/attendances"], trust, check_names=False, check_freq=False)
    assert of["north/attendances"].notna().all()


def test_a_clinic_that_is_merely_late_is_missing_from_its_parents() -> None:
    table = four_sites(N_DAYS)
    table.loc[table.index[-1], CLINIC] = np.nan
    history, forecast = forecast_of(table)
    newest = actuals(history, forecast.parts, pd.DatetimeIndex(table.index[-2:]))
    assert newest["T1/attendances"].isna().tolist() == [False, True]


def test_scales_and_references_of_the_parents_know_each_day() -> None:
    table = hospital()
    history, forecast = forecast_of(table)
    trust = (table["A/attendances"] + table[CLINIC].fillna(0.0)).to_numpy()
    weekly_changes = np.abs(trust[5 + 7 :] - trust[5:-7])  # from the clinic's first weekend on
    assert scales_of(history, forecast.cutoff)["scale"]["T1/attendances"] == pytest.approx(weekly_changes.mean())
    naive = references(history, forecast.cutoff)["seasonal_naive"]
    np.testing.assert_allclose(naive["T1/attendances"], trust[-7:])


@pytest.mark.parametrize("last", range(N_DAYS - 7, N_DAYS))
@pytest.mark.parametrize("closed_too", [[], ["A/occupancy"]])
def test_a_day_on_which_the_clinic_is_closed_is_complete_without_it(last: int, closed_too: list[str]) -> None:
    table = hospital()
    table.loc[weekdays(table) != 0, closed_too] = np.nan  # beds that are counted on Mondays
    table = table.iloc[: last + 1]
    assert build_history(table).last_complete_day == table.index[-1]


def test_a_poisoned_future_does_not_change_which_days_it_rests_on() -> None:
    table = hospital()
    cutoff = pd.Timestamp(table.index[-30])
    seen = build_history(table, build_system(horizon_days=HORIZON))
    poisoned = table.copy()
    poisoned.loc[cutoff + pd.Timedelta(days=1) :] = 1e9
    also = build_history(poisoned, build_system(horizon_days=HORIZON))
    ours, theirs = (Forecaster(history, HORIZON).forecast(RECIPE, cutoff) for history in (seen, also))
    pd.testing.assert_frame_equal(ours.means, theirs.means, check_exact=True)
    np.testing.assert_array_equal(ours.quantiles, theirs.quantiles)
    assert ours.counted_on == theirs.counted_on == {CLINIC: WEEKEND}


def test_series_with_and_without_a_stream_are_named_together() -> None:
    counted_on = {"A/attendances": (5, 6), "A/attendances/adult": (5, 6), "B/attendances": (0,)}
    table = hospital()
    notes = RestDays(build_history(table)).notes(counted_on, table.index[-1])
    named = "A/attendances and A/attendances/adult are counted on Saturday and Sunday only"
    assert any(named in note.text for note in notes)
