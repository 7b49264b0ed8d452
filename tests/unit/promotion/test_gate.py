"""The gate's verdicts."""

from dataclasses import replace

import pytest

from tests.unit.promotion.summaries import CHAMPION, WINDOWS, all_windows
from training.backtest.evaluation import NO_SUMMARY, BacktestSummary
from training.promotion import GateCheck, Verdict, gate

ROWS: dict[str, tuple[dict[str, object], BacktestSummary | None, list[str]]] = {
    "ties in everything": ({}, CHAMPION, []),
    "better in every window": ({"windows": all_windows(0.45)}, CHAMPION, []),
    "worse by a hair": ({"windows": all_windows(0.5001)}, CHAMPION, ["scaled WIS"]),
    "worse in one window, better in another": (
        {"windows": {**WINDOWS, "2026-01-01": 0.7, "2026-01-07": 0.2}},
        CHAMPION,
        [],
    ),
    "better in most windows, but worse on average": (
        {"windows": {**all_windows(0.49), "2026-01-01": 2.0}},
        CHAMPION,
        ["scaled WIS"],
    ),
    "no champion: however bad its WIS": ({"windows": all_windows(99.0)}, None, []),
    "no champion and no window: nothing better publishes": ({**vars(NO_SUMMARY)}, None, []),
    "no window of the challenger": ({"windows": {}}, CHAMPION, ["windows"]),
    "no window of the champion": ({}, replace(CHAMPION, windows={}), ["windows"]),
    "fewer windows than needed, of both": (
        {"windows": all_windows(0.1, 11)},
        replace(CHAMPION, windows=all_windows(0.5, 11)),
        ["windows"],
    ),
    "the fewest windows, of both": (
        {"windows": all_windows(0.4)},
        replace(CHAMPION, windows=all_windows(0.5)),
        [],
    ),
    "other windows than the champion's": (
        {"windows": {f"2025-01-{day:02d}": 0.1 for day in range(1, 13)}},
        CHAMPION,
        ["windows"],
    ),
    "one window that the champion was not scored on": (
        {"windows": {**WINDOWS, "2026-04-01": 0.1}},
        CHAMPION,
        ["windows"],
    ),
    "coverage just enough": ({"coverage_80": 0.75}, CHAMPION, []),
    "coverage just too little": ({"coverage_80": 0.749}, CHAMPION, ["coverage change"]),
    "coverage just not too much": ({"coverage_80": 0.85}, CHAMPION, []),
    "wins on the mean, loses coverage": (
        {"windows": all_windows(0.3), "coverage_80": 0.60},
        CHAMPION,
        ["coverage change", "coverage"],
    ),
    "wins on the mean, intervals far too wide": (
        {"windows": all_windows(0.3), "coverage_80": 0.90},
        CHAMPION,
        ["coverage change"],
    ),
    "too wide, but the champion is no better": ({"coverage_80": 0.97}, replace(CHAMPION, coverage_80=0.95), []),
    "too narrow, and the champion is no better": (
        {"coverage_80": 0.66},
        replace(CHAMPION, coverage_80=0.65),
        ["coverage"],
    ),
    "no champion, coverage just enough": ({"coverage_80": 0.70}, None, []),
    "no champion, coverage just not enough": ({"coverage_80": 0.699}, None, ["coverage"]),
    "no 80 % interval is published": ({"coverage_80": None}, CHAMPION, []),
    "holidays a little worse": ({"holidays": 0.76}, CHAMPION, []),
    "holidays much worse": ({"holidays": 0.78}, CHAMPION, ["holidays"]),
    "holidays much worse, but too few of them": ({"holidays": 0.78, "holiday_days": 9}, CHAMPION, []),
    "too few of the champion's": ({"holidays": 0.78}, replace(CHAMPION, holiday_days=9), []),
    "no holiday in the windows": ({"holidays": None}, CHAMPION, []),
    "sums are covered just enough": ({"parent_coverage_80": 0.75}, CHAMPION, []),
    "sums lose coverage": ({"parent_coverage_80": 0.74}, CHAMPION, ["parents' coverage change"]),
    "sums are covered far too little": (
        {"parent_coverage_80": 0.60},
        CHAMPION,
        ["parents' coverage change", "parents' coverage"],
    ),
    "no champion, sums are covered too little": ({"parent_coverage_80": 0.69}, None, ["parents' coverage"]),
    "no sums": ({"parent_coverage_80": None}, CHAMPION, []),
    "a measure a little worse": ({"measures": {"attendances": 0.41, "occupancy": 0.6}}, CHAMPION, []),
    "a measure much worse, another much better": (
        {"measures": {"attendances": 0.2, "occupancy": 0.66}},
        CHAMPION,
        ["measure occupancy"],
    ),
    "a measure that is lost": ({"measures": {"attendances": 0.4}}, CHAMPION, ["measure occupancy"]),
    "a measure that is new": ({"measures": {**CHAMPION.measures, "discharges": 9.0}}, CHAMPION, []),
    "a large place a little worse": ({"large_places": {"RXA": 0.54, "RXB": 0.55}}, CHAMPION, []),
    "a large place worse by just a tenth": ({"large_places": {"RXA": 0.55, "RXB": 0.55}}, CHAMPION, []),
    "a large place much worse": ({"large_places": {"RXA": 0.56, "RXB": 0.1}}, CHAMPION, ["large place RXA"]),
    "no large place": ({"large_places": {}}, replace(CHAMPION, large_places={}), []),
    "some fallbacks more": ({"fallback_share": 0.02}, CHAMPION, []),
    "many fallbacks more": ({"fallback_share": 0.03}, CHAMPION, ["fallbacks"]),
    "many fallbacks, as the champion has": ({"fallback_share": 0.09}, replace(CHAMPION, fallback_share=0.09), []),
    "too many fallbacks, as the champion has": (
        {"fallback_share": 0.12},
        replace(CHAMPION, fallback_share=0.12),
        ["fallbacks"],
    ),
    "no champion, a tenth are fallbacks": ({"fallback_share": 0.10}, None, []),
    "no champion, more than a tenth": ({"fallback_share": 0.11}, None, ["fallbacks"]),
    "slower, by what nobody minds": ({"publish_seconds": 50.0}, CHAMPION, []),
    "much slower": ({"publish_seconds": 51.0}, CHAMPION, ["publish time"]),
    "twice as slow as one that takes minutes": (
        {"publish_seconds": 400.0},
        replace(CHAMPION, publish_seconds=200.0),
        [],
    ),
    "the time was not measured": ({"publish_seconds": None}, CHAMPION, []),
    "everything at once": (
        {"windows": all_windows(1.0), "coverage_80": 0.1, "fallback_share": 1.0, "holidays": 9.0},
        CHAMPION,
        ["scaled WIS", "coverage change", "holidays", "coverage", "fallbacks"],
    ),
}


