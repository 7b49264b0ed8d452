"""Effects of events on fitted models and on forecasts."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from publication.model import Measure, System
from publication.vocabulary import Kind, series_key
from tests.unit.pipeline.histories import ENGLISH, build_history, build_system, counts, four_sites
from training.features.calendar import event_features
from training.history.event_days import bed_steps, concerns, days_of
from training.history.point_in_time import PointInTimeHistory
from training.models.candidate import ForecastRequest
from training.models.catalogue import CATALOGUE
from training.models.regression import Regression
from training.pipeline.forecaster import Forecaster
from training.pipeline.means import MeansCache
from training.system.model import Event, EventKind, SchoolTerm, SystemContext

SYSTEM = build_system()
BEDS = System(
    **{
        **{name: getattr(SYSTEM, name) for name in SYSTEM.__dataclass_fields__},
        "measures": (*SYSTEM.measures, Measure("beds", Kind.CAPACITY, "beds")),
    }
)


def event(
    first: str, last: str, kind: EventKind, place: str | None = None, measure: str | None = None, note: str = ""
) -> Event:
    return Event(date.fromisoformat(first), date.fromisoformat(last), place, measure, kind, note)


def context_of(*events: Event) -> SystemContext:
    return replace(ENGLISH, events=events)


CONCERNS = [
    (None, None, "A/attendances", True),
    ("A", None, "A/occupancy", True),
    ("T1", None, "A/attendances", True),
    ("T2", None, "A/attendances", False),
    ("A", None, "T1/attendances", False),
    ("north", "occupancy", "A/occupancy", True),
    (None, "occupancy", "A/attendances", False),
    (None, "attendances", "A/attendances/paediatric", True),
]


@pytest.mark.parametrize(("place", "measure", "series", "it_does"), CONCERNS)
def test_whom_an_event_concerns(place: str | None, measure: str | None, series: str, it_does: bool) -> None:
    strike = event("2022-01-10", "2022-01-12", EventKind.STRIKE, place, measure)
    assert concerns(strike, series_key(series), SYSTEM) is it_does


def test_an_event_holds_on_both_its_days() -> None:
    days = pd.date_range("2022-01-09", "2022-01-14")
    strike = event("2022-01-10", "2022-01-12", EventKind.STRIKE, "A")
    holds = days_of([strike], {EventKind.STRIKE}, days, ["A/attendances", "B/attendances"], SYSTEM)
    assert holds.T.astype(int).tolist() == [[0, 1, 1, 1, 0, 0], [0, 0, 0, 0, 0, 0]]
    assert not days_of([strike], {EventKind.DIVERT}, days, ["A/attendances"], SYSTEM).any()


@pytest.mark.parametrize("kind", [EventKind.DATA_FAULT, EventKind.EXCLUDE])
def test_days_to_leave_out_are_empty_for_every_model_and_stay_in_the_actuals(kind: EventKind) -> None:
    table = four_sites(120)
    fault = event("2022-03-10", "2022-03-12", kind, "T1", "attendances")
    history = build_history(table, context=context_of(fault))
    known = history.as_of(table.index[-1])
    blank = known.isna()
    assert blank.loc["2022-03-10":"2022-03-12", ["A/attendances", "B/attendances"]].all(axis=None)
    assert blank.sum().sum() == 6
    filled = history.imputed(table.index[-1])
    assert filled.notna().all(axis=None)
    assert (filled != table[filled.columns])[blank].sum().sum() > 0
    pd.testing.assert_frame_equal(history.latest, table[history.latest.columns], check_freq=False)


def test_a_strike_is_hidden_from_models_without_its_regressor_alone() -> None:
    table = four_sites(120)
    strike = event("2022-03-10", "2022-03-12", EventKind.STRIKE, "A")
    history = build_history(table, context=context_of(strike))
    cutoff = table.index[-1]
    there = table.loc["2022-03-10":"2022-03-12", "A/attendances"]
    assert history.imputed(cutoff).loc[there.index, "A/attendances"].to_list() == there.to_list()
    between = (
        table["A/attendances"].shift(7).loc[there.index].to_numpy()
        + table["A/attendances"].shift(-7).loc[there.index].to_numpy()
    ) / 2
    np.testing.assert_allclose(history.undisturbed(cutoff).loc[there.index, "A/attendances"], between)


def test_seasonal_naive_does_not_repeat_a_strike() -> None:
    table = pd.DataFrame({"A/attendances": counts(120, 100, 1)})
    table.iloc[-3:] = 20.0
    days = [f"{day:%Y-%m-%d}" for day in table.index[-3:]]
    strike = event(days[0], days[-1], EventKind.STRIKE)
    cutoff = table.index[-1]
    for context, low in ((context_of(strike), 60), (ENGLISH, 0)):
        book = MeansCache(build_history(table, context=context), 7)
        means = book.make("SeasonalNaive", [cutoff]).by_cutoff[cutoff]["A/attendances"]
        assert (means.min() > 60) == (low == 60)


def test_a_regression_foresees_the_strike_that_is_declared() -> None:
    """Two strikes halved attendances at A; a third is declared for days 3 to 5 of the horizon."""
    table = four_sites(300)
    days = [("2022-03-08", "2022-03-12"), ("2022-06-14", "2022-06-18"), ("2022-09-05", "2022-09-09")]
    for first, last in days:
        table.loc[first:last, "A/attendances"] *= 0.5
    table = table // 1
    cutoff = table.index[-1]
    coming = [f"{cutoff + pd.Timedelta(days=lead):%Y-%m-%d}" for lead in (3, 5)]
    past = [event(first, last, EventKind.STRIKE, "A") for first, last in days]
    candidate = CATALOGUE["Ridge"]
    assert isinstance(candidate, Regression)

    def means(*events: Event) -> pd.DataFrame:
        history = build_history(table, context=context_of(*events))
        return candidate.forecast(ForecastRequest(history, [cutoff], 7)).by_cutoff[cutoff]

    foreseen, without_event = means(*past, event(coming[0], coming[1], EventKind.STRIKE, "A")), means(*past)
    ratio = (foreseen / without_event)["A/attendances"].to_numpy()
    assert (ratio[2:5] < 0.75).all()
    np.testing.assert_allclose(ratio[:2], 1.0)
    np.testing.assert_allclose(foreseen["B/attendances"], without_event["B/attendances"])


def test_school_terms_and_events_become_features_of_their_places() -> None:
    days = pd.Series(pd.to_datetime(["2022-01-09", "2022-01-10", "2022-01-10"]))
    context = SystemContext(
        events=(event("2022-01-10", "2022-01-10", EventKind.CLOSURE, "B"),),
        school_terms=(SchoolTerm(date(2022, 1, 10), date(2022, 2, 1), "T1"),),
    )
    found = event_features(days, ["A/attendances", "A/attendances", "C/attendances"], context, SYSTEM)
    assert {name: values.tolist() for name, values in found.items()} == {
        "closure": [0.0, 0.0, 0.0], "school_term": [0.0, 1.0, 0.0]
    }  # fmt: skip
    assert event_features(days, ["A/attendances"] * 3, SystemContext("PT"), SYSTEM) == {}


NOTES = [("+12 beds: winter ward", 12), ("-8 beds", -8), ("12 winter beds", 0), ("+1.5 beds", 0), ("", 0)]


@pytest.mark.parametrize(("note", "beds"), NOTES)
def test_a_bed_change_says_its_beds_with_a_sign(note: str, beds: int) -> None:
    assert event("2022-01-01", "2022-02-01", EventKind.BED_CHANGE, "A", "beds", note).beds == beds
    assert event("2022-01-01", "2022-02-01", EventKind.STRIKE, "A", None, note).beds == 0


def test_bed_changes_add_up_on_the_days_they_hold() -> None:
    changes = [
        event("2022-01-02", "2022-01-04", EventKind.BED_CHANGE, "A", "beds", "+12 beds"),
        event("2022-01-04", "2022-01-05", EventKind.BED_CHANGE, "A", None, "-2 beds"),
        event("2022-01-01", "2022-01-09", EventKind.BED_CHANGE, "T1", "beds", "+100 beds"),
    ]
    steps = bed_steps(changes, pd.date_range("2022-01-01", "2022-01-06"), ["A/beds", "A/occupancy", "B/beds"], BEDS)
    assert steps.T.tolist() == [[0, 12, 12, 10, -2, 0], [0] * 6, [0] * 6]


@pytest.mark.parametrize("name", ["SeasonalNaive", "AutoETS", "Ridge", "Mean"])
def test_every_candidate_foresees_the_beds_that_are_declared(name: str) -> None:
    """A ward of 12 beds opened in February for a month; another opens on day 4 of the horizon."""
    table = four_sites(120)
    table["A/beds"] = 300.0
    table.loc["2022-02-01":"2022-02-28", "A/beds"] += 12
    cutoff = table.index[-1]
    opens = cutoff + pd.Timedelta(days=4)
    changes = context_of(
        event("2022-02-01", "2022-02-28", EventKind.BED_CHANGE, "A", "beds", "+12 beds"),
        event(f"{opens:%Y-%m-%d}", "2023-12-31", EventKind.BED_CHANGE, "A", "beds", "+20 beds"),
    )
    history = PointInTimeHistory(build_history(table, BEDS)._versions, BEDS, context=changes)
    forecast = Forecaster(history, 7).forecast({"beds": name}, cutoff)
    np.testing.assert_allclose(forecast.means["A/beds"], [300] * 3 + [320] * 4, atol=0.6)
