"""The gate: may a challenger publish in the champion's stead? A pure function of two backtest summaries."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from training.backtest.evaluation import BacktestSummary

FEWEST_WINDOWS = 4  # that both were scored on; fewer say nothing of a difference
COVERAGE_AT_LEAST = 0.70  # of the 80 % prediction interval
COVERAGE_PROMISED = 0.80
COVERAGE_LOST_AT_MOST = 0.05  # further from the promise than the champion's
WORSE_AT_MOST = {"holidays": 0.10, "measure": 0.05, "large place": 0.10}  # relative, of the scaled WIS of a part
FALLBACKS_AT_MOST = 0.10  # share of forecasts
FALLBACKS_MORE_AT_MOST = 0.02  # than the champion's
SLOWER_AT_MOST = 2.0  # times the champion's publish time,
PUBLISH_SLACK_SECONDS = 30.0  # or so many seconds more
FLIPS = 4096  # ways to flip the signs of windows that are tried; all there are of twelve

PASS, FAIL = "pass", "fail"


@dataclass(frozen=True)
class GateCheck:
    """A named check with the value found, the value allowed, and a sentence."""

    name: str
    passed: bool
    found: str
    allowed: str
    sentence: str

    @property
    def verdict(self) -> str:
        return PASS if self.passed else FAIL


@dataclass(frozen=True)
class Verdict:
    """The checks of a gate; it opens when all of them pass."""

    checks: tuple[GateCheck, ...]

    @property
    def opens(self) -> bool:
        return all(check.passed for check in self.checks)

    @property
    def failures(self) -> str:
        """The sentences of the checks that did not pass."""
        return " ".join(check.sentence for check in self.checks if not check.passed)


def gate(challenger: BacktestSummary, champion: BacktestSummary | None) -> Verdict:
    """Return the verdict on a challenger, from the summaries of both on the same windows.

    Without a champion only the challenger's own coverage and fallbacks are checked.
    """
    checks = [_coverage(challenger), _fallbacks(challenger, champion)]
    if champion is not None:
        checks = [*_comparisons(challenger, champion), *checks]
    return Verdict(tuple(checks))


def _comparisons(challenger: BacktestSummary, champion: BacktestSummary) -> Iterator[GateCheck]:
    """Yield the checks of a challenger against a champion."""
    together = sorted(set(challenger.windows) & set(champion.windows))
    yield _windows(challenger, champion, len(together))
    if len(together) >= FEWEST_WINDOWS:
        yield _wis([challenger.windows[w] for w in together], [champion.windows[w] for w in together])
    yield _coverage_change(challenger, champion)
    yield _holidays(challenger, champion)
    for name in sorted({*challenger.measures, *champion.measures}):
        yield _part("measure", name, challenger.measures, champion.measures)
    for name in sorted({*challenger.large_places, *champion.large_places}):
        yield _part("large place", name, challenger.large_places, champion.large_places)
    yield _publish_time(challenger, champion)


def _windows(challenger: BacktestSummary, champion: BacktestSummary, together: int) -> GateCheck:
    passed = together >= FEWEST_WINDOWS and len(champion.windows) == len(challenger.windows) == together
    sentence = f"Both were scored on {together} windows, the challenger on {len(challenger.windows)}; "
    sentence += "the comparison holds." if passed else f"it takes {FEWEST_WINDOWS}, the same for both."
    return GateCheck("windows", passed, f"{together}", f"at least {FEWEST_WINDOWS}", sentence)


def _wis(ours: list[float], theirs: list[float]) -> GateCheck:
    """Return the check that WIS is not above the champion's on average, with the p-value of the difference."""
    mine, other = float(np.mean(ours)), float(np.mean(theirs))
    passed = mine <= other
    verb = "is not above" if passed else "is above"
    chance = chance_of_difference(ours, theirs)
    return GateCheck(
        "scaled WIS",
        passed,
        f"{mine:.4f}, p = {chance:.2f}",
        f"{other:.4f}",
        f"The challenger's scaled WIS {mine:.4f} {verb} the champion's {other:.4f} over {len(ours)} windows "
        f"(the sign-flip test gives a difference as great a chance of {chance:.2f}).",
    )


