"""Live scores of publications written by hand, against SQL over the same numbers and scoringrules' interval score."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import duckdb
import numpy as np
import pandas as pd
import pytest
import scoringrules  # type: ignore[import-untyped]

from publication.control import ControlCheck
from publication.live_scores import SLICES, LiveScores, Score, combined
from publication.model import Champion, DayForecast, Publication, PublicationSummary, SeriesForecast, System
from publication.vocabulary import series_key
from tests.unit.pipeline.histories import build_history, build_system, counts
from training.frames import WEEK
from training.history.point_in_time import PointInTimeHistory
from training.monitoring.issued import IssuedForecasts
from training.monitoring.scoring import SCORED_DAYS, score_issued, to_score
from training.system.model import Event, EventKind, SystemContext

SYSTEM = replace(build_system({"A": "north", "B": "north"}, horizon_days=10), quantiles=(0.1, 0.5, 0.9))
N_DAYS = 200
SCORED_AT = datetime(2026, 1, 1, tzinfo=UTC)
LEADS = range(1, SYSTEM.horizon_days + 1)


def actuals() -> pd.DataFrame:
    """Wide counts of the two sites, whose sum is the root's; one day of A is missing."""
    table = pd.DataFrame({"A/attendances": counts(N_DAYS, 40, 1), "B/attendances": counts(N_DAYS, 9, 2)})
    table.iloc[-5, 0] = np.nan
    return table


COUNTS = actuals()
LAST = date.fromisoformat(f"{COUNTS.index[-1]:%Y-%m-%d}")
TRUTH = COUNTS.assign(**{"north/attendances": COUNTS.sum(axis=1, skipna=False)})


def publication(cutoff: date, system: System = SYSTEM, off: float = 3.0, revision: int = 1) -> Publication:
    """Of each series: the mean of its counts and `off` more, an interval of so many either side; B falls back."""

    def series(unique_id: str) -> SeriesForecast:
        mean, half = round(float(TRUTH[unique_id].mean())) + off, 8.0
        quantiles = tuple(mean + half * (level - 0.5) / 0.4 for level in system.quantiles)
        days = tuple(DayForecast(cutoff + timedelta(days=lead), lead, mean, quantiles) for lead in LEADS)
        return SeriesForecast(
            series_key(unique_id), "attendances", "any", unique_id.startswith("B"), recent=(), days=days
        )

    champion = Champion("north", 1, "r")
    made = tuple(map(series, TRUTH.columns))
    return Publication(system, cutoff, SCORED_AT, champion, "d", made, revision=revision)


def history(table: pd.DataFrame = COUNTS, system: System = SYSTEM) -> PointInTimeHistory:
    return build_history(table, system)


def live_scores_of(publications: Sequence[Publication], known: PointInTimeHistory | None = None) -> LiveScores:
    found = score_issued(iter(publications), known or history(), publications[0].cutoff, LAST, SCORED_AT)
    assert found is not None
    return found


def days_ago(days: int) -> date:
    return LAST - timedelta(days=days)


WEEKLY = [publication(days_ago(days), off=days / 10) for days in range(35, 0, -7)]


def witness(publications: Sequence[Publication]) -> pd.DataFrame:
    """Scores of the same forecasts and counts by SQL, by series and lead band."""
    rows = pd.DataFrame(
        [
            (p.cutoff, series.unique_id, series.fallback, pd.Timestamp(day.ds), day.lead, day.mean, *day.quantiles)
            for p in publications
            for series in p.series
            for day in series.days
        ],
        columns=["cutoff", "unique_id", "fallback", "ds", "lead", "mean", "low", "median", "high"],
    )
    happened = TRUTH.rename_axis("ds").reset_index().melt("ds", var_name="unique_id", value_name="y").dropna()
    first = pd.Timestamp(publications[0].cutoff)
    scale = {name: (TRUTH[name] - TRUTH[name].shift(WEEK)).loc[:first].abs().mean() for name in TRUTH}
    scales = pd.DataFrame({"unique_id": list(scale), "scale": list(scale.values())})  # noqa: F841  read by the query
    rows = rows.merge(happened)
    score = scoringrules.interval_score(rows["y"].to_numpy(), rows["low"].to_numpy(), rows["high"].to_numpy(), 0.2)
    rows["wis"] = (0.5 * (rows["y"] - rows["median"]).abs() + 0.1 * score) / 1.5
    found: pd.DataFrame = (
        duckdb.connect()
        .execute(
            """
        SELECT unique_id AS series, CASE WHEN lead <= 7 THEN '01-07' ELSE '08-14' END AS leads,
               count(*) AS n, count(*) FILTER (fallback) AS fallbacks, avg(abs(mean - y)) AS mae, avg(mean - y) AS bias,
               avg(wis) AS wis, avg(abs(mean - y) / scale) AS mase, avg(wis / scale) AS scaled_wis,
               avg((y BETWEEN low AND high)::INT) AS coverage_80
        FROM rows JOIN scales USING (unique_id) GROUP BY ALL ORDER BY ALL
        """
        )
        .df()
    )
    return found


