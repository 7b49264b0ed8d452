"""Choice of published numbers for the page."""

from datetime import date, timedelta

import pytest

from publication.model import DayForecast
from service.page.wording import plan_row, scale
from tests.builders import CUTOFF, QUANTILES, build_publication


@pytest.mark.parametrize(
    ("levels", "centre", "percents", "headline"),
    [
        (QUANTILES, "median", [50, 80, 95], 80),
        ((0.1, 0.5, 0.9), "median", [80], 80),
        ((0.025, 0.25, 0.75, 0.975), "mean", [50, 95], 95),
        ((0.25, 0.5, 0.75, 0.8), "median", [50], 50),
        ((0.5,), "median", [], None),
        ((), "mean", [], None),
    ],
)
def test_those_intervals_are_shown_whose_both_ends_are_published(
    levels: tuple[float, ...], centre: str, percents: list[int], headline: int | None
) -> None:
    found = scale(levels)
    assert found.centre == centre
    assert [interval.percent for interval in found.intervals] == percents
    assert (found.headline.percent if found.headline else None) == headline


def test_an_interval_reads_the_two_quantiles_of_its_ends() -> None:
    forecast = DayForecast(date(2026, 11, 22), 1, 612.4, (598.0, 612.0, 627.0))
    (interval,) = scale((0.1, 0.5, 0.9)).intervals
    assert interval.of(forecast) == "598\N{EN DASH}627"
    assert scale((0.1, 0.5, 0.9)).centre_of(forecast) == "612"
    assert scale((0.1, 0.4, 0.9)).centre_of(forecast) == "612"


@pytest.mark.parametrize(
    ("days_after_cutoff", "lead", "label"),
    [
        (0, 1, "Tomorrow, Sun 22 Nov"),
        (1, 2, "Tomorrow, Mon 23 Nov"),
        (27, 28, "Tomorrow, Sat 19 Dec"),
        (28, 1, "Sun 22 Nov"),
        (-1, 1, "Sun 22 Nov"),
        (2000, 1, "Sun 22 Nov"),
    ],
)
def test_the_day_to_plan_for_is_tomorrow_where_the_publication_reaches_it(
    days_after_cutoff: int, lead: int, label: str
) -> None:
    planning = plan_row(build_publication(recent_days=1), CUTOFF + timedelta(days=days_after_cutoff))
    assert (planning.lead, planning.label) == (lead, label)
