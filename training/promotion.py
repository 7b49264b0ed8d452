"""The gate: may a challenger publish in the champion's stead? A pure function of two backtest summaries."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from training.backtest.evaluation import BacktestSummary

FEWEST_WINDOWS = 12  # that both were scored on; fewer say nothing of a difference
FEWEST_HOLIDAYS = 10  # bank holidays that were scored, for a verdict on them
COVERAGE_AT_LEAST = 0.70  # of the 80 % prediction interval
COVERAGE_PROMISED = 0.80
COVERAGE_LOST_AT_MOST = 0.05  # further from the promise than the champion's
WORSE_AT_MOST = {"holidays": 0.10, "measure": 0.05, "large place": 0.10}  # relative, of the scaled WIS of a part
FALLBACKS_AT_MOST = 0.10  # share of forecasts
FALLBACKS_MORE_AT_MOST = 0.02  # than the champion's
SLOWER_AT_MOST = 2.0  # times the champion's publish time,
PUBLISH_SLACK_SECONDS = 30.0  # or so many seconds more
SHARE_DECIMALS = 9  # to which shares are compared: 80 % less 75 % is five points, and not a little more
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
    checks = [*_coverages(challenger), _fallbacks(challenger, champion)]
    if champion is not None:
        checks = [*_comparisons(challenger, champion), *checks]
    return Verdict(tuple(checks))


def _comparisons(challenger: BacktestSummary, champion: BacktestSummary) -> Iterator[GateCheck]:
    """Yield the checks of a challenger against a champion."""
    together = sorted(set(challenger.windows) & set(champion.windows))
    yield _windows(challenger, champion, len(together))
    if len(together) >= FEWEST_WINDOWS:
        yield _wis(challenger, champion, together)
    yield from _coverage_changes(challenger, champion)
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


def _wis(challenger: BacktestSummary, champion: BacktestSummary, together: Sequence[str]) -> GateCheck:
    """Return the check that WIS is not above the champion's on average, with the p-value of the difference."""
    ours, theirs = ([summary.windows[window] for window in together] for summary in (challenger, champion))
    mine, other = float(np.mean(ours)), float(np.mean(theirs))
    passed = mine <= other
    verb = "is not above" if passed else "is above"
    of_block = blocks([date.fromisoformat(window) for window in together], challenger.horizon_days)
    chance = chance_of_difference(ours, theirs, of_block)
    return GateCheck(
        "scaled WIS",
        passed,
        f"{mine:.4f}, p = {chance:.2f}",
        f"{other:.4f}",
        f"The challenger's scaled WIS {mine:.4f} {verb} the champion's {other:.4f} over {len(ours)} windows "
        f"(the sign-flip test over {of_block[-1] + 1} blocks that do not overlap gives a difference as great a chance "
        f"of {chance:.2f}).",
    )


def blocks(cutoffs: Sequence[date], horizon_days: int) -> list[int]:
    """Return the block of each window, from 0, of increasing cutoffs: a block begins where the last one is over.

    Windows that begin within the first window of their block share days with it, and so errors.
    """
    found: list[int] = []
    first = cutoffs[0]
    for cutoff in cutoffs:
        begins = (cutoff - first).days >= horizon_days
        found.append((found[-1] if found else 0) + begins)
        first = cutoff if begins else first
    return found


def chance_of_difference(
    ours: Sequence[float], theirs: Sequence[float], of_block: Sequence[int] | None = None
) -> float:
    """Return the two-sided p-value of paired losses by window, by the sign-flip test (Fisher 1935).

    Differences of one block have their signs flipped together; without blocks each window is one of its own. It is
    exact up to a dozen blocks.
    """
    from scipy.stats import permutation_test  # takes a while to import

    differences = np.asarray(ours) - np.asarray(theirs)
    sums = np.bincount(np.arange(len(differences)) if of_block is None else of_block, weights=differences)
    if len(sums) == 1:  # the library takes two: either sign of one is as great
        return 1.0
    tested = permutation_test((sums, np.zeros_like(sums)), _sum, permutation_type="samples", n_resamples=FLIPS, rng=0)
    return float(tested.pvalue)


def _sum(ours: np.ndarray, theirs: np.ndarray, axis: int) -> np.ndarray:
    return np.asarray(np.sum(ours - theirs, axis=axis))


def _coverages(challenger: BacktestSummary) -> Iterator[GateCheck]:
    """Yield the checks of the coverage of all series, and of their sums."""
    yield _coverage("coverage", "The 80 % prediction interval", challenger.coverage_80)
    yield _coverage("parents' coverage", "The 80 % prediction interval of sums", challenger.parent_coverage_80)


def _coverage(name: str, what: str, share: float | None) -> GateCheck:
    allowed = f"at least {COVERAGE_AT_LEAST:.0%}"
    if share is None:
        return GateCheck(name, True, "-", allowed, f"{what} has no actual to be scored by, or is not published.")
    passed = share >= COVERAGE_AT_LEAST
    verb = "covers" if passed else "covers only"
    sentence = f"{what} {verb} {share:.1%} of actuals; {COVERAGE_AT_LEAST:.0%} is required."
    return GateCheck(name, passed, f"{share:.1%}", allowed, sentence)


def _coverage_changes(challenger: BacktestSummary, champion: BacktestSummary) -> Iterator[GateCheck]:
    yield _coverage_change("coverage change", "The coverage", challenger.coverage_80, champion.coverage_80)
    ours, theirs = challenger.parent_coverage_80, champion.parent_coverage_80
    yield _coverage_change("parents' coverage change", "The coverage of sums", ours, theirs)


def _coverage_change(name: str, what: str, ours: float | None, theirs: float | None) -> GateCheck:
    if ours is None or theirs is None:
        return GateCheck(name, True, "-", "-", "There is no coverage of both to compare.")
    off, allowed = abs(ours - COVERAGE_PROMISED), abs(theirs - COVERAGE_PROMISED) + COVERAGE_LOST_AT_MOST
    passed = round(off - allowed, SHARE_DECIMALS) <= 0
    verb = "is not" if passed else "is"
    return GateCheck(
        name,
        passed,
        f"{off:.1%} off",
        f"{allowed:.1%} off",
        f"{what}, {ours:.1%}, {verb} further from {COVERAGE_PROMISED:.0%} than the champion's {theirs:.1%} by "
        f"more than {COVERAGE_LOST_AT_MOST:.0%}.",
    )


def _holidays(challenger: BacktestSummary, champion: BacktestSummary) -> GateCheck:
    n_days = min(challenger.holiday_days, champion.holiday_days)
    if challenger.holidays is None or champion.holidays is None or n_days < FEWEST_HOLIDAYS:
        allowed = f"{WORSE_AT_MOST['holidays']:.0%} above the champion's"
        sentence = f"The windows have {n_days} bank holidays; a verdict takes {FEWEST_HOLIDAYS}."
        return GateCheck("holidays", True, "-", allowed, sentence)
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
