"""The gate's verdicts."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import product

import numpy as np
import pytest

from training.backtest.evaluation import NO_SUMMARY, BacktestSummary
from training.promotion import GateCheck, Verdict, blocks, chance_of_difference, gate

WINDOWS = {str(date(2026, 1, 1) + timedelta(days=6 * n)): 0.5 for n in range(12)}  # three blocks of 28 days
CHAMPION = BacktestSummary(
    windows=WINDOWS,
    measures={"attendances": 0.4, "occupancy": 0.6},
    large_places={"RXA": 0.5, "RXB": 0.55},
    holidays=0.7,
    coverage_80=0.80,
    fallback_share=0.0,
    publish_seconds=20.0,
    holiday_days=10,
    parent_coverage_80=0.80,
    horizon_days=28,
)


def all_windows(wis: float, n: int = 12) -> dict[str, float]:
    return dict.fromkeys(list(WINDOWS)[:n], wis)


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
    "coverage just enough": ({"coverage_80": 0.751}, CHAMPION, []),
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
    "sums are covered just enough": ({"parent_coverage_80": 0.751}, CHAMPION, []),
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
    assert [check.name for check in verdict.checks if not check.passed] == failed
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


POOR = BacktestSummary(
    windows={**all_windows(0.61), "2026-04-01": 0.1},
    measures={"attendances": 0.5, "discharges": 0.3},
    large_places={"RXB": 0.7},
    holidays=0.8,
    coverage_80=0.5,
    fallback_share=0.25,
    publish_seconds=60.0,
    holiday_days=12,
    parent_coverage_80=0.72,
    horizon_days=28,
)
TEXTS: dict[str, tuple[BacktestSummary, BacktestSummary | None, list[tuple[str, str, str, str, str]]]] = {
    "a tie": (
        CHAMPION,
        CHAMPION,
        [
            (
                "windows",
                "pass",
                "12",
                "at least 12",
                "Both were scored on 12 windows, the challenger on 12; the comparison holds.",
            ),
            (
                "scaled WIS",
                "pass",
                "0.5000, p = 1.00",
                "0.5000",
                (
                    "The challenger's scaled WIS 0.5000 is not above the champion's 0.5000 over 12 windows (the "
                    "sign-flip test over 3 blocks that do not overlap gives a difference as great a chance of 1.00)."
                ),
            ),
            (
                "coverage change",
                "pass",
                "0.0% off",
                "5.0% off",
                "The coverage, 80.0%, is not further from 80% than the champion's 80.0% by more than 5%.",
            ),
            (
                "parents' coverage change",
                "pass",
                "0.0% off",
                "5.0% off",
                "The coverage of sums, 80.0%, is not further from 80% than the champion's 80.0% by more than 5%.",
            ),
            (
                "holidays",
                "pass",
                "0.7000",
                "0.7700",
                "The scaled WIS on bank holidays, 0.7000, is not more than 10% above the champion's 0.7000.",
            ),
            (
                "measure attendances",
                "pass",
                "0.4000",
                "0.4200",
                "The scaled WIS of attendances, 0.4000, is not more than 5% above the champion's 0.4000.",
            ),
            (
                "measure occupancy",
                "pass",
                "0.6000",
                "0.6300",
                "The scaled WIS of occupancy, 0.6000, is not more than 5% above the champion's 0.6000.",
            ),
            (
                "large place RXA",
                "pass",
                "0.5000",
                "0.5500",
                "The scaled WIS of RXA, 0.5000, is not more than 10% above the champion's 0.5000.",
            ),
            (
                "large place RXB",
                "pass",
                "0.5500",
                "0.6050",
                "The scaled WIS of RXB, 0.5500, is not more than 10% above the champion's 0.5500.",
            ),
            (
                "publish time",
                "pass",
                "20.0 s",
                "at most 50.0 s",
                "Publishing takes 20.0 s; the champion takes 20.0 s, and 50.0 s is allowed.",
            ),
            (
                "coverage",
                "pass",
                "80.0%",
                "at least 70%",
                "The 80 % prediction interval covers 80.0% of actuals; 70% is required.",
            ),
            (
                "parents' coverage",
                "pass",
                "80.0%",
                "at least 70%",
                "The 80 % prediction interval of sums covers 80.0% of actuals; 70% is required.",
            ),
            (
                "fallbacks",
                "pass",
                "0.0%",
                "at most 2.0%",
                "0.0% of forecasts are fallbacks; 2.0% is allowed (the champion has 0.0%).",
            ),
        ],
    ),
    "worse in everything": (
        POOR,
        CHAMPION,
        [
            (
                "windows",
                "fail",
                "12",
                "at least 12",
                "Both were scored on 12 windows, the challenger on 13; it takes 12, the same for both.",
            ),
            (
                "scaled WIS",
                "fail",
                "0.6100, p = 0.25",
                "0.5000",
                (
                    "The challenger's scaled WIS 0.6100 is above the champion's 0.5000 over 12 windows (the "
                    "sign-flip test over 3 blocks that do not overlap gives a difference as great a chance of 0.25)."
                ),
            ),
            (
                "coverage change",
                "fail",
                "30.0% off",
                "5.0% off",
                "The coverage, 50.0%, is further from 80% than the champion's 80.0% by more than 5%.",
            ),
            (
                "parents' coverage change",
                "fail",
                "8.0% off",
                "5.0% off",
                "The coverage of sums, 72.0%, is further from 80% than the champion's 80.0% by more than 5%.",
            ),
            (
                "holidays",
                "fail",
                "0.8000",
                "0.7700",
                "The scaled WIS on bank holidays, 0.8000, is more than 10% above the champion's 0.7000.",
            ),
            (
                "measure attendances",
                "fail",
                "0.5000",
                "0.4200",
                "The scaled WIS of attendances, 0.5000, is more than 5% above the champion's 0.4000.",
            ),
            ("measure discharges", "pass", "-", "-", "The champion has nothing of discharges to compare with."),
            ("measure occupancy", "fail", "-", "0.6000", "The challenger has no forecast of occupancy to score."),
            ("large place RXA", "fail", "-", "0.5000", "The challenger has no forecast of RXA to score."),
            (
                "large place RXB",
                "fail",
                "0.7000",
                "0.6050",
                "The scaled WIS of RXB, 0.7000, is more than 10% above the champion's 0.5500.",
            ),
            (
                "publish time",
                "fail",
                "60.0 s",
                "at most 50.0 s",
                "Publishing takes 60.0 s; the champion takes 20.0 s, and 50.0 s is allowed.",
            ),
            (
                "coverage",
                "fail",
                "50.0%",
                "at least 70%",
                "The 80 % prediction interval covers only 50.0% of actuals; 70% is required.",
            ),
            (
                "parents' coverage",
                "pass",
                "72.0%",
                "at least 70%",
                "The 80 % prediction interval of sums covers 72.0% of actuals; 70% is required.",
            ),
            (
                "fallbacks",
                "fail",
                "25.0%",
                "at most 2.0%",
                "25.0% of forecasts are fallbacks; 2.0% is allowed (the champion has 0.0%).",
            ),
        ],
    ),
    "nothing measured, and a champion": (
        NO_SUMMARY,
        NO_SUMMARY,
        [
            (
                "windows",
                "fail",
                "0",
                "at least 12",
                "Both were scored on 0 windows, the challenger on 0; it takes 12, the same for both.",
            ),
            ("coverage change", "pass", "-", "-", "There is no coverage of both to compare."),
            ("parents' coverage change", "pass", "-", "-", "There is no coverage of both to compare."),
            (
                "holidays",
                "pass",
                "-",
                "10% above the champion's",
                "The windows have 0 bank holidays; a verdict takes 10.",
            ),
            ("publish time", "pass", "-", "-", "The time of publishing was not measured of both."),
            (
                "coverage",
                "pass",
                "-",
                "at least 70%",
                "The 80 % prediction interval has no actual to be scored by, or is not published.",
            ),
            (
                "parents' coverage",
                "pass",
                "-",
                "at least 70%",
                "The 80 % prediction interval of sums has no actual to be scored by, or is not published.",
            ),
            (
                "fallbacks",
                "pass",
                "0.0%",
                "at most 2.0%",
                "0.0% of forecasts are fallbacks; 2.0% is allowed (the champion has 0.0%).",
            ),
        ],
    ),
    "no champion": (
        CHAMPION,
        None,
        [
            (
                "coverage",
                "pass",
                "80.0%",
                "at least 70%",
                "The 80 % prediction interval covers 80.0% of actuals; 70% is required.",
            ),
            (
                "parents' coverage",
                "pass",
                "80.0%",
                "at least 70%",
                "The 80 % prediction interval of sums covers 80.0% of actuals; 70% is required.",
            ),
            ("fallbacks", "pass", "0.0%", "at most 10.0%", "0.0% of forecasts are fallbacks; 10.0% is allowed."),
        ],
    ),
}


@pytest.mark.parametrize(("challenger", "champion", "texts"), TEXTS.values(), ids=TEXTS)
def test_every_check_says_what_was_found_what_is_allowed_and_what_it_means(
    challenger: BacktestSummary, champion: BacktestSummary | None, texts: list[tuple[str, str, str, str, str]]
) -> None:
    checks = gate(challenger, champion).checks
    assert [(c.name, c.verdict, c.found, c.allowed, c.sentence) for c in checks] == texts


def test_a_champion_with_more_windows_than_the_challenger_is_not_compared() -> None:
    longer = replace(CHAMPION, windows={**WINDOWS, "2026-04-01": 0.5})
    assert [check.name for check in gate(CHAMPION, longer).checks if not check.passed] == ["windows"]


def test_the_chance_of_a_difference_over_many_windows_is_the_same_at_each_call() -> None:
    ours, theirs = list(np.linspace(0.4, 0.6, 20)), list(np.linspace(0.42, 0.59, 20))
    assert chance_of_difference(ours, theirs) == chance_of_difference(ours, theirs)


def test_the_chance_of_a_difference_is_the_share_of_sign_flips_that_reach_it() -> None:
    ours, theirs = [0.5, 0.4, 0.7, 0.3, 0.6], [0.4, 0.45, 0.5, 0.1, 0.3]
    differences = np.subtract(ours, theirs)
    flips = [abs(np.dot(signs, differences)) for signs in product((1, -1), repeat=5)]
    share = np.mean(np.array(flips) >= abs(differences.sum()) - 1e-12)
    assert chance_of_difference(ours, theirs) == pytest.approx(share)


@pytest.mark.parametrize(
    ("what", "steps", "horizon", "expected"),
    [
        ("windows six days apart", [0, 6, 12, 18, 24, 30, 36], 28, [0, 0, 0, 0, 0, 1, 1]),
        ("the first day after the first window is over", [0, 27, 28, 55, 56], 28, [0, 0, 1, 1, 2]),
        ("far apart", [0, 40, 80], 28, [0, 1, 2]),
        ("one window", [0], 28, [0]),
        ("of one day", [0, 1, 2], 1, [0, 1, 2]),
    ],
)
def test_windows_that_share_days_are_one_block(what: str, steps: list[int], horizon: int, expected: list[int]) -> None:
    assert blocks([date(2026, 1, 1) + timedelta(days=step) for step in steps], horizon) == expected, what


def test_the_signs_of_a_block_are_flipped_together() -> None:
    """Three blocks: differences of .3, .1 and -.2, in all .2. Of eight flips six reach that: not the two of 0."""
    ours, theirs = [0.1, 0.2, 0.4, 0.3, 0.1], [0.0, 0.0, 0.3, 0.4, 0.2]
    assert chance_of_difference(ours, theirs, [0, 0, 1, 2, 2]) == pytest.approx(6 / 8)
    assert chance_of_difference([0.1, 0.2, 0.4], [0.0, 0.0, 0.3], [0, 0, 1]) == pytest.approx(2 / 4)
    assert chance_of_difference([0.1, 0.2], [0.0, 0.0], [0, 0]) == 1.0


def test_ties_may_well_be_chance() -> None:
    assert chance_of_difference([0.5] * 8, [0.5] * 8) == 1.0


def test_one_failed_check_keeps_the_gate_closed() -> None:
    good, bad = GateCheck("a", True, "", "", "Good."), GateCheck("b", False, "", "", "Bad.")
    assert Verdict((good, bad)).opens is False
    assert Verdict((good, bad)).failures == "Bad."
    assert Verdict((good,)).opens is True
