"""The benchmark of short histories: stretches, gaps, the reference and the tables."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.short_histories import Row, Scored, known_only, lines, punched, seasonal_naive, stretches
from tests.unit.pipeline.histories import build_history, four_sites, table_of

SPANS = [("2022-01-10", "2022-02-08"), ("2022-03-01", "2022-03-20")]
DAYS = 120


def test_stretches_lie_within_one_span_each_and_begin_at_both_ends_of_them() -> None:
    found = list(stretches(four_sites(DAYS), SPANS, 15, 5))
    firsts, lasts = [str(s.index[0].date()) for s in found], [str(s.index[-1].date()) for s in found]
    assert {len(stretch) for stretch in found} == {15}
    assert firsts[0] == "2022-01-10"
    assert lasts[-1] == "2022-03-20"
    for first, last in zip(firsts, lasts, strict=True):
        assert any(begins <= first and last <= ends for begins, ends in SPANS)


def test_no_stretch_is_longer_than_the_longest_span() -> None:
    assert len(list(stretches(four_sites(DAYS), SPANS, 30, 3))) == 1
    assert list(stretches(four_sites(DAYS), SPANS, 31, 3)) == []


def test_a_series_with_a_gap_is_left_out_of_a_stretch() -> None:
    table = four_sites(DAYS)
    table.loc["2022-03-05", "B/attendances"] = np.nan
    *_, last = stretches(table, SPANS, 20, 5)
    assert set(table.columns) - set(last.columns) == {"B/attendances"}


def test_of_many_places_some_are_taken_with_all_their_measures() -> None:
    table = pd.concat([four_sites(DAYS).add_prefix(f"{n}") for n in range(5)], axis=1)
    (found,) = stretches(table, SPANS, 30, 1)
    places = {name.split("/")[0] for name in found.columns}
    assert 3 <= len(places) <= 6
    assert {name for name in table.columns if name.split("/")[0] in places} == set(found.columns)


@pytest.mark.parametrize("n_days", [14, 28, 119])
def test_punched_days_are_missing_and_all_others_are_as_they_were(n_days: int) -> None:
    past = four_sites(n_days)
    found = punched(past)
    missing = found.isna()
    pd.testing.assert_frame_equal(found.fillna(past), past)
    outages = missing.all(axis=1).astype(int)
    assert 3 <= outages.sum() <= 5
    assert outages.diff().eq(1).sum() == 1
    assert not missing.iloc[[0, -1]].any(axis=None)
    pd.testing.assert_frame_equal(punched(past), found)


def test_a_twentieth_of_the_values_is_missing_outside_the_outage() -> None:
    missing = punched(four_sites(2000)).isna()
    assert missing[~missing.all(axis=1)].to_numpy().mean() == pytest.approx(0.05, abs=0.01)


def test_eight_days_have_no_outage() -> None:
    for first in range(0, 60, 8):
        assert not punched(four_sites(100).iloc[first : first + 8]).isna().all(axis=1).any()


def test_seasonal_naive_is_the_newest_value_of_the_weekday_else_the_mean() -> None:
    monday_to_tuesday = [1.0, np.nan, 3.0, 4.0, 5.0, 6.0, 7.0, 10.0, np.nan]
    found = seasonal_naive(table_of({"A/attendances": monday_to_tuesday}), 8)["A/attendances"]
    assert found.to_list() == [3.0, 4.0, 5.0, 6.0, 7.0, 10.0, 36 / 7, 3.0]
    assert str(found.index[0].date()) == "2022-01-12"


def test_a_young_hospital_has_reported_the_days_of_the_stretch_alone() -> None:
    history = build_history(four_sites(DAYS))
    past = punched(history.latest.iloc[30:60])
    known = known_only(past, history)
    pd.testing.assert_frame_equal(known.latest[past.columns], past, check_freq=False)
    assert known.as_of(past.index[-1]).index[0] == past.index[0]


def test_the_tables_mark_what_misses_its_bar() -> None:
    good, late = (Scored(pd.Series([e, e]), pd.Series([c, c])) for e, c in ((0.9, 0.8), (1.02, 0.7)))
    rows = [Row("swast", "none", 7, {8: late, 28: late}), Row("winter", "punched", 28, {8: good})]
    assert lines(rows, [8, 28]) == [
        "| system | gaps | horizon | 8 days | 28 days |",
        "| --- | --- | --- | --- | --- |",
        "| swast | none | 7 | 1.02, **0.70** | **1.02**, **0.70** |",
        "| winter | punched | 28 | 0.90, 0.80 |  |",
        "",
        "| days known | error over seasonal naive's | 80 % covers |",
        "| --- | --- | --- |",
        "| 8 | 0.96 | 0.75 |",
        "| 28 | **1.02** | **0.70** |",
    ]
