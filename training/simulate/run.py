"""Simulate a whole system and write it down."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TypedDict, Unpack

from training.errors import UsageError
from training.simulate import writing
from training.simulate.faults import inject_faults
from training.simulate.feed import Feed, feed
from training.simulate.network import nodes
from training.simulate.scenario import Scenario
from training.simulate.truth_file import write_truth
from training.simulate.world import World, sample_world

TRUTH = "truth"
PLAIN = Scenario()


class Size(TypedDict, total=False):
    """The options that are most often the only ones."""

    days: int
    trusts: int
    sites: int


def simulate(out: Path, seed: int, last_day: date, scenario: Scenario = PLAIN, **size: Unpack[Size]) -> Path:
    """Write a system whose history ends on `last_day`; returns its system.toml.

    The same arguments give the same bytes. Every site has its own streams of chance, so its counts do not depend on
    how many others there are. Raises UsageError when the system cannot be, or `out` holds files of something else.
    """
    scenario = replace(scenario, **size)
    scenario.check(seed, last_day)
    tree = nodes(scenario.trusts, scenario.sites, scenario.wards)
    world = sample_world(seed, last_day, scenario, tree)
    sent = feed(world)
    faults = inject_faults(sent, seed, scenario.dirty)
    _refuse_foreign_files(out, sent, scenario)
    writing.write_places(out, world)
    writing.write_events(out, world)
    writing.write_terms(out, world)
    writing.write_feed(out, sent)
    if scenario.dirty:
        writing.write_faults(out, sent, faults)
    write_truth(out, world)
    _write_outlooks(out, world, scenario)
    return writing.write_system(out)


def _write_outlooks(out: Path, world: World, scenario: Scenario) -> None:
    """truth/DAY.parquet for each cutoff."""
    if not scenario.truth_days:
        return
    from training.simulate.outlook import true_distribution  # pandas is slow to import, and nothing else here needs it

    for day in sorted(set(scenario.truth_days)):
        (out / TRUTH).mkdir(parents=True, exist_ok=True)
        rows = true_distribution(world, day, scenario.horizon, scenario.draws)
        rows.to_parquet(out / TRUTH / f"{day}.parquet", index=False)


def _refuse_foreign_files(out: Path, sent: Feed, scenario: Scenario) -> None:
    """What an earlier simulation or a hospital left would be read as if it were this one's own."""
    own = {out / writing.EXTRACT / name for name in sent.files}
    own |= {out / TRUTH / f"{day}.parquet" for day in scenario.truth_days}
    own |= {out / "faults.csv"} if scenario.dirty else set()
    there = [*out.glob(f"{writing.EXTRACT}/*.csv"), *out.glob(f"{TRUTH}/*.parquet"), *out.glob("faults.csv")]
    foreign = sorted(path for path in there if path not in own)
    if foreign:
        folder = foreign[0].parent
        names = ", ".join(path.name for path in foreign if path.parent == folder)
        raise UsageError(
            f"Simulating a system into {out}: {folder} already holds {names}, "
            "which this simulation would not overwrite. Empty that folder, or give another --out."
        )
