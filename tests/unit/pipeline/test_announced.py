"""An event changes forecasts from the cutoff on at which it was known, and none before."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from tests.unit.pipeline.histories import build_history, build_system, four_sites, versions
from training.features.calendar import holiday_features
from training.history.point_in_time import PointInTimeHistory
from training.pipeline.forecast import Forecast
from training.pipeline.forecaster import Forecaster
from training.system.bank_holidays import ANNOUNCED, bank_holidays, unannounced_holidays
from training.system.model import Event, EventKind, SystemContext

HORIZON = 7
TABLE = four_sites(125)[["A/attendances", "B/attendances"]]
DAYS = pd.DatetimeIndex(TABLE.index)
SITE = "A/attendances"


def divert(first: int, announced: int | None = None) -> Event:
    """Two days of a divert of site A, by positions in the table."""
    day = DAYS[first].date()
    known = None if announced is None else DAYS[announced].date()
    return Event(day, day + timedelta(days=1), "A", "attendances", EventKind.DIVERT, "", known)


PAST = tuple(divert(first) for first in (30, 50, 70, 90))
AHEAD = 110


def forecast(cutoff: int, *events: Event, issued: bool = False, candidate: str = "CalendarLevel") -> Forecast:
    """Return the forecast at a position, of counts that every event halves."""
    table = TABLE.copy()
    for event in (*PAST, divert(AHEAD)):
        days = pd.date_range(event.first, event.last)
        table.loc[days, SITE] = table.loc[days, SITE] / 2
    context, day = SystemContext("", (*PAST, *events)), DAYS[cutoff]
    history = PointInTimeHistory(versions(table), build_system(), day if issued else None, context)
    return Forecaster(history, HORIZON).forecast({"attendances": candidate}, day)


def change(cutoff: int, event: Event, issued: bool) -> float:
    """Return by what factor the event changes the mean of its first day."""
    lead = AHEAD - cutoff
    with_it, without = (forecast(cutoff, *some, issued=issued).means[SITE].iloc[lead - 1] for some in ((event,), ()))
    return float(with_it / without)


@pytest.mark.parametrize("candidate", ["CalendarLevel", "Ridge", "AutoARIMA", "Weighted"])
def test_what_was_not_known_at_a_cutoff_changes_nothing_there(candidate: str) -> None:
    """Bit for bit the forecast of a system that never lists the event, whatever is known of later days."""
    with_it, without = (forecast(AHEAD - 3, *some, candidate=candidate) for some in ((divert(AHEAD),), ()))
    pd.testing.assert_frame_equal(with_it.means, without.means, check_exact=True)
    np.testing.assert_array_equal(with_it.quantiles, without.quantiles)


@pytest.mark.parametrize(
    ("what", "cutoff", "announced", "issued", "is_seen"),
    [
        ("three days ahead, as diverts are known by default", AHEAD - 3, None, False, False),
        ("announced a week ahead", AHEAD - 3, AHEAD - 7, False, True),
        ("announced on the cutoff", AHEAD - 3, AHEAD - 3, False, True),
        ("announced a day after the cutoff", AHEAD - 3, AHEAD - 2, False, False),
        ("listed on the morning of a publication", AHEAD - 1, None, True, True),
    ],
)
def test_an_event_is_seen_from_its_announcement_on(
    what: str, cutoff: int, announced: int | None, issued: bool, is_seen: bool
) -> None:
    """Past diverts halved attendances; shrinkage leaves a part of that."""
    found = change(cutoff, divert(AHEAD, announced), issued)
    assert (found < 0.9) if is_seen else (found == 1.0), what


@pytest.mark.parametrize(
    ("kind", "announced", "known_from"),
    [
        (EventKind.STRIKE, None, date.min),
        (EventKind.CLOSURE, None, date.min),
        (EventKind.BED_CHANGE, None, date.min),
        (EventKind.EXCLUDE, None, date.min),
        (EventKind.DIVERT, None, date(2026, 2, 3)),
        (EventKind.DATA_FAULT, None, date(2026, 2, 3)),
        (EventKind.DIVERT, date(2026, 1, 20), date(2026, 1, 20)),
        (EventKind.STRIKE, date(2026, 1, 20), date(2026, 1, 20)),
        (EventKind.DATA_FAULT, date(2026, 2, 9), date(2026, 2, 9)),
    ],
)
def test_when_an_event_is_known(kind: EventKind, announced: date | None, known_from: date) -> None:
    assert Event(date(2026, 2, 3), date(2026, 2, 4), None, None, kind, "", announced).known_from == known_from


FUNERAL = pd.Timestamp("2022-09-19")


@pytest.mark.parametrize(
    ("what", "cutoff", "is_known"),
    [
        ("the day before it was announced", "2022-09-09", False),
        ("the day on which it was announced", "2022-09-10", True),
        ("the eve", "2022-09-18", True),
        ("long before, it is out of reach", "2022-06-01", True),
    ],
)
def test_a_holiday_that_comes_once_is_known_from_its_announcement(what: str, cutoff: str, is_known: bool) -> None:
    """The state funeral of 2022 was announced nine days ahead. Nothing around it is special before that, either."""
    table = four_sites(290)[[SITE]]
    table.index = pd.date_range("2022-01-03", periods=len(table), freq="D", name="ds")
    history = build_history(table, context=SystemContext("GB-ENG"))
    seen = history.announced_at(pd.Timestamp(cutoff)).context
    around = pd.date_range(FUNERAL - pd.Timedelta(days=2), periods=5, freq="D")
    marks = holiday_features(around, seen.holidays, seen.hidden_holidays).any(axis=1).tolist()
    assert marks == ([False, True, True, True, False] if is_known else [False] * 5), what
    late_august = pd.DatetimeIndex([pd.Timestamp("2022-08-29")])
    assert holiday_features(late_august, seen.holidays, seen.hidden_holidays).any(axis=None)


def test_a_recurring_holiday_and_that_of_another_country_are_always_known() -> None:
    for country in ("GB-ENG", "PT", "DE-BY", ""):
        assert unannounced_holidays(country, date(2022, 12, 1), date(2023, 2, 1)) == frozenset()
    assert unannounced_holidays("PT", date(2022, 9, 1), date(2022, 10, 1)) == frozenset()
    assert unannounced_holidays("GB", date(2022, 9, 9), date(2022, 9, 18)) == frozenset()  # out of reach


def test_every_holiday_that_was_announced_is_one_of_its_country() -> None:
    for country, announced in ANNOUNCED.items():
        for day, since in announced.items():
            assert day in bank_holidays(country, day.year), (country, day)
            assert since < day


def test_beds_that_open_are_ahead_once_they_are_announced() -> None:
    """Declared beds are added to the forecast of beds: from the announcement on."""
    first = DAYS[AHEAD].date()
    opened = Event(first, date(2027, 1, 1), "A", None, EventKind.BED_CHANGE, "+12", DAYS[AHEAD - 2].date())
    history = build_history(TABLE, context=SystemContext("", (opened,)))
    ahead = pd.DatetimeIndex([DAYS[AHEAD]])
    assert history.announced_at(DAYS[AHEAD - 3]).context.events == ()
    assert history.announced_at(DAYS[AHEAD - 2]).context.events == (opened,)
    assert history.announced_at(DAYS[AHEAD - 2]) is history
    assert history.announced_at(DAYS[AHEAD - 3]).bed_steps(ahead, [SITE]).tolist() == [[0.0]]
