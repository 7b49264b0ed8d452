"""Simulate a whole system and write it down."""

from datetime import date
from pathlib import Path

from numpy.random import SeedSequence, default_rng

from training.errors import UsageError
from training.simulate import writing
from training.simulate.calendar import Calendar, calendar
from training.simulate.mechanics import play
from training.simulate.network import nodes
from training.simulate.truth import SiteTruth, log_level, site_truth


def simulate(out: Path, seed: int, last_day: date, days: int = 1096, trusts: int = 2, sites: int = 4) -> Path:
    """Write a system of `sites` sites in all, whose history of `days` days ends on `last_day`; returns its system.toml.

    The same arguments give the same bytes. Each site has its own child of the seed, so a site's counts do not depend on
    how many others there are. Raises UsageError when the tree cannot be, or `out` holds extracts of something else.
    """
    _check(seed, days, trusts, sites)
    when = calendar(last_day, days)
    _refuse_foreign_extracts(out, when)
    tree = nodes(trusts, sites)
    codes = [node.id for node in tree if node.kind == "site"]
    region_seed, *site_seeds = SeedSequence(seed).spawn(1 + sites)
    region_level = log_level(default_rng(region_seed), days)
    rngs = {code: default_rng(child) for code, child in zip(codes, site_seeds, strict=True)}
    truths: dict[str, SiteTruth] = {code: site_truth(rng, when, region_level) for code, rng in rngs.items()}
    histories = {code: play(truths[code], rng) for code, rng in rngs.items()}
    writing.write_places(out, tree)
    writing.write_events(out, truths)
    writing.write_extracts(out, when.days, histories)
    writing.write_truth(out, when.days, truths)
    return writing.write_system(out)


def _check(seed: int, days: int, trusts: int, sites: int) -> None:
    if seed < 0:
        raise UsageError(f"Simulating a system: the seed is {seed}. Give a seed of 0 or more.")
    if days < 1:
        raise UsageError(f"Simulating a system: {days} days were asked for. Give at least 1 day.")
    if trusts < 1:
        raise UsageError(f"Simulating a system: {trusts} trusts were asked for. Give at least 1 trust.")
    if sites < trusts:
        raise UsageError(
            f"Simulating a system: {trusts} trusts cannot share {sites} sites, since each trust has at least one. "
            f"Give at least {trusts} sites, or fewer trusts."
        )


def _refuse_foreign_extracts(out: Path, when: Calendar) -> None:
    """The glob of system.toml would read them as if they were the simulation's own."""
    own = writing.extract_names(when.days)
    foreign = sorted(path.name for path in (out / writing.EXTRACT).glob("*.csv") if path.name not in own)
    if foreign:
        raise UsageError(
            f"Simulating a system into {out}: {out / writing.EXTRACT} already holds {', '.join(foreign)}, "
            "which this simulation would not overwrite. Empty that folder, or give another --out."
        )
