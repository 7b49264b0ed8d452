"""Numbers, days and names as a person reads them."""

import math
from datetime import UTC, date, datetime

import pytest

from publication.vocabulary import Severity
from tests.unit.report.small import system
from training.history.plausibility.catalogue import SUSPECT_CHECKS
from training.history.plausibility.info_checks import INFO_NAMES
from training.report import wording

MINUS = "\N{MINUS SIGN}"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (3.0, "3"), (3.25, "3.2"), (-0.5, f"{MINUS}0.5"), (9.97, "10"), (1234.6, "1,235"), (math.nan, "")],
)
def test_counts(value: float, text: str) -> None:
    assert wording.number(value) == text


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0 %"),
        (0.0004, "under 0.1 %"),
        (0.012, "1.2 %"),
        (0.5, "50 %"),
        (0.99996, "99.9 %"),
        (1.0, "100 %"),
        (math.nan, ""),
    ],
)
def test_shares(share: float, text: str) -> None:
    assert wording.percent(share) == text


def test_differences_have_a_sign() -> None:
    assert (wording.signed(1234.56), wording.signed(-2), wording.signed_percent(-0.031)) == (
        "+1,234.6",
        f"{MINUS}2.0",
        f"{MINUS}3.1 %",
    )


def test_days_and_stretches() -> None:
    first, last = date(2025, 2, 3), date(2025, 2, 14)
    assert wording.span(first, first) == "on Mon 3 Feb 2025"
    assert wording.span(first, last) == "Mon 3 Feb 2025 to Fri 14 Feb 2025"
    assert wording.moment(datetime(2025, 7, 1, 5, 2, tzinfo=UTC), "Europe/London") == (
        "Tue 1 Jul 2025, 06:02 (Europe/London)"
    )
    assert [wording.several(n, "day") for n in (1, 2, 1500)] == ["1 day", "2 days", "1,500 days"]
    assert wording.listed(["a", "b", "c"]) == "a, b and c"


def test_a_long_label_loses_its_middle() -> None:
    label = wording.short("a-very-long-place-name-that-goes-on/attendances/paediatric")
    assert len(label) == wording.LONGEST_LABEL
    assert (label[:6], label[-10:]) == ("a-very", "paediatric")


def test_a_name_is_said_where_it_says_more_than_the_id() -> None:
    north = system("A", "B", names={"A": "St Mary's"})
    assert wording.titled("A/beds", "A", north) == "A/beds, St Mary's"
    assert wording.titled("B/beds", "B", north) == "B/beds"
    assert wording.place("gone", north) == "gone"


def test_every_check_and_severity_of_the_report_has_its_meaning() -> None:
    assert set(wording.CHECK_MEANS) == {check.name for check in SUSPECT_CHECKS} | set(INFO_NAMES)
    assert set(wording.SEVERITY_MEANS) == set(Severity)
