"""The gate: whether a challenger may publish in the champion's stead. A pure function of what the backtest measured."""

from collections.abc import Mapping
from dataclasses import dataclass

WORSE_AT_MOST = 0.0  # relative: the challenger's scaled WIS may not exceed the champion's
COVERAGE_AT_LEAST = 0.70  # of the 80 % prediction interval
FALLBACKS_AT_MOST = 0.10  # share of forecasts


@dataclass(frozen=True)
class Check:
    """One named check: what was found, what is allowed, and a sentence for a person."""

    name: str
    passed: bool
    sentence: str


@dataclass(frozen=True)
class Verdict:
    """The checks of a gate; it opens when all of them pass."""

    checks: tuple[Check, ...]

    @property
    def opens(self) -> bool:
        return all(check.passed for check in self.checks)


def gate(challenger: Mapping[str, float], champion: Mapping[str, float] | None) -> Verdict:
    """The verdict on a challenger, from overall scores on the same windows (see `backtest.scores.overall`).

    Without a champion the challenger is held to its own promises only.
    """
    checks = [_coverage(challenger), _fallbacks(challenger)]
    if champion is not None:
        checks.insert(0, _wis(challenger, champion))
    return Verdict(tuple(checks))


def _wis(challenger: Mapping[str, float], champion: Mapping[str, float]) -> Check:
    ours, theirs = challenger["scaled_wis"], champion["scaled_wis"]
    passed = ours <= theirs * (1 + WORSE_AT_MOST)
    verb = "is not above" if passed else "is above"
    return Check("scaled WIS", passed, f"The challenger's scaled WIS {ours:.4f} {verb} the champion's {theirs:.4f}.")


def _coverage(challenger: Mapping[str, float]) -> Check:
    if "coverage_80" not in challenger:
        return Check("coverage", True, "The system publishes no 80 % prediction interval to judge.")
    share = challenger["coverage_80"]
    passed = share >= COVERAGE_AT_LEAST
    verb = "covers" if passed else "covers only"
    return Check(
        "coverage",
        passed,
        f"The 80 % prediction interval {verb} {share:.1%} of actuals; {COVERAGE_AT_LEAST:.0%} is asked.",
    )


def _fallbacks(challenger: Mapping[str, float]) -> Check:
    share = challenger["fallback_share"]
    passed = share <= FALLBACKS_AT_MOST
    return Check("fallbacks", passed, f"{share:.1%} of forecasts are fallbacks; {FALLBACKS_AT_MOST:.0%} is allowed.")
