"""Each fault laid into a quiet hospital, and what is found of it: check, days, and how soon it shows."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from tests.unit.plausibility.hospitals import QUIET, SITES, SYSTEM, day, hospital
from training.history.plausibility.catalogue import detection_delays
from training.history.plausibility.findings import FINDINGS, findings
from training.history.plausibility.suspect_checks import NOT_FLAGGED, flagged_by
from training.system.model import OpeningPeriod, SystemContext

Days = list[tuple[str, int]]


def setting(
    series: str, days: range, value: float | Callable[[np.ndarray], np.ndarray]
) -> Callable[[pd.DataFrame], None]:
    """Lays values into one series, or what a function makes of those that are there."""

    def lay(table: pd.DataFrame) -> None:
        there = table.loc[day(days.start) : day(days.stop - 1), series]
        table.loc[there.index, series] = value(there.to_numpy()) if callable(value) else value

    return lay


def everywhere(measure: str, days: range, value: float) -> Callable[[pd.DataFrame], None]:
    def lay(table: pd.DataFrame) -> None:
        for site in SITES:
            setting(f"{site}/{measure}", days, value)(table)

    return lay


def total(measure: str, days: range, off: float) -> Callable[[pd.DataFrame], None]:
    """A total of the root that is the sites' sum but for these days."""

    def lay(table: pd.DataFrame) -> None:
        table[f"north/{measure}"] = table[[f"{site}/{measure}" for site in SITES]].sum(axis=1)
        setting(f"north/{measure}", days, lambda there: there + off)(table)

    return lay


@dataclass(frozen=True)
class Found:
    """A fault, and the days on which a check finds it; `delay` is how many days after the first of them it shows."""

    fault: str
    lay: Callable[[pd.DataFrame], None]
    check: str
    series: str
    days: range
    delay: int


