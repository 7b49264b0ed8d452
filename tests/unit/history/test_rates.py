"""Rates in percent: how they are read, and that they are summed nowhere."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from publication.model import Measure, System
from publication.vocabulary import Kind, SeriesKey
from tests.unit.history.small import Hospital, read_quarantine
from tests.unit.pipeline.histories import build_system, counts, versions
from training.errors import SystemFileError
from training.history.hierarchy import bottom_series, summing, with_inherited
from training.history.plausibility.panel import panels
from training.history.point_in_time import PointInTimeHistory
from training.pipeline.margins import upper_bounds
from training.system.model import OpeningPeriod, SystemContext
from training.system.reading import read_system

MEASURE = '[measures.in_four_hours]\nkind = "rate"\n'
DAILY = (
    MEASURE
    + """
[sources.daily]
path = "*.csv"
place = "code"
day = "date"
"""
)
WIDE = DAILY + 'measures = { in_four_hours = "share", attendances = "arrivals" }\n'
LONG = DAILY + 'measure = "what"\nvalue = "n"\n'


@pytest.mark.parametrize(
    ("text", "notation", "expected"),
    [
        ("93.4", "", 93.4),
        ("93.4%", "", 93.4),
        ("93.4 %", "", 93.4),
        ("100%", "", 100.0),
        ("104.25", "", 104.25),
        ("93.417", "", 93.417),  # of a count it would be in doubt
        ('"93,4 %"', 'decimal = ","', 93.4),
        ('"93,4\u00a0%"', 'decimal = ","', 93.4),
    ],
)
def test_a_rate_is_read_with_its_percent_sign_or_without(
    text: str, notation: str, expected: float, tmp_path: Path
) -> None:
    hospital = Hospital(tmp_path, WIDE + notation).send(f"code,date,share,arrivals\nA,2026-02-01,{text},70\n")
    hospital.ingest()
    assert hospital.known() == {("A/in_four_hours", "2026-02-01"): expected, ("A/attendances", "2026-02-01"): 70.0}


@pytest.mark.parametrize("layout", ["wide", "long"])
def test_a_count_with_a_percent_sign_is_quarantined(layout: str, tmp_path: Path) -> None:
    source, content = {
        "wide": (WIDE, "code,date,share,arrivals\nA,2026-02-01,93%,70%\n"),
        "long": (LONG, "code,date,what,n\nA,2026-02-01,in_four_hours,93%\nA,2026-02-01,attendances,70%\n"),
    }[layout]
    hospital = Hospital(tmp_path, source).send(content)
    summary = hospital.ingest()
    assert hospital.known() == {("A/in_four_hours", "2026-02-01"): 93.0}
    (row,) = read_quarantine(summary.quarantine)
    assert row["found"] == "70%"
    assert "declare a measure of kind = 'rate'" in row["reason"]


@pytest.mark.parametrize(
    ("invalid", "parts"),
    [
        (WIDE.replace('"share"', '["share", "other"]'), ["measures.in_four_hours: found 2 columns", "not the sum"]),
        (WIDE + 'aggregate = "sum"\n', ["aggregate: found 'sum'", "in_four_hours is a rate", "'mean'"]),
        (LONG + 'aggregate = "sum"\n', ["aggregate: found 'sum'", "in_four_hours is a rate"]),
        (WIDE.replace('"rate"', '"rate"\nunit = "share"'), ["found 'share'", "in percent", "multiplied by 100"]),
    ],
)
def test_percentages_are_not_added_up(invalid: str, parts: list[str], tmp_path: Path) -> None:
    hospital = Hospital(tmp_path, invalid)
    with pytest.raises(SystemFileError) as raised:
        read_system(hospital.folder / "system.toml")
    for part in parts:
        assert part in str(raised.value)


RATE = Measure("full", Kind.RATE, "percent")
SYSTEM: System = replace(build_system(), measures=(*build_system().measures, RATE))
BOTH = ["A/attendances", "B/attendances", "A/full", "B/full", "T1/full", "T1/full/adult", "north/full"]


def test_only_rates_do_not_add_up() -> None:
    assert [kind for kind in Kind if not kind.is_additive] == [Kind.RATE]
    assert SYSTEM.totals_of(SeriesKey("A", "full", "adult")) == set()
    assert SeriesKey("north", "attendances") in SYSTEM.totals_of(SeriesKey("A", "attendances"))
    assert SYSTEM.is_additive("a measure of older history")


def test_every_rate_is_forecast_by_itself_and_none_is_made_of_others() -> None:
    assert bottom_series(SYSTEM, BOTH) == sorted(BOTH)
    parts = summing(SYSTEM, BOTH)
    assert sorted(set(parts.columns) - set(BOTH)) == ["T1/attendances", "north/attendances"]
    np.testing.assert_array_equal(parts["T1/full"], [i == "T1/full" for i in BOTH])


def test_a_rate_of_a_trust_is_not_held_to_the_sum_of_its_sites() -> None:
    table = pd.DataFrame({name: counts(60, 90, i) for i, name in enumerate(BOTH)})
    by_measure = {of.unique_ids[0].split("/")[1]: of for of in panels(table, SYSTEM, SystemContext()) if of.unique_ids}
    assert np.isnan(by_measure["full"].parts).all()


@pytest.mark.parametrize(("predecessors", "inherits"), [(("A",), True), (("A", "B"), False)])
def test_a_place_inherits_the_rate_of_one_place_but_not_of_several(
    predecessors: tuple[str, ...], inherits: bool
) -> None:
    table = pd.DataFrame({name: counts(30, 90, i) for i, name in enumerate(("A/full", "B/full", "C/attendances"))})
    opened = date(2022, 2, 1)
    periods = {"C": OpeningPeriod(opened, succeeds=predecessors)}
    rows = with_inherited(versions(table), periods, date(2022, 2, 2), SYSTEM)
    own = rows[rows["unique_id"] == "C/full"].set_index("ds")["y"]
    assert own.to_list() == (table.loc[:"2022-01-31", "A/full"].to_list() if inherits else [])


def test_no_rate_is_forecast_beyond_100_percent_or_the_most_that_was_seen() -> None:
    table = pd.DataFrame({"A/full": 93.5, "B/full": 91.0, "A/attendances": 70.0}, index=counts(30, 1, 0).index)
    table.iloc[3, 1] = 112.5
    history = PointInTimeHistory(versions(table), SYSTEM)
    bounds = upper_bounds(history, pd.Timestamp(table.index[-1]), ["A/full", "B/full", "A/attendances"])
    assert bounds.tolist() == [100.0, 112.5, np.inf]
