"""Numbers, days and names as a person reads them."""

from datetime import UTC, date, datetime

import pytest

from publication.vocabulary import SeriesKey
from service.page import wording


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0.0"),
        (0.0004, "0.0"),
        (0.004, "0.004"),
        (0.0126, "0.013"),
        (0.12, "0.12"),
        (-0.123, "-0.12"),
        (0.5, "0.5"),
        (0.994, "0.99"),
        (0.996, "1.0"),
        (1.04, "1.0"),
        (2.34, "2.3"),
        (9.94, "9.9"),
        (9.96, "10"),
        (10.4, "10"),
        (612.5, "612"),
        (613.5, "614"),
        (12345, "12,345"),
    ],
)
def test_counts_are_integers_except_where_small(value: float, text: str) -> None:
    assert wording.count(value) == text


@pytest.mark.parametrize(
    ("moment", "timezone", "text"),
    [
        (datetime(2026, 7, 1, 23, 30, tzinfo=UTC), "Europe/London", "Thu 2 Jul 2026, 00:30"),
        (datetime(2026, 11, 22, 5, 2, tzinfo=UTC), "Europe/London", "Sun 22 Nov 2026, 05:02"),
        (datetime(2026, 11, 22, 5, 2, tzinfo=UTC), "Australia/Adelaide", "Sun 22 Nov 2026, 15:32"),
    ],
)
def test_an_instant_is_shown_in_the_systems_own_time(moment: datetime, timezone: str, text: str) -> None:
    assert wording.local_time(moment, timezone) == text


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (SeriesKey("RXH", "attendances"), "Attendances"),
        (SeriesKey("RXH", "attendances", "paediatric"), "Attendances, paediatric"),
        (SeriesKey("RXH", "ambulance_responses", "category_1"), "Ambulance responses, category 1"),
    ],
)
def test_a_series_has_a_readable_title(key: SeriesKey, text: str) -> None:
    assert wording.title(key) == text


def test_a_day_has_no_leading_zero() -> None:
    assert wording.day(date(2026, 11, 2)) == "Mon 2 Nov"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0 %"),
        (0.0004, "<1 %"),
        (0.0049, "<1 %"),
        (0.006, "1 %"),
        (0.345, "34 %"),
        (0.994, "99 %"),
        (0.996, ">99 %"),
        (1.0, "100 %"),
    ],
)
def test_a_chance_is_certain_only_where_it_is(value: float, text: str) -> None:
    assert wording.chance(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(6.4, "+6"), (0.4, "0"), (-0.4, "0"), (-6.6, "\N{MINUS SIGN}7"), (1234.0, "+1,234")]
)
def test_a_change_has_its_sign(value: float, text: str) -> None:
    assert wording.signed(value) == text