def chance_of_difference(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the two-sided p-value of paired losses by window, by the sign-flip test (Fisher 1935).

    It is exact up to a dozen windows. Windows that overlap are not independent, which makes it a little small.
    """
    from scipy.stats import permutation_test  # takes a while to import

    tested = permutation_test(
        (np.asarray(ours), np.asarray(theirs)), _mean_difference, permutation_type="samples", n_resamples=FLIPS, rng=0
    )
    return float(tested.pvalue)


def _mean_difference(ours: np.ndarray, theirs: np.ndarray, axis: int) -> np.ndarray:
    return np.asarray(np.mean(ours - theirs, axis=axis))


def _coverage(challenger: BacktestSummary) -> GateCheck:
    allowed = f"at least {COVERAGE_AT_LEAST:.0%}"
    share = challenger.coverage_80
    if share is None:
        return GateCheck(
            "coverage", True, "-", allowed, "There is no 80 % prediction interval, or no actual, to score."
        )
    passed = share >= COVERAGE_AT_LEAST
    verb = "covers" if passed else "covers only"
    sentence = f"The 80 % prediction interval {verb} {share:.1%} of actuals; {COVERAGE_AT_LEAST:.0%} is required."
    return GateCheck("coverage", passed, f"{share:.1%}", allowed, sentence)


def _coverage_change(challenger: BacktestSummary, champion: BacktestSummary) -> GateCheck:
    name, ours, theirs = "coverage change", challenger.coverage_80, champion.coverage_80
    if ours is None or theirs is None:
        return GateCheck(name, True, "-", "-", "There is no coverage of both to compare.")
    off, allowed = abs(ours - COVERAGE_PROMISED), abs(theirs - COVERAGE_PROMISED) + COVERAGE_LOST_AT_MOST
    passed = off <= allowed
    verb = "is not" if passed else "is"
    return GateCheck(
        name,
        passed,
        f"{off:.1%} off",
        f"{allowed:.1%} off",
        f"The coverage of {ours:.1%} {verb} further from {COVERAGE_PROMISED:.0%} than the champion's {theirs:.1%} by "
        f"more than {COVERAGE_LOST_AT_MOST:.0%}.",
    )


def _holidays(challenger: BacktestSummary, champion: BacktestSummary) -> GateCheck:
    if challenger.holidays is None or champion.holidays is None:
        allowed = f"{WORSE_AT_MOST['holidays']:.0%} above the champion's"
        return GateCheck("holidays", True, "-", allowed, "No window has a bank holiday to score.")
    return _not_much_worse("holidays", "on bank holidays", "holidays", challenger.holidays, champion.holidays)


def _part(kind: str, name: str, ours: Mapping[str, float], theirs: Mapping[str, float]) -> GateCheck:
    """Return the check of a measure or large place; a new one is not compared, and a lost one fails."""
    title = f"{kind} {name}"
    if name not in theirs:
        return GateCheck(title, True, "-", "-", f"The champion has nothing of {name} to compare with.")
    if name not in ours:
        return GateCheck(
            title, False, "-", f"{theirs[name]:.4f}", f"The challenger has no forecast of {name} to score."
        )
    return _not_much_worse(title, f"of {name}", kind, ours[name], theirs[name])


def _not_much_worse(title: str, of_what: str, kind: str, ours: float, theirs: float) -> GateCheck:
    allowed = theirs * (1 + WORSE_AT_MOST[kind])
    passed = ours <= allowed
    verb = "is not" if passed else "is"
    return GateCheck(
        title,
        passed,
        f"{ours:.4f}",
        f"{allowed:.4f}",
        f"The scaled WIS {of_what}, {ours:.4f}, {verb} more than {WORSE_AT_MOST[kind]:.0%} above the champion's "
        f"{theirs:.4f}.",
    )


def _fallbacks(challenger: BacktestSummary, champion: BacktestSummary | None) -> GateCheck:
    share, before = challenger.fallback_share, None if champion is None else champion.fallback_share
    allowed = FALLBACKS_AT_MOST if before is None else min(FALLBACKS_AT_MOST, before + FALLBACKS_MORE_AT_MOST)
    comparison = "" if before is None else f" (the champion has {before:.1%})"
    sentence = f"{share:.1%} of forecasts are fallbacks; {allowed:.1%} is allowed{comparison}."
    return GateCheck("fallbacks", share <= allowed, f"{share:.1%}", f"at most {allowed:.1%}", sentence)


def _publish_time(challenger: BacktestSummary, champion: BacktestSummary) -> GateCheck:
    ours, theirs = challenger.publish_seconds, champion.publish_seconds
    if ours is None or theirs is None:
        return GateCheck("publish time", True, "-", "-", "The time of publishing was not measured of both.")
    allowed = max(theirs * SLOWER_AT_MOST, theirs + PUBLISH_SLACK_SECONDS)
    sentence = f"Publishing takes {ours:.1f} s; the champion takes {theirs:.1f} s, and {allowed:.1f} s is allowed."
    return GateCheck("publish time", ours <= allowed, f"{ours:.1f} s", f"at most {allowed:.1f} s", sentence)
