from datetime import UTC, date, datetime, timedelta

import pytest

from publication.days import end_of_day, freshness, target_day, today, zone
from publication.errors import TimeZoneError
from publication.vocabulary import Freshness

LONDON = "Europe/London"


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (date(2026, 3, 28), 24),
        (date(2026, 3, 29), 23),  # clocks go forward
        (date(2026, 3, 30), 24),
        (date(2026, 10, 25), 25),  # clocks go back
        (date(2026, 12, 31), 24),
    ],
)
def test_a_local_day_has_as_many_hours_as_the_clock_gives_it(day: date, hours: int) -> None:
    length = end_of_day(day, LONDON) - end_of_day(day - timedelta(days=1), LONDON)
    assert length == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("day", "timezone", "instant"),
    [
        (date(2026, 1, 1), LONDON, datetime(2026, 1, 2, 0, 0, tzinfo=UTC)),
        (date(2026, 7, 1), LONDON, datetime(2026, 7, 1, 23, 0, tzinfo=UTC)),
        (date(2026, 3, 28), LONDON, datetime(2026, 3, 29, 0, 0, tzinfo=UTC)),
        (date(2026, 3, 29), LONDON, datetime(2026, 3, 29, 23, 0, tzinfo=UTC)),
        (date(2026, 10, 25), LONDON, datetime(2026, 10, 26, 0, 0, tzinfo=UTC)),
        (date(2026, 7, 1), "Europe/Berlin", datetime(2026, 7, 1, 22, 0, tzinfo=UTC)),
        (date(2026, 7, 1), "Asia/Kolkata", datetime(2026, 7, 1, 18, 30, tzinfo=UTC)),
    ],
)
def test_a_day_ends_at_the_next_local_midnight(day: date, timezone: str, instant: datetime) -> None:
    assert end_of_day(day, timezone) == instant


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (datetime(2026, 7, 1, 22, 59, tzinfo=UTC), date(2026, 7, 1)),
        (datetime(2026, 7, 1, 23, 0, tzinfo=UTC), date(2026, 7, 2)),
        (datetime(2026, 12, 1, 23, 59, tzinfo=UTC), date(2026, 12, 1)),
    ],
)
def test_today_is_the_local_day(now: datetime, day: date) -> None:
    assert today(now, LONDON) == day


def test_lead_1_is_the_day_after_the_cutoff() -> None:
    assert target_day(date(2026, 2, 28), 1) == date(2026, 3, 1)
    assert target_day(date(2026, 12, 4), 28) == date(2027, 1, 1)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (datetime(2026, 7, 1, 12, 0, tzinfo=UTC), Freshness.FRESH),  # the cutoff itself
        (datetime(2026, 7, 1, 23, 0, tzinfo=UTC), Freshness.FRESH),  # 00:00 local on the first forecast day
        (datetime(2026, 7, 2, 22, 59, tzinfo=UTC), Freshness.FRESH),
        (datetime(2026, 7, 2, 23, 0, tzinfo=UTC), Freshness.LATE),  # 00:00 local on the day after it
        (datetime(2026, 7, 3, 22, 59, tzinfo=UTC), Freshness.LATE),
        (datetime(2026, 7, 3, 23, 0, tzinfo=UTC), Freshness.STALE),
        (datetime(2027, 7, 1, 0, 0, tzinfo=UTC), Freshness.STALE),
    ],
)
def test_freshness_turns_at_local_midnight(now: datetime, expected: Freshness) -> None:
    assert freshness(date(2026, 7, 1), now, LONDON) == expected


@pytest.mark.parametrize("name", ["Mars/Olympus", "Europe", "../etc/passwd", ""])
def test_a_zone_that_python_does_not_know_is_named_with_what_to_do(name: str) -> None:
    with pytest.raises(TimeZoneError) as unknown:
        zone(name)
    assert str(unknown.value) == (
        f"Reading the time zone {name!r}: this Python does not know it. "
        "Install the newest data with `pip install --upgrade tzdata`."
    )
