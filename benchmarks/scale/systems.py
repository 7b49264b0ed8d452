"""Simulated systems of any number of series, ingested and with a champion: a region of trusts, each with four sites."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

LAST_DAY = date(2025, 12, 31)
DAY_BEFORE = LAST_DAY - timedelta(days=1)
YEARS_3_DAYS = 1096
MEASURES = 5  # of each place: parents have them as sums
SITES_PER_TRUST = 4
SEED = 1
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class ScaleSystem:
    """A system of about `n_series` series, sums among them, in a folder of its own that is taken up again."""

    n_series: int
    folder: Path

    @property
    def n_trusts(self) -> int:
        """The trusts of a tree whose places have the five measures."""
        return max(1, round((self.n_series / MEASURES - 1) / (1 + SITES_PER_TRUST)))

    @property
    def n_sites(self) -> int:
        """The sites that are left of the places after the region and its trusts."""
        return max(self.n_trusts, self.n_series // MEASURES - 1 - self.n_trusts)

    @property
    def file(self) -> Path:
        """The path of its system.toml."""
        return self.folder / "system" / "system.toml"

    @property
    def home(self) -> Path:
        """The home of its jobs."""
        return self.folder / "home"


def prepare(system: ScaleSystem) -> None:
    """Simulate, ingest, register a champion, and save the means of past windows: once each, also over several runs."""
    once(system, "simulated", lambda: run_program("prepare", "simulate", system))
    once(system, "ingested", lambda: run_program("prepare", "ingest", system))
    once(system, "registered", lambda: run_program("prepare", "register", system))
    once(system, "windows", lambda: run_program("prepare", "windows", system))


def run_program(module: str, step: str, system: ScaleSystem) -> None:
    """Run a step of a program of this benchmark in a process of its own. Ends the run where it fails."""
    command = [sys.executable, "-m", f"benchmarks.scale.{module}", step, str(system.folder)]
    sizes = ["--trusts", str(system.n_trusts), "--sites", str(system.n_sites)]
    print(f"... {step}, {system.n_series:,} series", file=sys.stderr, flush=True)
    ended = subprocess.run([*command, *sizes], cwd=ROOT, capture_output=True, text=True, check=False)
    if ended.returncode:
        sys.exit(ended.stderr)


def once(system: ScaleSystem, what: str, make: Callable[[], None]) -> None:
    """Call `make`, unless an earlier run has done so in the folder of the system."""
    done = system.folder / f"{what}.done"
    if not done.exists():
        make()
        done.touch()