def of_weeks(live_scores: LiveScores, weeks: int) -> list[Score]:
    return [score for score in live_scores.scores if score.of.weeks == weeks]


def as_table(scores: Sequence[Score]) -> pd.DataFrame:
    return pd.DataFrame([{**s.of._asdict(), "n": s.n, "fallbacks": s.fallbacks, **s.losses._asdict()} for s in scores])


@pytest.mark.parametrize("rows_at_a_time", [1, 100, 1_000_000])
def test_scores_are_what_sql_makes_of_them_however_many_are_read_at_a_time(
    rows_at_a_time: int,
) -> None:
    made = score_issued(iter(WEEKLY), history(), WEEKLY[0].cutoff, LAST, SCORED_AT, rows_at_a_time)
    assert made is not None
    found, expected = as_table(of_weeks(made, 13)), witness(WEEKLY)
    pd.testing.assert_frame_equal(
        found[expected.columns].sort_values(["series", "leads"], ignore_index=True), expected, check_dtype=False
    )
    assert set(found["regime"]) == {"stable"}
    assert found["coverage_50"].isna().all()  # its quantiles are not published


def test_a_missing_day_counts_for_nobody_and_days_to_come_neither() -> None:
    (newest,) = combined(of_weeks(live_scores_of(WEEKLY[-1:]), 13), ())
    assert WEEKLY[-1].cutoff == days_ago(7)
    assert newest.n == 7 * 3 - 2  # A and the root lack a day


def test_live_scores_state_what_they_are_of() -> None:
    found = live_scores_of(WEEKLY)
    assert (found.system, found.scored_at, found.n_publications) == ("north", SCORED_AT, 5)
    assert (found.last - found.first).days + 1 == SCORED_DAYS
    assert found.last == LAST


def test_target_days_before_the_window_are_left_out() -> None:
    on_the_edge = publication(days_ago(SCORED_DAYS + 5))
    assert sum(score.n for score in of_weeks(live_scores_of([on_the_edge]), 13)) == 3 * (SYSTEM.horizon_days - 6 + 1)


def test_nothing_is_scored_before_a_forecast_day_has_an_actual() -> None:
    assert score_issued(iter([publication(LAST)]), history(), LAST, LAST, SCORED_AT) is None


def test_series_that_the_system_no_longer_has_are_left_out_and_their_sums_are_unknown() -> None:
    smaller = replace(SYSTEM, places=tuple(place for place in SYSTEM.places if place.id != "B"))
    found = live_scores_of(WEEKLY, history(COUNTS[["A/attendances"]], smaller))
    assert {score.of.series for score in found.scores} == {"A/attendances"}
    of_site = [score for score in live_scores_of(WEEKLY).scores if score.of.series == "A/attendances"]
    assert [score.losses for score in found.scores] == [score.losses for score in of_site]