FOUND = [
    Found("one day at a fifth", setting("A/attendances", range(200, 201), lambda y: y // 5), "spike",
          "A/attendances", range(200, 201), 1),
    Found("one day at five times", setting("B/admissions", range(150, 151), lambda y: y * 5), "spike",
          "B/admissions", range(150, 151), 1),
    Found("one day of beds at double", setting("B/beds", range(150, 151), lambda y: y * 2), "spike",
          "B/beds", range(150, 151), 1),
    Found("four days at a quarter", setting("C/attendances", range(200, 204), lambda y: y // 4), "excursion",
          "C/attendances", range(200, 204), 4),
    Found("zero at one site", setting("C/admissions", range(180, 181), 0.0), "sudden zero",
          "C/admissions", range(180, 181), 0),
    Found("zero at every site", everywhere("discharges", range(180, 181), 0.0), "reporting failure",
          "D/discharges", range(180, 181), 0),
    Found("ten times the same", setting("A/occupancy", range(200, 210), 421.0), "frozen",
          "A/occupancy", range(201, 210), 3),
    Found("999 for a count near 180", setting("A/attendances", range(170, 171), 999.0), "sentinel",
          "A/attendances", range(170, 171), 0),
    Found("99 for a count near 420", setting("A/occupancy", range(170, 172), 99.0), "sentinel",
          "A/occupancy", range(170, 172), 0),
    Found("occupancy at twice the beds", setting("B/occupancy", range(120, 121), 1216.0), "above beds",
          "B/occupancy", range(120, 121), 0),
    Found("a total off by a tenth", total("attendances", range(220, 222), -150.0), "disagreeing total",
          "north/attendances", range(220, 222), 0),
    Found("half of the newest day", setting("E/attendances", range(299, 300), lambda y: y // 2), "partial day",
          "E/attendances", range(299, 300), 0),
    Found("triple on the newest day", setting("E/occupancy", range(299, 300), lambda y: y * 3), "above beds",
          "E/occupancy", range(299, 300), 0),
]  # fmt: skip


@pytest.mark.parametrize("row", FOUND, ids=lambda row: row.fault)
def test_a_fault_is_found_on_its_days(row: Found) -> None:
    table = hospital()
    row.lay(table)
    found = findings(table, SYSTEM, QUIET)
    suspect = found[found["severity"] == "suspect"]
    (finding,) = suspect[suspect["unique_id"] == row.series].to_dict("records")
    assert (finding["check"], finding["first"], finding["last"], finding["days"]) == (
        (row.check, day(row.days.start), day(row.days.stop - 1), len(row.days))
    )
    assert finding["found"] == table.loc[finding["first"], row.series]


@pytest.mark.parametrize("row", [row for row in FOUND if row.check != "partial day"], ids=lambda row: row.fault)
def test_it_shows_as_soon_as_it_can_and_no_sooner(row: Found) -> None:
    table = hospital()
    row.lay(table)
    series = table.columns.get_loc(row.series)
    delays = detection_delays(table, SYSTEM, QUIET)
    until = row.days.start + row.delay
    assert flagged_by(delays, until)[row.days.start, series]
    if row.delay:
        assert not flagged_by(delays, until - 1)[row.days.start, series]


def test_a_fault_taints_no_other_series() -> None:
    table = hospital()
    for row in FOUND[:10]:
        row.lay(table)
    found = findings(table, SYSTEM, QUIET)
    suspect = set(found.loc[found["severity"] == "suspect", "unique_id"])
    assert suspect == {row.series for row in FOUND[:10]} | {f"{site}/discharges" for site in SITES}


HARMLESS = [
    ("a new level", setting("A/attendances", range(200, 300), lambda y: np.round(y * 1.6))),
    ("a site that closes for good, after three weeks", setting("A/attendances", range(200, 300), 0.0)),
    ("a gap of three days", setting("B/occupancy", range(150, 153), np.nan)),
    ("beds that stand still at zero", setting("C/beds", range(300), 0.0)),
    ("99 where 99 is common", setting("A/admissions", range(300), lambda y: y + 99 - y.mean().round())),
    ("a day of rest everywhere on a bank holiday", everywhere("discharges", range(98, 99), 0.0)),
    ("a wave that all sites share", lambda table: table.iloc[150:151].__iadd__(table.iloc[150:151] * 0.5)),
]  # fmt: skip


@pytest.mark.parametrize(("what", "lay"), HARMLESS, ids=[what for what, _ in HARMLESS])
def test_what_is_no_fault_is_believed(what: str, lay: Callable[[pd.DataFrame], None]) -> None:
    table = hospital()
    lay(table)
    suspect = detection_delays(table, SYSTEM, QUIET)[230:] != NOT_FLAGGED
    assert suspect.sum() == 0
    assert (detection_delays(table, SYSTEM, QUIET)[:200] != NOT_FLAGGED).sum() == 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_hardly_a_day_of_a_quiet_hospital_is_suspect(seed: int) -> None:
    delays = detection_delays(hospital(seed, 700), SYSTEM, QUIET)
    assert (delays != NOT_FLAGGED).mean() < 0.0005


@pytest.mark.parametrize("cutoff", [60, 119, 120, 171, 201, 203, 206, 240, 299])
def test_what_shows_on_a_day_needs_no_later_day(cutoff: int) -> None:
    """Judging the history up to a day finds what judging all of it finds to show by that day: poison the future."""
    table = hospital()
    for row in FOUND:
        row.lay(table)
    until = detection_delays(table.iloc[: cutoff + 1], SYSTEM, QUIET)
    table.iloc[cutoff + 1 :] = 1e9
    later = detection_delays(table, SYSTEM, QUIET)
    np.testing.assert_array_equal(flagged_by(until, cutoff), flagged_by(later, cutoff))


def test_an_older_first_day_changes_nothing() -> None:
    table = hospital()
    for row in FOUND:
        row.lay(table)
    longer = table.reindex(pd.date_range(day(-30), table.index[-1], name="ds"))
    np.testing.assert_array_equal(detection_delays(longer, SYSTEM, QUIET)[30:], detection_delays(table, SYSTEM, QUIET))


def test_a_place_outside_its_opening_period_is_masked() -> None:
    opening_periods = {"A": OpeningPeriod(first=date(2023, 2, 1)), "B": OpeningPeriod(last=date(2023, 9, 30))}
    found = findings(hospital(), SYSTEM, replace(QUIET, opening_periods=opening_periods))
    outside = found[found["check"] == "outside opening period"]
    assert set(outside["unique_id"].str[0]) == {"A", "B"}
    early = outside[outside["unique_id"] == "A/beds"].iloc[0]
    late = outside[outside["unique_id"] == "B/beds"].iloc[0]
    assert (early["first"], early["last"]) == (pd.Timestamp("2023-01-02"), pd.Timestamp("2023-01-31"))
    assert (late["first"], late["last"]) == (pd.Timestamp("2023-10-01"), day(299))


def test_without_any_finding_the_table_has_its_columns() -> None:
    assert list(findings(hospital().iloc[:20], SYSTEM, SystemContext()).columns) == list(FINDINGS.columns)


def test_a_place_that_closed_as_declared_is_not_missed() -> None:
    table = hospital()
    table.loc[day(200) :, table.columns.str[0].isin(["A", "B"])] = np.nan
    closed = replace(QUIET, opening_periods={"A": OpeningPeriod(last=day(199).date())})
    silent = findings(table, SYSTEM, closed).query("check == 'silent'")
    assert set(silent["unique_id"].str[0]) == {"B"}
