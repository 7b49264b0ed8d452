"""The sentences of the checks of the gate."""

import pytest

from tests.unit.promotion.summaries import CHAMPION, all_windows
from training.backtest.evaluation import NO_SUMMARY, BacktestSummary
from training.promotion import gate

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
