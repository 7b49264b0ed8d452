"""Cost of the jobs at 100, 1,000 and 10,000 series of three years, 28 days ahead: in all, and by step.

`python -m benchmarks.scale [--series 100,1000] [--job publish] [--cache DIR]`. Each job is a process of its own, with
the command line that a hospital has. `publish` publishes a day from the state that the day before has left, as every
morning; `daily` ingests and scores as well. Processor seconds include workers; on a shared machine they say more than
seconds. With `--cache`, systems and figures are saved there, and a run that was stopped goes on where it was.
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.scale.figures import Figures, read_figures
from benchmarks.scale.systems import DAY_BEFORE, LAST_DAY, ROOT, ScaleSystem, once, prepare
from training.pipeline.state import CODE_FILE
from training.tracking.provenance import code_version

TRAINING_WINDOWS = 12
MOST_STEPS = 14
DEFAULT_SERIES = (100, 1_000, 10_000)
BARS = {  # seconds and GiB, on two cores
    ("publish", 10_000): (15 * 60.0, 4.0),
    ("train", 1_000): (30 * 60.0, 6.0),
}
GROWTH_OF, GROWTH_FROM, GROWTH_TO, MOST_GROWTH = "publish", 1_000, 10_000, 1.1


def main() -> None:
    """Print a table of the jobs, and one of the steps of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=_sizes, default=DEFAULT_SERIES, help="sizes, with commas between them")
    parser.add_argument("--job", choices=[*JOBS], default="publish")
    parser.add_argument("--cache", type=Path, help="folder of systems and figures, taken up again")
    parser.add_argument("--again", action="store_true", help="measure again what the cache has figures of")
    options = parser.parse_args()
    with ExitStack() as running:
        cache = options.cache or Path(running.enter_context(TemporaryDirectory()))
        found = {
            n: _figures(options.job, ScaleSystem(n, cache.resolve() / str(n)), options.again) for n in options.series
        }
    _print(options.job, found)


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(part.replace("_", "")) for part in text.split(","))


def _figures(job: str, system: ScaleSystem, again: bool) -> Figures:
    """Return the figures of a job; those of the cache where it has them."""
    prepare(system)
    out = system.folder / f"{job}.json"
    if again or not out.exists():
        JOBS[job](system, out)
    return read_figures(out)


def _publish(system: ScaleSystem, out: Path) -> None:
    _from_state(system, out, "publish")


def _daily(system: ScaleSystem, out: Path) -> None:
    _from_state(system, out, "daily")


def _from_state(system: ScaleSystem, out: Path, command: str) -> None:
    """Measure a morning from the state of the day before."""
    once(
        system, "published", lambda: _measured(system, out.with_name("first.json"), "publish", f"--cutoff={DAY_BEFORE}")
    )
    states, saved = system.home / "states", system.folder / "states-before"
    if not saved.exists():
        shutil.copytree(states, saved)
    shutil.rmtree(states)
    shutil.copytree(saved, states)
    for code in states.rglob(CODE_FILE):  # a state in the cache may be of earlier code, which would not be read
        code.write_text(code_version(), encoding="utf-8")
    _measured(system, out, command, f"--cutoff={LAST_DAY}")


def _train(system: ScaleSystem, out: Path) -> None:
    _measured(system, out, "train")


def _backtest(system: ScaleSystem, out: Path) -> None:
    forecasts = out.with_name("forecasts.parquet")
    _measured(system, out, "backtest", f"--windows={TRAINING_WINDOWS}", f"--forecasts={forecasts}")


JOBS: dict[str, Callable[[ScaleSystem, Path], None]] = {
    "publish": _publish,
    "train": _train,
    "backtest": _backtest,
    "daily": _daily,
}


def _measured(system: ScaleSystem, out: Path, command: str, *options: str) -> None:
    """Run a command and have its figures written. Ends the run where it fails."""
    print(f"... {command}, {system.n_series:,} series", file=sys.stderr, flush=True)
    program = [sys.executable, "-m", "benchmarks.scale.measured", str(out), command]
    places = [f"--system={system.file}", f"--home={system.home}"]
    ended = subprocess.run([*program, *options, *places], cwd=ROOT, capture_output=True, text=True, check=False)
    if ended.returncode:
        sys.exit(ended.stderr)


def _print(job: str, found: Mapping[int, Figures]) -> None:
    print(f"| {job}: series | seconds | ms a series | processor seconds | peak GiB | |\n|---|---|---|---|---|---|")
    for n, of in found.items():
        cost = f"{of.seconds:.1f} | {1000 * of.seconds / n:.1f} | {of.processor_seconds:.1f} | {of.peak_gib:.2f}"
        print(f"| {n:,} | {cost} | {_bar(job, n, of)} |")
    if job == GROWTH_OF and {GROWTH_FROM, GROWTH_TO} <= found.keys():
        growth = found[GROWTH_TO].seconds / GROWTH_TO / (found[GROWTH_FROM].seconds / GROWTH_FROM)
        verdict = "met" if growth <= MOST_GROWTH else "missed"
        print(f"time a series at {GROWTH_TO:,} over {GROWTH_FROM:,}: {growth:.2f}, at most {MOST_GROWTH}: {verdict}")
    for n, of in found.items():
        _print_steps(n, of)


def _bar(job: str, n: int, of: Figures) -> str:
    if (job, n) not in BARS:
        return ""
    most_seconds, most_gib = BARS[job, n]
    is_met = of.seconds <= most_seconds and of.peak_gib <= most_gib
    return f"at most {most_seconds:g} s, {most_gib:g} GiB: {'met' if is_met else 'missed'}"


def _print_steps(n: int, of: Figures) -> None:
    print(f"\n| {n:,} series: step | seconds | peak GiB |\n|---|---|---|")
    for step in sorted(of.steps, key=lambda step: -step.seconds)[:MOST_STEPS]:
        print(f"| {step.name} | {step.seconds:.1f} | {step.peak_gib:.2f} |")


if __name__ == "__main__":
    main()
