"""Choice of published numbers for the page."""

from datetime import date

import pytest

from publication.model import DayForecast
from service.page.wording import integer, scale
from tests.builders import QUANTILES


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
    assert interval.of(forecast.quantiles) == "598\N{EN DASH}627"
    assert scale((0.1, 0.5, 0.9)).centre_of_day(forecast) == 612.0
    assert scale((0.1, 0.4, 0.9)).centre_of_day(forecast) == 612.4


@pytest.mark.parametrize(
    ("ends", "text"),
    [
        ((3.4, 12.0), "3\N{EN DASH}12"),
        ((-3.6, 12.0), "\N{MINUS SIGN}4 to 12"),
        ((-9.0, -2.2), "\N{MINUS SIGN}9 to \N{MINUS SIGN}2"),
        ((-0.3, 0.4), "0\N{EN DASH}0"),
    ],
)
def test_a_range_with_a_number_below_zero_is_not_joined_by_a_dash(ends: tuple[float, float], text: str) -> None:
    (interval,) = scale((0.1, 0.5, 0.9)).intervals
    assert interval.of((ends[0], 0.0, ends[1]), integer) == text
