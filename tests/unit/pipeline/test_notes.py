"""Notes of a publication on the days of its horizon."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pandas as pd

from publication.model import Champion, Note
from publication.vocabulary import NoteKind
from tests.unit.pipeline.histories import ENGLISH, build_history, four_sites
from training.backtest.baselines import actuals
from training.models.candidate import FitCache
from training.pipeline.forecaster import Forecaster
from training.pipeline.publishing import MOST_EVENTS_NOTED, as_publication
from training.system.model import Event, EventKind

TABLE = four_sites(120)
CUTOFF = pd.Timestamp(TABLE.index[-1])
HORIZON = 7


def day(lead: int) -> date:
    return (CUTOFF + pd.Timedelta(days=lead)).date()


def notes(*events: Event) -> tuple[Note, ...]:
    """The notes of what would be published with these events in events.csv."""
    history = build_history(TABLE, context=replace(ENGLISH, events=events))
    forecast = Forecaster(history, HORIZON).forecast({}, CUTOFF)
    recent = actuals(history, forecast.parts, pd.date_range(end=CUTOFF, periods=56))
    champion = Champion("north", 1, "run")
    return as_publication(
        forecast, history, FitCache(), recent, champion, "sha256:x", datetime(2022, 5, 3, tzinfo=UTC)
    ).notes


def test_events_of_the_horizon_are_noted_soonest_first() -> None:
    strike = Event(day(3), day(5), "T1", None, EventKind.STRIKE, "junior doctors")
    ward = Event(day(-30), day(1), "A", "occupancy", EventKind.BED_CHANGE, "+12 beds: winter ward")
    one_day = Event(day(7), day(7), None, None, EventKind.DIVERT, "")
    over = Event(day(-9), day(0), None, None, EventKind.STRIKE, "over")
    later = Event(day(8), day(9), None, None, EventKind.STRIKE, "beyond the horizon")
    assert notes(strike, later, one_day, over, ward) == (
        Note(NoteKind.EVENT, f"Bed change {day(-30)} to {day(1)} (A, occupancy): +12 beds: winter ward", "A"),
        Note(NoteKind.EVENT, f"Strike {day(3)} to {day(5)} (T1): junior doctors", "T1"),
        Note(NoteKind.EVENT, f"Divert {day(7)} (everywhere)"),
    )


def test_without_events_nothing_is_noted() -> None:
    assert notes() == ()


def test_of_many_events_the_soonest_are_noted_and_the_others_counted() -> None:
    events = [Event(day(1), day(1) + timedelta(days=i), None, None, EventKind.CLOSURE, str(i)) for i in range(20)]
    found = notes(*events)
    assert len(found) == MOST_EVENTS_NOTED + 1
    assert found[-1] == Note(NoteKind.EVENT, "And 8 more events.")