def test_a_parent_is_the_sum_of_the_parts_that_it_had_when_it_was_published() -> None:
    """B moves from one trust to the other after perfect forecasts were issued."""
    table = COUNTS.dropna().assign(**{"C/attendances": counts(N_DAYS, 20, 3)[: len(COUNTS.dropna())]})
    table.index = COUNTS.index[-len(table) :]
    parents = {"T1": "north", "T2": "north", "A": "T1", "C": "T2"}
    before, after = (
        replace(build_system({**parents, "B": trust}, horizon_days=10), quantiles=(0.1, 0.5, 0.9))
        for trust in ("T1", "T2")
    )
    a, b, c = (table[f"{place}/attendances"] for place in "ABC")
    truth = {**{f"{p}/attendances": of for p, of in zip("ABC", (a, b, c), strict=True)},
             "T1/attendances": a + b, "T2/attendances": c, "north/attendances": a + b + c}  # fmt: skip
    cutoff = days_ago(12)

    def series(unique_id: str) -> SeriesForecast:
        days = [cutoff + timedelta(days=lead) for lead in LEADS]
        y = [float(truth[unique_id].loc[pd.Timestamp(day)]) for day in days]
        made = tuple(DayForecast(d, i, v, (v, v, v)) for i, (d, v) in enumerate(zip(days, y, strict=True), start=1))
        return SeriesForecast(series_key(unique_id), "attendances", "any", False, recent=(), days=made)

    issued = Publication(before, cutoff, SCORED_AT, Champion("north", 1, "r"), "d", tuple(map(series, truth)))
    found = combined(of_weeks(live_scores_of([issued], history(table, after)), 13), ("series",))
    assert {score.of.series: score.losses.mae for score in found} == dict.fromkeys(truth, 0.0)
    assert {score.n for score in found} == {10}


def test_a_coverage_is_given_for_slices_of_which_every_forecast_has_its_levels() -> None:
    wider = replace(SYSTEM, quantiles=(0.025, 0.1, 0.5, 0.9, 0.975))
    own = as_table(live_scores_of([publication(WEEKLY[1].cutoff, wider)]).scores)
    mixed = as_table(of_weeks(live_scores_of([WEEKLY[0], publication(WEEKLY[1].cutoff, wider)]), 13))
    assert own["coverage_95"].notna().all()
    assert mixed["coverage_95"].isna().all()  # half of the forecasts in each slice have no such interval
    assert mixed["coverage_80"].notna().all()
    assert mixed["n"].sum() == 2 * 3 * SYSTEM.horizon_days


@pytest.mark.parametrize("rows_at_a_time", [1, 100, 1_000_000])
def test_regimes_are_periods_of_the_window_however_many_forecasts_are_read_at_a_time(rows_at_a_time: int) -> None:
    closed = Event(days_ago(16), LAST + timedelta(days=99), "A", None, EventKind.CLOSURE, "")
    known = build_history(COUNTS, SYSTEM, context=SystemContext(events=(closed,)))
    wider = replace(SYSTEM, quantiles=(0.025, 0.1, 0.5, 0.9, 0.975))
    issued = [*WEEKLY[:-1], publication(WEEKLY[-1].cutoff, wider)]
    made = score_issued(iter(issued), known, issued[0].cutoff, LAST, SCORED_AT, rows_at_a_time)
    assert made is not None
    combined_scores = combined(of_weeks(made, 13), ("series", "regime"))
    by_regime = {(score.of.series, score.of.regime): score.n for score in combined_scores}
    days = [d for p in issued for d in (p.cutoff + timedelta(days=lead) for lead in LEADS) if d <= LAST]
    counted = [d for d in days if d != days_ago(4)]  # the day that A lacks
    before = sum(d < closed.first for d in counted)
    assert by_regime == {
        ("A/attendances", f"to {closed.first - timedelta(days=1)}"): before,
        ("A/attendances", f"from {closed.first}"): len(counted) - before,
        ("B/attendances", "stable"): len(days),
        ("north/attendances", "stable"): len(counted),
    }


@pytest.mark.parametrize("seen", ["forecast", "history"])
def test_what_happens_after_the_last_day_changes_nothing(seen: str) -> None:
    late = publication(days_ago(0), off=1e9)
    poisoned = COUNTS.copy()
    poisoned.loc[COUNTS.index[-1] + pd.Timedelta(days=1)] = 1e9
    publications = [*WEEKLY, late] if seen == "forecast" else WEEKLY
    known = history(poisoned) if seen == "history" else history()
    assert live_scores_of(publications, known).scores == live_scores_of(WEEKLY).scores


