"""Conversion: the attendances that admissions come from, and the share that is admitted."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from publication.model import Measure
from publication.vocabulary import Kind
from tests.unit.pipeline.histories import FIRST_DAY, build_history, build_system, counts
from training.history.point_in_time import PointInTimeHistory
from training.models.candidate import ForecastRequest
from training.models.conversion import NO_ATTENDANCES, Conversion, attendances_of, conversions

A, B = "A/attendances", "B/attendances"
SOURCES = {
    "unsplit": ([A, "A/admissions", B], {"A/admissions": (A,)}),
    "no attendances there": ([B, "A/admissions"], {}),
    "the same streams": (
        ["A/attendances/adult", "A/attendances/child", "A/admissions/adult"],
        {"A/admissions/adult": ("A/attendances/adult",)},
    ),
    "split attendances": (
        ["A/attendances/adult", "A/attendances/child", "A/admissions"],
        {"A/admissions": ("A/attendances/adult", "A/attendances/child")},
    ),
    "emergency, not elective": (
        [A, "A/admissions/emergency", "A/admissions/elective"],
        {"A/admissions/emergency": (A,)},
    ),
}


@pytest.mark.parametrize(("unique_ids", "found"), SOURCES.values(), ids=SOURCES)
def test_admissions_come_from_the_attendances_of_their_place_and_stream(
    unique_ids: list[str], found: dict[str, tuple[str, ...]]
) -> None:
    assert attendances_of(unique_ids) == found


def test_a_weekday_pattern_that_all_places_share_is_recovered() -> None:
    days = pd.date_range(FIRST_DAY, periods=364)
    attendances = np.random.default_rng(1).poisson([80, 200], (364, 2)).astype(float)
    share = np.array([0.3, 0.28, 0.27, 0.26, 0.27, 0.22, 0.2])
    found = conversions(attendances * share[days.dayofweek][:, None], attendances, days)
    np.testing.assert_allclose(found, np.repeat(share[:, None], 2, axis=1), rtol=0.02)


def test_a_new_level_of_conversion_is_followed_within_weeks() -> None:
    days = pd.date_range(FIRST_DAY, periods=364)
    attendances = np.full((364, 1), 100.0)
    admissions = np.where(np.arange(364) < 300, 20.0, 30.0)[:, None]
    found = conversions(admissions, attendances, days)
    assert (found > 0.26).all()
    assert (found < 0.31).all()


def test_a_place_with_ten_weeks_of_data_hardly_changes_the_others() -> None:
    """Few were admitted at A on Sundays until then: the last ten weeks alone do not show it."""
    days = pd.date_range(FIRST_DAY, periods=364)
    attendances = np.full((364, 2), 100.0)
    admissions = np.where(days.dayofweek == 6, 5.0, 30.0)[:, None] * np.ones((1, 2))
    admissions[294:, 0] = 30.0
    alone = conversions(admissions[:, :1], attendances[:, :1], days)
    admissions[:294, 1] = attendances[:294, 1] = np.nan
    both = conversions(admissions, attendances, days)
    assert both[6, 0] < 0.85 * both[2, 0]
    np.testing.assert_allclose(both[:, 0], alone[:, 0], rtol=0.15)


def test_conversions_without_attendances_are_finite() -> None:
    days = pd.date_range(FIRST_DAY, periods=70)
    assert np.isfinite(conversions(np.zeros((70, 2)), np.zeros((70, 2)), days)).all()


@pytest.fixture(scope="module")
def history() -> PointInTimeHistory:
    """Return counts of A, which admits a quarter of attendances, of B without attendances, and of C for a month."""
    attendances, rng = counts(250, 120, 3), np.random.default_rng(4)
    table = pd.DataFrame(
        {
            A: attendances,
            "A/admissions": rng.binomial(attendances.astype(int), 0.25).astype(float),
            "B/admissions": counts(250, 30, 5),
            "C/admissions": counts(250, 9, 6),
        }
    )
    table["C/attendances"] = counts(250, 40, 7).where(np.arange(250) >= 220)
    measures = tuple(Measure(name, Kind.FLOW, "patients") for name in ("attendances", "admissions"))
    return build_history(table, replace(build_system(), measures=measures))


def test_the_admissions_forecast_are_a_share_of_the_attendances_forecast(history: PointInTimeHistory) -> None:
    cutoff = history.last_complete_day
    means = Conversion().forecast(ForecastRequest(history, [cutoff], 14))
    week = means.by_cutoff[cutoff]["A/admissions"]
    assert week.mean() == pytest.approx(30.0, rel=0.07)
    for other in ("B/admissions", "C/admissions", A):
        assert means.by_cutoff[cutoff][other].isna().all()
        assert means.failures[cutoff, other] == NO_ATTENDANCES
