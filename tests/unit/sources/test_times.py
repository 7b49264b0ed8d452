"""Times of one column or several, with the clocks of three cities."""

import datetime as dt

import pandas as pd
import pytest

from training.sources.times import NOT_A_TIME, Times, parse_times

LONDON, MONTREAL, SYDNEY = "Europe/London", "America/Montreal", "Australia/Sydney"
EPOCH = dt.datetime(1970, 1, 1)  # of clocks and instants alike


def shown(minutes: int) -> str | None:
    return None if minutes == NOT_A_TIME else f"{EPOCH + dt.timedelta(minutes=int(minutes)):%Y-%m-%d %H:%M}"


def times(text: str, zone: str = LONDON, hospital: str | None = None, day_format: str | None = None) -> Times:
    return parse_times(pd.Series([text]), zone, hospital or zone, day_format)


@pytest.mark.parametrize(
    ("text", "day_format", "local"),
    [
        ("2026-02-03T08:15", None, "2026-02-03 08:15"),
        ("2026-02-03 08:15:59", None, "2026-02-03 08:15"),
        ("2026-02-03T8:15", None, "2026-02-03 08:15"),
        ("2026-02-03T24:00", None, "2026-02-04 00:00"),
        ("2026-02-03", None, "2026-02-03 00:00"),
        ("2026-2-3T8:15", None, "2026-02-03 08:15"),
        ("2026-02-03T25:00", None, None),
        ("2026-02-30T08:00", None, None),
        ("03/02/2026 08:15", "%d/%m/%Y", "2026-02-03 08:15"),
        ("03/02/2026 08:15", "%d/%m/%Y %H:%M", "2026-02-03 08:15"),
        ("03/02/2026 08:15", None, None),
        ("2026-02-03 | 8", None, "2026-02-03 08:00"),
        ("2026-02-03 | 08:30:00", None, "2026-02-03 08:30"),
        ("2026-02-03 | 8h", None, "2026-02-03 08:00"),
        ("2026-02-03 | 8 PM", None, "2026-02-03 20:00"),
        ("2026-02-03 | 12 am", None, "2026-02-03 00:00"),
        ("2026-02-03 | 0830", None, "2026-02-03 08:30"),
        ("2026-02-03 | 08:00-09:00", None, "2026-02-03 08:00"),
        ("2026-02-03 | 24:00", None, "2026-02-04 00:00"),
        ("2026-02-03 | 25", None, None),
        ("2026-02-03 | 13 PM", None, None),
        ("03.02.2026 | 8", "%d.%m.%Y", "2026-02-03 08:00"),
        ("2026-02-03T00:15 | 23:00", None, "2026-02-02 23:00"),  # released after midnight
        ("2026-02-03T11:46 | 11:00", None, "2026-02-03 11:00"),
        ("2026-02-03 | 23:00", None, "2026-02-03 23:00"),  # a day without a time of its own
        ("", None, None),
        ("noon", None, None),
        ("9999-02-03T08:00", None, None),
    ],
)
def test_a_text_is_a_time_or_nothing(text: str, day_format: str | None, local: str | None) -> None:
    found = times(text, day_format=day_format)
    assert shown(found.local[0]) == local
    assert found.is_read.tolist() == [local is not None]


@pytest.mark.parametrize(
    ("text", "zone", "utc"),
    [
        ("2026-01-15T08:00", LONDON, "2026-01-15 08:00"),
        ("2026-07-15T08:00", LONDON, "2026-07-15 07:00"),
        ("2026-03-29T00:59", LONDON, "2026-03-29 00:59"),
        ("2026-03-29T02:00", LONDON, "2026-03-29 01:00"),
        ("2026-10-25T01:30", LONDON, "2026-10-25 00:30"),  # shown twice: the first
        ("2026-10-25T02:00", LONDON, "2026-10-25 02:00"),
        ("2026-03-08T01:59", MONTREAL, "2026-03-08 06:59"),
        ("2026-03-08T03:00", MONTREAL, "2026-03-08 07:00"),
        ("2026-11-01T01:30", MONTREAL, "2026-11-01 05:30"),
        ("2026-04-05T02:30", SYDNEY, "2026-04-04 15:30"),
        ("2026-10-04T03:00", SYDNEY, "2026-10-03 16:00"),
        ("2026-07-15T08:00Z", LONDON, "2026-07-15 08:00"),
        ("2026-07-15T08:00+05:30", LONDON, "2026-07-15 02:30"),
        ("2026-07-15T08:00-0400", LONDON, "2026-07-15 12:00"),
    ],
)
def test_a_local_time_is_this_instant(text: str, zone: str, utc: str) -> None:
    assert shown(times(text, zone).utc[0]) == utc


@pytest.mark.parametrize(
    ("text", "zone", "hospital", "local"),
    [
        ("2026-03-29T01:30Z", LONDON, LONDON, "2026-03-29 02:30"),
        ("2026-10-25T00:30Z", LONDON, LONDON, "2026-10-25 01:30"),
        ("2026-10-25T01:30Z", LONDON, LONDON, "2026-10-25 01:30"),
        ("2026-01-15T23:30", "UTC", "Europe/Berlin", "2026-01-16 00:30"),
        ("2026-01-15T08:00", MONTREAL, SYDNEY, "2026-01-16 00:00"),
    ],
)
def test_the_hospital_reads_its_own_clock(text: str, zone: str, hospital: str, local: str) -> None:
    assert shown(times(text, zone, hospital).local[0]) == local
