"""`headroom simulate`: a hospital system with known truth."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from rich.console import Console

from publication.days import ONE_DAY, today
from training.errors import UsageError, nearest
from training.files import output
from training.simulate.run import simulate
from training.simulate.scenario import FaultKind, Scenario

__all__ = ["Scenario", "faults", "run"]

TIMEZONE = "Europe/London"  # of the simulated hospitals, to say which day was yesterday
ALL = "all"


def run(console: Console, out: Path, seed: int, scenario: Scenario, now: datetime) -> Path:
    """Write the system, its history ending yesterday; return the path of its system.toml."""
    yesterday = today(now, TIMEZONE) - ONE_DAY
    with output("--out", out):
        written = simulate(out, seed, yesterday, scenario)
    console.print(
        f"Wrote {scenario.days} days of {scenario.sites} sites in {scenario.trusts} trusts; "
        f"the system is described in {written}",
        soft_wrap=True,
    )
    if scenario.faults:
        console.print(f"Every fault of the feed is listed in {written.with_name('faults.csv')}", soft_wrap=True)
    return written


def faults(options: Sequence[str]) -> tuple[FaultKind, ...]:
    """Return the faults that comma-separated words name. Raises UsageError where a word is none."""
    words = [word.strip() for option in options for word in option.split(",")]
    if ALL in words:
        return tuple(FaultKind)
    known = [kind.value for kind in FaultKind]
    for word in words:
        if word not in known:
            raise UsageError(f"--faults: found {word!r}, which is no fault. {nearest(word, [ALL, *known])}")
    return tuple(kind for kind in FaultKind if kind in words)
