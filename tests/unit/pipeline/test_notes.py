"""Notes of a publication on the days of its horizon."""

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest

from publication.model import Champion, Note
from publication.vocabulary import NoteKind
from tests.unit.pipeline.histories import build_history, four_sites
from training.backtest.baselines import actuals
from training.models.candidate import FitCache
from training.pipeline.forecaster import Forecaster
from training.pipeline.publishing import MOST_EVENTS_NOTED, as_publication, coming_holidays
from training.system.model import Event, EventKind, SystemContext

TABLE = four_sites(120)
CUTOFF = pd.Timestamp(TABLE.index[-1])
HORIZON = 7
JUBILEE = "Platinum Jubilee of Elizabeth II"


def day(lead: int) -> date:
    return (CUTOFF + pd.Timedelta(days=lead)).date()


def notes(*events: Event, table: pd.DataFrame = TABLE, holidays: str = "GB-ENG") -> tuple[Note, ...]:
    """The notes of what would be published with these events in events.csv, at the end of the table."""
    cutoff = pd.Timestamp(table.index[-1])
    history = build_history(table, context=SystemContext(holidays, events=events))
    forecast = Forecaster(history, HORIZON).forecast({}, cutoff)
    recent = actuals(history, forecast.parts, pd.date_range(end=cutoff, periods=56))
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


@pytest.mark.parametrize(
    ("holidays", "hidden", "first", "n_days", "expected"),
    [
        ("GB-ENG", (), "2026-12-24", 3, ["Friday 25 December: Christmas Day", "Saturday 26 December: Boxing Day"]),
        ("GB-ENG", (), "2026-12-28", 1, ["Monday 28 December: Boxing Day (observed)"]),
        ("GB-ENG", (), "2026-12-31", 3, ["Friday 1 January: New Year's Day"]),
        ("PT", (), "2026-04-24", 3, ["Saturday 25 April: Freedom Day"]),
        ("GB-ENG", (), "2026-06-09", 28, []),
        ("", (), "2026-12-24", 28, []),
        ("GB-ENG", (), "2022-06-01", 3, ["Thursday 2 June: Spring Bank Holiday", f"Friday 3 June: {JUBILEE}"]),
        ("GB-ENG", (date(2022, 6, 3),), "2022-06-01", 3, ["Thursday 2 June: Spring Bank Holiday"]),
    ],
    ids=["two", "substitute", "over the new year", "another country", "none", "no holidays", "one-off", "hidden"],
)
def test_public_holidays_are_noted_by_day_and_name(
    holidays: str, hidden: tuple[date, ...], first: str, n_days: int, expected: list[str]
) -> None:
    context = SystemContext(holidays, hidden_holidays=frozenset(hidden))
    found = list(coming_holidays(context, pd.date_range(first, periods=n_days)))
    assert found == [Note(NoteKind.HOLIDAY, text) for text in expected]


def test_holidays_of_the_horizon_are_noted_after_its_events() -> None:
    strike = Event(day(1), day(2), None, None, EventKind.STRIKE, "junior doctors")
    earlier = TABLE.iloc[:-5]
    assert notes(strike, table=earlier) == (
        Note(NoteKind.EVENT, "Strike 2022-05-03 to 2022-05-04 (everywhere): junior doctors"),
        Note(NoteKind.HOLIDAY, "Monday 2 May: May Day"),
    )
    assert notes(table=earlier, holidays="") == ()


def test_without_events_nothing_is_noted() -> None:
    assert notes() == ()


def test_of_many_events_the_soonest_are_noted_and_the_others_counted() -> None:
    events = [Event(day(1), day(1) + timedelta(days=i), None, None, EventKind.CLOSURE, str(i)) for i in range(20)]
    found = notes(*events)
    assert len(found) == MOST_EVENTS_NOTED + 1
    assert found[-1] == Note(NoteKind.EVENT, "And 8 more events.")