def summary(days: int, revision: int = 1) -> PublicationSummary:
    return PublicationSummary(
        "north", days_ago(days), revision, SCORED_AT, Champion("north", 1, "r"), 3, 1, f"sha256:{days}"
    )


def test_the_last_revision_of_each_cutoff_in_reach_is_scored_oldest_first() -> None:
    horizon = SYSTEM.horizon_days
    reach = SCORED_DAYS - 1 + horizon
    summaries = [summary(0), summary(1), summary(3, 2), summary(3, 1), summary(reach), summary(reach + 1)]
    chosen = to_score(summaries, LAST, horizon)
    assert [(h.cutoff, h.revision) for h in chosen] == [(days_ago(reach), 1), (days_ago(3), 2), (days_ago(1), 1)]


def test_rows_are_those_of_a_backtest() -> None:
    rows = IssuedForecasts(history(), pd.Timestamp(days_ago(90)), pd.Timestamp(LAST)).rows(WEEKLY[0])
    assert list(rows.columns) == [
        "unique_id", "cutoff", "ds", "lead", "y", "mean", "q0.1", "q0.5", "q0.9", "model", "fallback",
    ]  # fmt: skip
    assert rows["y"].notna().all()
    assert SLICES == ("series", "measure", "leads", "regime")


@pytest.mark.parametrize(
    ("doubted", "leads"),
    [("frozen", {1, 8, 9}), ("excluded", {8, 9})],  # the first value of a frozen run is no repeat
)
def test_days_that_are_not_to_be_trusted_are_scored_for_no_series_nor_its_sums(doubted: str, leads: set[int]) -> None:
    first, last = 2, 8  # days ago
    table, events = COUNTS.copy(), tuple[Event, ...]()
    days = slice(pd.Timestamp(days_ago(last)), pd.Timestamp(days_ago(first)))
    table.loc[days, "A/attendances"] = 57.0
    if doubted == "excluded":
        table = COUNTS
        events = (Event(days_ago(last), days_ago(first), "A", "attendances", EventKind.EXCLUDE, "moved house"),)
    known = build_history(table, SYSTEM, SystemContext(events=events))
    scored = IssuedForecasts(known, pd.Timestamp(days_ago(10)), pd.Timestamp(LAST)).rows(publication(days_ago(9)))
    by_series = {str(i): set(rows["lead"]) for i, rows in scored.groupby("unique_id")}
    assert by_series == {"A/attendances": leads, "B/attendances": set(range(1, 10)), "north/attendances": leads}


def daily(days: int, version: Callable[[int], int] = lambda ago: 1) -> list[Publication]:
    """Publications of so many mornings, far too high; B falls back, and the version is that of each cutoff's age."""
    made = (
        replace(publication(days_ago(ago), off=60.0), champion=Champion("north", version(ago), "r"))
        for ago in range(days, 0, -1)
    )
    return list(made)


@pytest.mark.parametrize(
    ("version", "n_days"),
    [(lambda ago: 1, 39), (lambda ago: 1 if ago > 20 else 2, 19), (lambda ago: 2 if 10 < ago <= 20 else 1, 9)],
    ids=["one champion", "a new champion", "an earlier one again"],
)
def test_the_current_champion_is_controlled_without_its_fallbacks(version: Callable[[int], int], n_days: int) -> None:
    """One of the last days has no actual."""
    states = {state.check: state for state in live_scores_of(daily(40, version)).control}
    assert {state.n_days for state in states.values()} == {n_days}
    signal = states[ControlCheck.BIAS].signal
    assert signal is not None
    assert signal.unique_id in {"A/attendances", "north/attendances"}
    assert signal.size > 1, "60 more where 40 and 49 are counted"


def test_nothing_is_controlled_where_every_forecast_is_a_fallback() -> None:
    made = [replace(of, series=tuple(series for series in of.series if series.fallback)) for of in daily(10)]
    assert live_scores_of(made).control == ()
