"""Live scores by weeks, lead and champion, and their two baselines, worked out by hand on counts that grow."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from publication.live_scores import ChampionPeriod, LeadScore, LiveScores, Losses, combined
from publication.model import Champion, DayForecast, Publication, SeriesForecast
from publication.vocabulary import series_key
from tests.unit.pipeline.histories import build_history, build_system
from training.history.point_in_time import PointInTimeHistory
from training.monitoring.scoring import score_issued

SYSTEM = replace(build_system({"A": "north", "B": "north"}, horizon_days=9), quantiles=(0.1, 0.5, 0.9))
SCORED_AT = datetime(2022, 9, 1, tzinfo=UTC)
DAYS = pd.date_range("2022-01-03", periods=200, freq="D", name="ds")
LAST = DAYS[-1].date()
STEPS = np.arange(200.0)
COUNTS = pd.DataFrame({"A/attendances": 100 + STEPS, "B/attendances": 500 + 3 * STEPS}, DAYS)
"""A grows by one a day, B by three: each seasonal-naive and each last-value error is a plain product."""


def days_ago(days: int) -> date:
    return LAST - timedelta(days=days)


def issued(cutoff: date, off: float = 2.0, version: int = 1) -> Publication:
    """Forecasts of A, B and their sum that are `off` too high, with the interval from 3 below to 1 above."""

    def series(unique_id: str, level: float, growth: float) -> SeriesForecast:
        days = []
        for lead in range(1, SYSTEM.horizon_days + 1):
            ds = cutoff + timedelta(days=lead)
            mean = level + growth * (ds - DAYS[0].date()).days + off
            days.append(DayForecast(ds, lead, mean, (mean - 3.0, mean, mean + 1.0)))
        return SeriesForecast(series_key(unique_id), "attendances", "any", False, recent=(), days=tuple(days))

    made = (
        series("A/attendances", 100, 1),
        series("B/attendances", 500, 3),
        series("north/attendances", 600, 4),
    )
    return Publication(SYSTEM, cutoff, SCORED_AT, Champion("north", version, "r"), "d", made)


def scored(
    publications: Sequence[Publication], known: PointInTimeHistory | None = None, rows: int = 10**6
) -> LiveScores:
    history = known or build_history(COUNTS, SYSTEM)
    found = score_issued(iter(publications), history, publications[0].cutoff, LAST, SCORED_AT, rows)
    assert found is not None
    return found


def by_band(live_scores: LiveScores, series: str, weeks: int = 13) -> dict[str, Losses]:
    mine = [s for s in live_scores.scores if s.of.series == series and s.of.weeks == weeks]
    return {str(s.of.leads): s.losses for s in combined(mine, ("leads",))}


@pytest.mark.parametrize(("series", "growth"), [("A/attendances", 1), ("B/attendances", 3), ("north/attendances", 4)])
def test_baselines_are_what_a_person_works_out(series: str, growth: int) -> None:
    """Leads 1 to 7 are compared with a week before, 8 and 9 with two; the last value is as old as the lead."""
    found = by_band(scored([issued(days_ago(20))]), series)
    assert (found["01-07"].last_week_mae, found["08-14"].last_week_mae) == (7 * growth, 14 * growth)
    assert (found["01-07"].yesterday_mae, found["08-14"].yesterday_mae) == (4 * growth, 8.5 * growth)
    for losses in found.values():
        assert (losses.mae, losses.mae_vs_last_week, losses.mae_vs_yesterday) == (2, 2, 2)
    assert found["01-07"].skill == pytest.approx(1 - 2 / (7 * growth))


def poisoned(cutoff: date) -> PointInTimeHistory:
    counts = COUNTS.copy()
    counts.loc[pd.Timestamp(cutoff) + pd.Timedelta(days=1) :] = 1e9
    return build_history(counts, SYSTEM)


def test_baselines_see_nothing_after_the_cutoff() -> None:
    """Every later count is 1e9: the error is 1e9 less the baseline, which is as it was.

    Lead 1 alone is scored, for what repeats on the days after it is a frozen feed.
    """
    cutoff = days_ago(20)  # on which 179 days have passed
    found = scored([issued(cutoff)], poisoned(cutoff))
    for series, last_week, yesterday in (("A/attendances", 273, 279), ("B/attendances", 500 + 3 * 173, 500 + 3 * 179)):
        losses = by_band(found, series)["01-07"]
        assert (losses.last_week_mae, losses.yesterday_mae) == (1e9 - last_week, 1e9 - yesterday)
    assert {score.n for score in found.scores} == {1}


def test_a_value_that_was_late_is_not_carried_forward() -> None:
    """The count of the cutoff's day became known two days later: the last known value is that of the day before."""
    cutoff = days_ago(20)
    rows = COUNTS.reset_index().melt("ds", var_name="unique_id", value_name="y")
    rows["known_at"] = rows["ds"].dt.tz_localize("UTC") + pd.Timedelta(days=1)
    rows.loc[rows["ds"] == pd.Timestamp(cutoff), "known_at"] += pd.Timedelta(days=2)
    found = by_band(scored([issued(cutoff)], PointInTimeHistory(rows, SYSTEM)), "A/attendances")
    assert (found["01-07"].yesterday_mae, found["01-07"].last_week_mae) == (5, (6 * 7 + 14) / 7)


