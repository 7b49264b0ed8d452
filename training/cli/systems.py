"""Commands that make a system: simulate, init and demo."""

import os
from pathlib import Path
from typing import Annotated

import typer

from training.cli.invocation import new_console, now
from training.options import (
    FaultsOption,
    HomeOption,
    TruthOption,
)
from training.settings import settings


def simulate(
    out: Annotated[Path, typer.Option(file_okay=False, readable=False, help="Folder to write the system into.")],
    seed: Annotated[int, typer.Option(help="Same seed, same hospital system.")] = 1,
    days: Annotated[int, typer.Option(min=1, help="Days of history.")] = 1096,
    trusts: Annotated[int, typer.Option(min=1, help="Number of trusts.")] = 2,
    sites: Annotated[int, typer.Option(min=1, help="Number of sites, dealt to the trusts in turn.")] = 4,
    wards: Annotated[int, typer.Option(min=0, max=40, help="Wards of each site; with 0, beds belong to the site.")] = 0,
    strikes: Annotated[
        bool, typer.Option("--strikes", help="Add declared strikes, one of them in the future.")
    ] = False,
    lockdown: Annotated[bool, typer.Option("--lockdown", help="Add a sudden, undeclared fall of attendances.")] = False,
    merger: Annotated[bool, typer.Option("--merger", help="Merge two sites of a trust.")] = False,
    census_hour: Annotated[int | None, typer.Option(min=0, max=23, help="Count occupancy at this local hour.")] = None,
    faults: FaultsOption = None,
    truth: TruthOption = None,
    horizon: Annotated[int, typer.Option(min=1, max=84, help="Days ahead, for --truth.")] = 28,
    draws: Annotated[int, typer.Option(min=1, help="Number of simulated futures, for --truth.")] = 2000,
) -> None:
    """Write a seeded hospital system with known truth.

    The folder gets a system.toml, places, events, school terms and a daily history: see docs/explanation/simulator.md.
    """
    from training.jobs import simulate as job

    scenario = job.Scenario(
        days=days,
        trusts=trusts,
        sites=sites,
        wards=wards,
        strikes=strikes,
        lockdown=lockdown,
        merger=merger,
        census_hour=census_hour,
        faults=job.faults(faults or ()),
        truth_days=tuple(day.date() for day in truth or ()),
        horizon=horizon,
        draws=draws,
    )
    job.run(new_console(), out, seed, scenario, now())


def init(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", readable=False, help="Extracts, or folders of them.")
    ],
    out: Annotated[
        Path, typer.Option(file_okay=False, readable=False, help="Folder to write system.toml and places.csv into.")
    ] = Path(),
    day_format: Annotated[
        str | None, typer.Option(help="Format of days, such as %d/%m/%Y, where the files leave it in doubt.")
    ] = None,
    timezone: Annotated[
        str | None, typer.Option(help="Time zone of the hospital, such as Europe/London. [default: this machine's]")
    ] = None,
    holidays: Annotated[
        str | None, typer.Option(help="Country of bank holidays, such as PT or GB-ENG. [default: none]")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the system. [default: that of the files]")] = None,
    decimal: Annotated[
        str | None, typer.Option(metavar="SIGN", help="Sign before decimals, where the files leave it in doubt.")
    ] = None,
) -> None:
    """Look at extracts, and write a first system.toml and places.csv.

    Print what was assumed, and why. Nothing is overwritten.
    """
    from training.jobs import init as job

    options = job.Options(day_format, timezone, decimal)
    job.run(new_console(), files, out, options, now().date(), name, holidays)


def demo(
    home: HomeOption = None,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="End after publishing.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to serve on.")] = 8000,
) -> None:
    """Simulate a system, publish the last 28 mornings, and serve the result."""
    from training.jobs import demo as job

    job.run(new_console(), settings(home or Path(".demo"), os.environ), now(), serve=not no_serve, port=port)