@pytest.mark.parametrize(("found", "champion", "failed"), ROWS.values(), ids=ROWS)
def test_the_gate(found: dict[str, object], champion: BacktestSummary | None, failed: list[str]) -> None:
    verdict = gate(replace(CHAMPION, **found), champion)  # type: ignore[arg-type]
    assert [check.name for check in verdict.checks if check.passed is False] == failed
    assert verdict.opens is (not failed)


def test_every_check_has_a_name_of_its_own_and_says_what_was_found() -> None:
    checks = gate(CHAMPION, CHAMPION).checks
    assert len({check.name for check in checks}) == len(checks) == 13
    assert all(check.sentence.endswith(".") and check.found and check.allowed for check in checks)


def test_a_failed_check_says_what_was_found_and_what_is_required() -> None:
    poor = replace(CHAMPION, windows=all_windows(0.61), coverage_80=0.5, fallback_share=0.25)
    assert gate(poor, CHAMPION).failures == (
        "The challenger's scaled WIS 0.6100 is above the champion's 0.5000 over 12 windows "
        "(the sign-flip test over 3 blocks that do not overlap gives a difference as great a chance of 0.25). "
        "The coverage, 50.0%, is further from 80% than the champion's 80.0% by more than 5%. "
        "The 80 % prediction interval covers only 50.0% of actuals; 70% is required. "
        "25.0% of forecasts are fallbacks; 2.0% is allowed (the champion has 0.0%)."
    )


def test_a_last_block_of_one_window_is_counted() -> None:
    """Windows on 0, 6, ..., 60 days and on 100: blocks of 28 days begin on 0, 30, 60 and 100."""
    windows = {**all_windows(0.5, 11), "2026-04-11": 0.5}
    champion = replace(CHAMPION, windows=windows)
    sentence = next(check.sentence for check in gate(champion, champion).checks if check.name == "scaled WIS")
    assert "over 4 blocks" in sentence


def test_a_champion_with_more_windows_than_the_challenger_is_not_compared() -> None:
    longer = replace(CHAMPION, windows={**WINDOWS, "2026-04-01": 0.5})
    assert [check.name for check in gate(CHAMPION, longer).checks if not check.passed] == ["windows"]


def test_one_failed_check_keeps_the_gate_closed() -> None:
    good, bad = GateCheck("a", True, "", "", "Good."), GateCheck("b", False, "", "", "Bad.")
    assert Verdict((good, bad)).opens is False
    assert Verdict((good, bad)).failures == "Bad."
    assert Verdict((good,)).opens is True
