"""Time of a simulation: ten and forty sites, each in a process of its own, imports and writing included.

`python benchmarks/simulate.py [--days 1461]`
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

SITES = (10, 40)
FOUR_YEARS_DAYS = 1461
GOAL_SECONDS = 10.0  # for four years of ten sites


def main() -> None:
    """Print seconds, and seconds per site and day of the larger system over those of the smaller."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=FOUR_YEARS_DAYS, help="days of history")
    days = parser.parse_args().days
    seconds = {sites: _seconds(sites, days) for sites in SITES}
    for sites, taken in seconds.items():
        print(f"{sites} sites, {days} days: {taken:.2f} s, {1e6 * taken / (sites * days):.0f} us per site and day")
    few, many = SITES
    print(f"ratio per site and day, {many} to {few} sites: {seconds[many] / many / (seconds[few] / few):.2f}")
    print(f"goal: {few} sites of {FOUR_YEARS_DAYS} days in less than {GOAL_SECONDS:.0f} s")


def _seconds(sites: int, days: int) -> float:
    with TemporaryDirectory() as folder:
        options = ["--out", folder, "--seed", "1", "--days", str(days), "--sites", str(sites)]
        command = [sys.executable, "-m", "training", "simulate", *options]
        started = time.perf_counter()
        subprocess.run(command, cwd=Path(__file__).parents[1], check=True, capture_output=True)
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
