"""The commands in the order of their help, and how each run ends.

Each command imports its job when it runs, so that `--help` is quick, and after it has read the system file, so that a
mistake there is reported at once.
"""

import logging
import sys
from typing import Annotated

import typer

from publication import __version__
from publication.errors import PublicationError
from training.cli import backups, histories, invocation, models, mornings, systems
from training.cli.invocation import Clock, utc_now
from training.errors import TrainingError, exit_code_of
from training.options import FileOrNothing

app = typer.Typer(
    name="headroom",
    help="Forecasts of emergency demand and bed occupancy for hospital systems.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # boxes around the help would take longer to import than all the rest
)


def print_version(wanted: bool) -> None:
    """Print the release and end, where `--version` is given."""
    if wanted:
        typer.echo(f"headroom {__version__}")
        raise typer.Exit


@app.callback()
def options_of_all(
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the release, and end.")
    ] = False,
) -> None:
    """Define the options that stand before a command."""


app.command()(systems.simulate)
app.command()(systems.init)
app.command()(histories.ingest)
app.command(cls=FileOrNothing)(histories.history)
app.command()(models.backtest)
app.command()(models.train)
app.command()(models.promote)
app.command()(models.rollback)
app.command()(histories.migrate)
app.command()(mornings.publish)
app.command()(mornings.export)
app.command()(mornings.score)
app.command()(mornings.daily)
app.command()(mornings.briefing)
app.command()(mornings.doctor)
app.command()(backups.backup)
app.command()(backups.restore)
app.command()(backups.repair)
app.command()(systems.demo)


def main(clock: Clock = utc_now) -> None:
    """Run the command line; every designed error ends in one sentence and its exit code.

    `clock` says what now is: the hospital day, and so which days are over, follows from it.
    """
    invocation.clock.set(clock)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    logging.getLogger("headroom").setLevel(logging.INFO)
    try:
        app()
    except (TrainingError, PublicationError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201  the one sentence of a failed command
        sys.exit(exit_code_of(error))
