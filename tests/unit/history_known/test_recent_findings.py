"""The findings of a publication: each kind laid into a quiet hospital, its days, and what the forecast did with it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from publication.model import Finding
from publication.vocabulary import Check, Severity, Treatment
from tests.unit.pipeline.histories import versions
from tests.unit.plausibility.hospitals import QUIET, SITES, SYSTEM, hospital
from training.history.flags import NO_FLAGS
from training.history.point_in_time import PointInTimeHistory
from training.history.recent_findings import recent_findings
from training.system.model import Event, EventKind, OpeningPeriod, SystemContext

TABLE = hospital()
CUTOFF = pd.Timestamp(TABLE.index[-1])
N_DAYS = 56
NAN = float("nan")

Lay = Callable[[pd.DataFrame], None]


def ago(days: int) -> date:
    return (CUTOFF - pd.Timedelta(days=days)).date()


def setting(series: str, days_ago: range, value: float) -> Lay:
    """Lays a value on the days that are so many days before the cutoff."""

    def lay(table: pd.DataFrame) -> None:
        for days in days_ago:
            table.loc[CUTOFF - pd.Timedelta(days=days), series] = value

    return lay


def found_in(
    lay: Lay, context: SystemContext = QUIET, flags: pd.DataFrame = NO_FLAGS, checks: dict[str, str] | None = None
) -> list[Finding]:
    """What a publication of all series would carry; `checks` are flags that the archive brings, by series."""
    table = TABLE.copy()
    lay(table)
    rows = versions(table)
    if checks is not None:
        on_cutoff_minus_3 = rows["ds"] == CUTOFF - pd.Timedelta(days=3)
        rows["check"] = rows["unique_id"].map(checks).where(on_cutoff_minus_3)
    history = PointInTimeHistory(rows, SYSTEM, CUTOFF, context)
    published = {*map(str, history.as_of(CUTOFF).columns), "north/attendances"}
    return list(recent_findings(history, CUTOFF, N_DAYS, published, flags))


@dataclass(frozen=True)
class Case:
    """What is laid, and the check, series, first and last day (days before the cutoff) and treatment of the finding."""

    name: str
    lay: Lay
    check: Check
    series: str
    first: int
    last: int
    treatment: Treatment
    reason: str


A, B, C = "A/occupancy", "B/attendances", "C/admissions"
CASES = [
    Case("frozen for ten days", setting(A, range(20, 30), 437.0), Check.FROZEN, A, 28, 20, Treatment.LEFT_OUT,
         "found 437 on its first day, baseline "),
    Case("frozen since before the last weeks", setting(A, range(50, 70), 437.0), Check.FROZEN, A, 68, 50,
         Treatment.LEFT_OUT, "found 437"),
    Case("a sentinel on the cutoff", setting(B, range(1), 9999.0), Check.SENTINEL, B, 0, 0, Treatment.LEFT_OUT,
         "found 9999"),
    Case("two days without a value", setting(B, range(5, 7), NAN), Check.GAP, B, 6, 5, Treatment.IMPUTED,
         "no value, and others before and after it"),
    Case("nothing for nine days", setting(C, range(9), NAN), Check.LATE, C, 8, 0, Treatment.LEAD_EXTENDED,
         f"no value since {ago(9)}"),
    Case("nothing for forty days", setting(C, range(40), NAN), Check.SILENT, C, 39, 0, Treatment.NOT_FORECAST,
         f"no value since {ago(40)}"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_fault_is_one_finding_with_its_days_and_what_was_done(case: Case) -> None:
    (finding,) = [of for of in found_in(case.lay) if of.series == case.series and of.check is case.check]
    assert (finding.first, finding.last) == (ago(case.first), ago(case.last))
    assert (finding.treatment, finding.severity) == (case.treatment, case.check.severity)
    assert finding.reason.startswith(case.reason)


def test_a_quiet_hospital_has_none_and_older_days_are_left_out() -> None:
    assert found_in(lambda _: None) == []
    assert found_in(setting(B, range(56, 57), 9999.0)) == []
    assert [of.check for of in found_in(setting(B, range(55, 56), 9999.0))] == [Check.SENTINEL]


def test_many_gaps_are_listed_one_by_one() -> None:
    gaps = [of for of in found_in(setting(B, range(1, 40, 2), NAN)) if of.check is Check.GAP]
    assert [(of.first, of.last) for of in gaps] == [(ago(days), ago(days)) for days in range(1, 40, 2)]


def test_suspect_findings_come_first_then_the_newest() -> None:
    def lay(table: pd.DataFrame) -> None:
        setting(B, range(5, 6), NAN)(table)
        setting(A, range(30, 31), 9999.0)(table)
        setting(C, range(10, 11), 9999.0)(table)

    assert [(of.series, of.check) for of in found_in(lay)] == [
        (C, Check.SENTINEL),
        (A, Check.SENTINEL),
        (B, Check.GAP),
    ]


def test_days_that_an_event_leaves_out_are_found_in_each_series_that_it_is_about() -> None:
    event = Event(ago(4), ago(2), None, "beds", EventKind.EXCLUDE, "moved house")
    found = found_in(lambda _: None, replace(QUIET, events=(event,)))
    assert [(of.series, of.first, of.last) for of in found] == [(f"{site}/beds", ago(4), ago(2)) for site in SITES]
    assert {(of.check, of.treatment, of.severity) for of in found} == {
        (Check.EXCLUDED, Treatment.LEFT_OUT, Severity.NOTED)
    }
    assert not any("moved house" in of.reason for of in found)  # a note may name places that a reader may not see


def test_a_place_that_closed_is_named_as_closed() -> None:
    context = replace(QUIET, opening_periods={"E": OpeningPeriod(last=ago(10))})

    def lay(table: pd.DataFrame) -> None:
        for series in (name for name in map(str, table.columns) if name.startswith("E/")):
            setting(series, range(10), NAN)(table)

    found = found_in(lay, context)
    assert {of.check for of in found} == {Check.CLOSED}
    assert {(of.first, of.last, of.treatment) for of in found} == {(ago(9), ago(0), Treatment.NOT_FORECAST)}
    assert found[0].reason == f"its place closed; last value {ago(10)}"


def test_the_own_total_of_a_place_is_left_out_where_it_disagrees_and_not_missed_where_it_is_not_sent() -> None:
    def lay(table: pd.DataFrame) -> None:
        table["north/attendances"] = table[[f"{site}/attendances" for site in SITES]].sum(axis=1)
        setting("north/attendances", range(7, 8), 3.0)(table)
        setting("north/attendances", range(3), NAN)(table)
        setting("north/attendances", range(20, 22), NAN)(table)

    (finding,) = [of for of in found_in(lay) if of.series == "north/attendances"]
    assert (finding.check, finding.treatment) == (Check.DISAGREEING_TOTAL, Treatment.LEFT_OUT)


def test_what_a_source_flags_is_found_and_a_suspect_flag_is_left_out() -> None:
    found = found_in(lambda _: None, checks={B: "partial day", A: "suppressed"})
    assert [(of.series, of.check, of.first, of.last, of.treatment) for of in found] == [
        (B, Check.PARTIAL_DAY, ago(3), ago(3), Treatment.LEFT_OUT),
        (A, Check.SUPPRESSED, ago(3), ago(3), Treatment.USED),
    ]
    assert [of.reason for of in found] == [
        "part of the day is missing from its sum",
        "a stand-in for a small count that the source suppresses",
    ]


def test_a_flag_of_a_version_that_was_revised_is_gone() -> None:
    rows = versions(TABLE)
    flagged = rows["unique_id"].eq(B) & rows["ds"].eq(CUTOFF - pd.Timedelta(days=3))
    rows["check"] = pd.Series("partial day", rows.index).where(flagged)
    later = rows["known_at"] + pd.Timedelta(hours=6)
    revised = rows[flagged].assign(check=None, known_at=later[flagged])
    history = PointInTimeHistory(pd.concat([rows, revised]), SYSTEM, CUTOFF, QUIET)
    assert history.flags.empty
    assert history.as_of(CUTOFF)[B].notna().all()
    assert recent_findings(history, CUTOFF, N_DAYS, set(history.as_of(CUTOFF).columns)) == ()
    before = pd.Timestamp(CUTOFF - pd.Timedelta(days=3))
    assert np.isnan(history.as_of(before)[B].iloc[-1])  # it was known to be partial at the end of its day


def test_flags_that_meet_a_finding_of_the_same_check_are_one_with_it() -> None:
    """The newest day is found to be half counted; the source says so of the day before it."""
    flags = pd.DataFrame({"unique_id": [B], "ds": [CUTOFF - pd.Timedelta(days=1)], "check": ["partial day"]})
    (finding,) = [of for of in found_in(setting(B, range(1), 20.0), flags=flags) if of.check is Check.PARTIAL_DAY]
    assert (finding.first, finding.last) == (ago(1), ago(0))


def test_weekly_totals_are_noted_and_used() -> None:
    days = [CUTOFF - pd.Timedelta(days=days) for days in range(14)]
    flags = pd.DataFrame({"unique_id": B, "ds": days, "check": "weekly totals"})
    (finding,) = found_in(lambda _: None, flags=flags)
    assert (finding.check, finding.first, finding.last) == (Check.WEEKLY_TOTALS, ago(13), ago(0))
    assert (finding.treatment, finding.days) == (Treatment.USED, 14)
    assert finding.last - finding.first == timedelta(days=13)


@pytest.mark.parametrize(("delay_days", "said"), [(3, "; its values typically come 3 days after the day"), (0, "")])
def test_a_late_series_says_how_late_it_typically_is(delay_days: int, said: str) -> None:
    table = TABLE.copy()
    table.loc[CUTOFF - pd.Timedelta(days=2) :, B] = NAN
    rows = versions(table)
    late = rows["unique_id"].eq(B)
    rows.loc[late, "known_at"] += pd.Timedelta(days=delay_days)
    history = PointInTimeHistory(rows, SYSTEM, CUTOFF, QUIET)
    (finding,) = recent_findings(history, CUTOFF, N_DAYS, set(history.as_of(CUTOFF).columns))
    assert finding.reason == f"no value since {ago(3)}{said}"
