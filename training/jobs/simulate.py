"""`headroom simulate`: a hospital system with known truth."""

from datetime import datetime
from pathlib import Path

from rich.console import Console

from publication.days import ONE_DAY, today
from training.simulate import simulate

TIMEZONE = "Europe/London"  # of the simulated hospitals, to say which day was yesterday


def run(console: Console, out: Path, seed: int, days: int, trusts: int, sites: int, now: datetime) -> Path:
    """Write the system, its history ending yesterday; gives the path of its system.toml."""
    yesterday = today(now, TIMEZONE) - ONE_DAY
    written = simulate(out, seed, yesterday, days, trusts, sites)
    console.print(
        f"Wrote {days} days of {sites} sites in {trusts} trusts; the system is described in {written}", soft_wrap=True
    )
    return written
