"""Scores combined by hand: means over all forecasts, whatever slice they were in."""

import pytest

from publication.live_scores import SLICES, Losses, Score, Slice, combined
from publication.vocabulary import COVERAGES


def score(series: str, leads: str, n: int, mae: float, mase: float | None, fallbacks: int = 0) -> Score:
    """Of a stable attendances series; whatever is not given is 1. As many publications as its mean error says."""
    losses = Losses(mae, 1.0, 1.0, mase, *(1.0,) * 8)
    return Score(Slice(series, "attendances", leads, "stable"), n, fallbacks, losses, int(mae))


SCORES = (
    score("RXB/attendances", "01-07", 10, 4.0, 0.5, fallbacks=10),
    score("RXA/attendances", "01-07", 30, 8.0, 1.5),
    score("RXA/attendances", "08-14", 40, 2.0, None),
    score("RXC/attendances", "08-14", 10, 7.0, None),
)


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ((), [(None, None, 90, 10, (40 + 240 + 80 + 70) / 90, (5 + 45) / 40)]),
        (("leads",), [(None, "01-07", 40, 10, 280 / 40, 50 / 40), (None, "08-14", 50, 0, 150 / 50, None)]),
        (
            ("series",),
            [
                ("RXA/attendances", None, 70, 0, 320 / 70, 1.5),
                ("RXB/attendances", None, 10, 10, 4.0, 0.5),
                ("RXC/attendances", None, 10, 0, 7.0, None),
            ],
        ),
    ],
)
def test_means_are_over_every_forecast_that_has_the_loss(
    by: tuple[str, ...], expected: list[tuple[str | None, str | None, int, int, float, float | None]]
) -> None:
    found = combined(SCORES, by)
    rows = [(s.of.series, s.of.leads, s.n, s.fallbacks, s.losses.mae, s.losses.mase) for s in found]
    assert rows == [pytest.approx(row) for row in expected]


def test_by_every_slice_each_score_is_itself_in_the_order_of_slices() -> None:
    assert [s.of for s in combined(SCORES, SLICES)] == sorted(s.of for s in SCORES)
    assert {s.of: s.n for s in combined(SCORES, SLICES)} == {s.of: s.n for s in SCORES}


def test_nothing_combines_to_nothing() -> None:
    assert combined((), SLICES) == ()


def test_every_coverage_that_is_scored_has_its_loss() -> None:
    losses = Losses(0, 0, 0, 0, 0, 0.5, 0.8, 0.95, 0, 0, 0, 0)
    assert [losses.coverage(percent) for percent in COVERAGES] == [percent / 100 for percent in COVERAGES]
    assert {f"coverage_{percent}" for percent in COVERAGES} == {name for name in Losses._fields if "coverage" in name}


def with_baseline(series: str, n: int, mae: float, last_week_mae: float | None) -> Score:
    """A score whose every case has the baseline, or none."""
    pair = (None, None) if last_week_mae is None else (last_week_mae, mae)
    losses = Losses(mae, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, pair[0], pair[1], None, None)
    return Score(Slice(series, "occupancy", "01-07", "stable"), n, 0, losses, 1)


def test_skill_is_of_the_cases_that_have_the_baseline() -> None:
    """10 cases err by 4 where last week's value errs by 8; 90 of a new ward err by 40 and have no last week."""
    [score] = combined([with_baseline("A/occupancy", 10, 4.0, 8.0), with_baseline("B/occupancy", 90, 40.0, None)], ())
    assert (score.losses.mae, score.losses.mae_vs_last_week, score.losses.last_week_mae) == (36.4, 4.0, 8.0)
    assert score.losses.skill == 0.5


@pytest.mark.parametrize("last_week_mae", [None, 0.0])
def test_there_is_no_skill_without_a_baseline_that_errs(last_week_mae: float | None) -> None:
    assert with_baseline("A/occupancy", 10, 4.0, last_week_mae).losses.skill is None


def test_scores_of_different_weeks_are_not_added_up_for_they_share_forecasts() -> None:
    short = [score._replace(of=score.of._replace(weeks=4), n=1) for score in SCORES]
    found = combined([*SCORES, *short], ())
    assert [(s.of.weeks, s.n) for s in found] == [(4, 4), (13, 90)]


def test_publications_of_combined_slices_are_at_least_those_of_each() -> None:
    assert [s.publications for s in combined(SCORES, ("leads",))] == [8, 7]


@pytest.mark.parametrize(
    ("wis", "mae", "mae_vs_last_week", "last_week_mae", "skill", "wis_skill"),
    [
        # 3 against 4; the WIS of seasonal naive, a point, is its absolute error: 2 against 4
        (2.0, 3.0, 3.0, 4.0, 0.25, 0.5),
        # seasonal naive is on cases that err by 6 instead of 3, so the WIS there is about 4: against 8
        (2.0, 3.0, 6.0, 8.0, 0.25, 0.5),
        (6.0, 9.0, 9.0, 4.0, -1.25, -0.5),
        (0.5, 1.0, 1.0, 0.0, None, None),
        (0.5, 1.0, None, None, None, None),
        (None, 3.0, 3.0, 4.0, 0.25, None),
        (0.0, 0.0, 0.0, 4.0, 1.0, None),
    ],
    ids=["same cases", "other cases", "worse", "naive never errs", "no naive", "no WIS", "no error"],
)
def test_skill_is_against_seasonal_naive(
    wis: float | None,
    mae: float,
    mae_vs_last_week: float | None,
    last_week_mae: float | None,
    skill: float | None,
    wis_skill: float | None,
) -> None:
    losses = Losses(mae, 0, wis, 0, 0, 0, 0, 0, last_week_mae, mae_vs_last_week, 0, 0)
    assert (losses.skill, losses.wis_skill) == (skill, wis_skill)