def test_a_series_without_a_last_week_has_no_baseline_and_its_slice_says_so() -> None:
    short = COUNTS.copy()
    short.loc[: pd.Timestamp(days_ago(23)), "A/attendances"] = np.nan  # three days are known at the cutoff
    found = scored([issued(days_ago(20))], build_history(short, SYSTEM))
    assert by_band(found, "A/attendances")["01-07"].last_week_mae is None
    assert by_band(found, "A/attendances")["01-07"].mae_vs_last_week is None
    assert by_band(found, "A/attendances")["01-07"].mae == 2
    assert by_band(found, "B/attendances")["01-07"].last_week_mae == 21


def test_four_weeks_are_the_last_28_target_days_of_the_thirteen() -> None:
    """Forecasts of five weeks ago err by 10, those of the last week by 2."""
    found = scored([issued(days_ago(37), off=10.0), issued(days_ago(9), off=2.0)])
    n = {weeks: sum(s.n for s in found.scores if s.of.weeks == weeks) for weeks in (4, 13)}
    assert n == {4: 3 * 9, 13: 3 * 18}
    assert by_band(found, "A/attendances", 4)["01-07"].mae == 2
    assert by_band(found, "A/attendances", 13)["01-07"].mae == 6
    edge = scored([issued(days_ago(30))])  # its leads 3 to 9 are the first days of the four weeks
    assert sum(s.n for s in edge.scores if s.of.weeks == 4 and s.of.series == "A/attendances") == 7


def of_lead(scores: Sequence[LeadScore], lead: int, weeks: int = 13) -> LeadScore:
    [found] = [score for score in scores if score.lead == lead and score.weeks == weeks]
    return found


@pytest.mark.parametrize("rows", [1, 10**6])
def test_each_lead_has_its_scores_over_all_series(rows: int) -> None:
    """At 2 too high the actual is inside (3 below to 1 above), at 4 it is not."""
    found = scored([issued(days_ago(30), off=4.0), issued(days_ago(20)), issued(days_ago(10))], rows=rows)
    first = of_lead(found.by_lead, 1)
    assert (first.n, first.publications, first.measure) == (9, 3, "attendances")
    assert first.losses.coverage_80 == pytest.approx(2 / 3)
    assert first.losses.mae == pytest.approx((4 + 2 + 2) / 3)
    assert first.losses.yesterday_mae == pytest.approx((1 + 3 + 4) / 3)
    assert of_lead(found.by_lead, 9).losses.last_week_mae == pytest.approx(14 * (1 + 3 + 4) / 3)
    assert of_lead(found.by_lead, 1, weeks=4).n == 6
    assert {score.lead for score in found.by_lead} == set(range(1, 10))


@pytest.mark.parametrize("rows", [1, 10**6])
def test_quantiles_have_the_share_of_actuals_at_or_below(rows: int) -> None:
    """The actual is 2 below the mean: above the lowest quantile, below the others; at 4 too high it is below all."""
    found = scored([issued(days_ago(60), off=4.0), issued(days_ago(20)), issued(days_ago(10), off=3.0)], rows=rows)
    shares = {(s.quantile, s.weeks): (s.at_or_below, s.n, s.publications) for s in found.quantiles}
    assert shares[0.1, 13] == (54 / 81, 81, 3)  # 3 too high: the actual is the quantile itself
    assert shares[0.1, 4] == (0.5, 54, 2)
    assert shares[0.5, 13] == shares[0.9, 13] == (1.0, 81, 3)


def champions(*versions: int, rows: int = 10**6) -> tuple[LeadScore, ...]:
    """Of cutoffs 20, 19, ... days ago, by these versions; a version errs by its number."""
    made = [issued(days_ago(20 - i), float(version), version) for i, version in enumerate(versions)]
    return scored(made, rows=rows).by_champion


@pytest.mark.parametrize("rows", [1, 10**6])
@pytest.mark.parametrize(
    ("versions", "periods"),
    [
        ((1, 1, 2), [(1, 20, 19), (2, 18, 18)]),
        ((3, 1, 1, 2, 2), [(1, 19, 18), (2, 17, 16)]),
        ((1, 2, 1), [(2, 19, 19), (1, 18, 18)]),  # a roll-back is a change like any other
    ],
)
def test_the_newest_two_periods_of_champions_are_compared(
    versions: Sequence[int], periods: list[tuple[int, int, int]], rows: int
) -> None:
    found = champions(*versions, rows=rows)
    expected = [ChampionPeriod(version, days_ago(first), days_ago(last)) for version, first, last in periods]
    assert list(dict.fromkeys(score.champion for score in found)) == expected
    for period in expected:
        mine = [score for score in found if score.champion == period]
        assert [score.lead for score in mine] == list(range(1, 10))
        assert {score.losses.mae for score in mine} == {period.version}
        assert {score.publications for score in mine} == {(period.last - period.first).days + 1}


def test_one_champion_is_compared_with_nothing() -> None:
    assert champions(1, 1, 1) == ()


def test_a_champion_none_of_whose_forecasts_has_an_actual_is_no_change_yet() -> None:
    publications = [issued(days_ago(20)), issued(days_ago(10), version=2), issued(LAST, version=3)]
    assert {score.champion.version for score in scored(publications).by_champion if score.champion} == {1, 2}


def test_days_that_a_check_doubts_are_in_no_table() -> None:
    frozen = COUNTS.assign(**{"A/attendances": COUNTS["A/attendances"].clip(upper=290.0)})
    found = scored([issued(days_ago(9))], build_history(frozen, SYSTEM))
    n = sum(s.n for s in found.scores if s.of.weeks == 13)
    assert n == 9  # of B alone: A repeats from the cutoff's day on
    assert sum(s.n for s in found.by_lead if s.weeks == 13) == n
    assert {s.n for s in found.quantiles if s.weeks == 13} == {n}
