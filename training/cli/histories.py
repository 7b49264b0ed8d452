"""Commands on the history and the store: ingest, history and migrate."""

import os
from pathlib import Path
from typing import Annotated

import typer

from training.cli.invocation import context_of, new_console
from training.options import (
    HomeOption,
    OptionalSystemOption,
    StrictOption,
    SystemOption,
)
from training.settings import settings


def ingest(system: SystemOption, home: HomeOption = None, strict: StrictOption = False) -> None:
    """Read the sources into the history.

    Print how many values were new, revised, unchanged and quarantined, and which days are suspect.
    """
    context = context_of(system, home)
    from training.jobs import ingest as job

    job.run(context, new_console(), strict)


def history(
    system: SystemOption,
    home: HomeOption = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="Instant (ISO 8601), or a day for its end. [default: now]")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(dir_okay=False, readable=False, help="Parquet file to write: unique_id, ds, y, known_at."),
    ] = None,
    report: Annotated[
        str | None,
        typer.Option(metavar="[FILE]", help="Write a data report in HTML. [default: reports/ in the home]"),
    ] = None,
) -> None:
    """Print or write the history as it was known."""
    context = context_of(system, home, writing=False)
    from training.jobs import history as job

    job.run(context, new_console(), context.instant(as_of), out, report)


def migrate(system: OptionalSystemOption = None, home: HomeOption = None) -> None:
    """Migrate the tables of the publication store to this release.

    No system is needed.
    """
    from training.jobs import migrate as job

    job.run(settings(home, os.environ), new_console())
