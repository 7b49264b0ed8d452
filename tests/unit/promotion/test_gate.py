"""The gate's verdicts."""

import pytest

from training.promotion import Check, Verdict, gate

GOOD = {"scaled_wis": 0.50, "coverage_80": 0.80, "fallback_share": 0.0}
CHAMPION = {"scaled_wis": 0.50, "coverage_80": 0.40, "fallback_share": 0.9}


@pytest.mark.parametrize(
    ("what", "challenger", "champion", "refused"),
    [
        ("equal to the champion", {}, CHAMPION, []),
        ("better", {"scaled_wis": 0.49}, CHAMPION, []),
        ("worse by a hair", {"scaled_wis": 0.5001}, CHAMPION, ["scaled WIS"]),
        ("no champion: however bad its WIS", {"scaled_wis": 99.0}, None, []),
        ("coverage just enough", {"coverage_80": 0.70}, None, []),
        ("coverage just not enough", {"coverage_80": 0.699}, None, ["coverage"]),
        ("intervals far too wide are the WIS's business", {"coverage_80": 1.0}, None, []),
        ("a tenth are fallbacks", {"fallback_share": 0.10}, None, []),
        ("more than a tenth", {"fallback_share": 0.11}, None, ["fallbacks"]),
        (
            "everything at once",
            {"scaled_wis": 1.0, "coverage_80": 0.1, "fallback_share": 1.0},
            CHAMPION,
            ["scaled WIS", "coverage", "fallbacks"],
        ),
    ],
)
def test_the_gate(
    what: str, challenger: dict[str, float], champion: dict[str, float] | None, refused: list[str]
) -> None:
    verdict = gate({**GOOD, **challenger}, champion)
    assert [check.name for check in verdict.checks if not check.passed] == refused, what
    assert verdict.opens is (not refused)


def test_a_system_without_an_80_percent_interval_is_not_judged_by_it() -> None:
    verdict = gate({"scaled_wis": 0.5, "fallback_share": 0.0}, None)
    assert verdict.opens
    assert verdict.checks[0].sentence == "The system publishes no 80 % prediction interval to judge."


def test_a_refusal_says_what_was_found_and_what_is_asked() -> None:
    verdict = gate({"scaled_wis": 0.61, "coverage_80": 0.5, "fallback_share": 0.25}, CHAMPION)
    assert [check.sentence for check in verdict.checks] == [
        "The challenger's scaled WIS 0.6100 is above the champion's 0.5000.",
        "The 80 % prediction interval covers only 50.0% of actuals; 70% is asked.",
        "25.0% of forecasts are fallbacks; 10% is allowed.",
    ]


def test_one_failed_check_keeps_the_gate_closed() -> None:
    assert Verdict((Check("a", True, ""), Check("b", False, ""))).opens is False
    assert Verdict((Check("a", True, ""),)).opens is True
