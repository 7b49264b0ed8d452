"""The training command line.

Each command imports its job when it runs, so that `--help` is quick, and after it has read the system file, so that a
mistake there is reported at once.
"""

import logging
import os
import sys
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from publication.console import argument_text, printable
from publication.errors import (
    MalformedPublicationError,
    PublicationError,
    SchemaVersionError,
    StoreUnreachableError,
    TimeZoneError,
)
from training.errors import NothingPublishedError, OutOfReachError, TrainingError, UsageError
from training.options import (
    DAY_FORMAT,
    AllowMissingOption,
    CandidatesOption,
    CutoffOption,
    FileOrNothing,
    HomeOption,
    OptionalSystemOption,
    StrictOption,
    SystemOption,
    check_one_cutoff,
    day_of,
)
from training.settings import settings

if TYPE_CHECKING:
    from rich.console import Console

    from training.jobs.context import Context

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the present instant, in UTC."""
    return datetime.now(UTC)


_clock: ContextVar[Clock] = ContextVar("clock", default=utc_now)  # Typer hands commands nothing but their options

app = typer.Typer(
    name="headroom",
    help="Forecasts of emergency demand and bed occupancy for hospital systems.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # boxes around the help would take longer to import than all the rest
)
UNEXPECTED_EXIT_CODE = 1
WIDTH_ELSEWHERE = 140  # of a log file or a pipe, where no terminal says how wide it is
EXIT_CODES: dict[type[PublicationError], int] = {
    StoreUnreachableError: OutOfReachError.exit_code,
    SchemaVersionError: OutOfReachError.exit_code,
    MalformedPublicationError: NothingPublishedError.exit_code,
    TimeZoneError: UsageError.exit_code,
}


@app.command()
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
    faults: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FAULT[,FAULT...]",
            help="Inject faults into the extracts; 'all' injects every kind. May be repeated.",
        ),
    ] = None,
    truth: Annotated[
        list[datetime] | None,
        typer.Option(
            formats=[DAY_FORMAT], help="Write the true distribution of the days after this day. May be repeated."
        ),
    ] = None,
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
    job.run(_console(), out, seed, scenario, _now())


@app.command()
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
    job.run(_console(), files, out, options, _now().date(), name, holidays)


@app.command()
def ingest(system: SystemOption, home: HomeOption = None, strict: StrictOption = False) -> None:
    """Read the sources into the history.

    Print how many values were new, revised, unchanged and quarantined, and which days are suspect.
    """
    context = _context(system, home)
    from training.jobs import ingest as job

    job.run(context, _console(), strict)


@app.command(cls=FileOrNothing)
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
    context = _context(system, home, writing=False)
    from training.jobs import history as job

    job.run(context, _console(), context.instant(as_of), out, report)


@app.command()
def backtest(
    system: SystemOption,
    home: HomeOption = None,
    windows: Annotated[int, typer.Option(min=1, help="Number of cutoffs.")] = 8,
    step: Annotated[int, typer.Option(min=1, help="Days from one cutoff to the next.")] = 7,
    horizon: Annotated[int | None, typer.Option(min=1, max=84, help="Days ahead. [default: the system's]")] = None,
    candidates: CandidatesOption = None,
    measure: Annotated[list[str] | None, typer.Option(help="Evaluate only this measure. May be repeated.")] = None,
    place: Annotated[list[str] | None, typer.Option(help="Evaluate only this place. May be repeated.")] = None,
    cutoff: Annotated[
        datetime | None,
        typer.Option(
            "--cutoff",
            formats=[DAY_FORMAT],
            help="The last cutoff. [default: the last with actuals for the full horizon]",
        ),
    ] = None,
    train_window: Annotated[
        int | None,
        typer.Option(
            min=84, metavar="DAYS", help="Limit the history before each refit to this many days. [default: no limit]"
        ),
    ] = None,
    group_by: Annotated[
        str, typer.Option(help="Slices of the printed table: measure, series, leads, weekday, day, regime.")
    ] = "measure,leads",
    forecasts: Annotated[
        Path | None, typer.Option(dir_okay=False, readable=False, help="Parquet file for all forecasts.")
    ] = None,
    scores: Annotated[
        Path | None,
        typer.Option(dir_okay=False, readable=False, help=".parquet or .csv file for all scores, by all slices."),
    ] = None,
    no_resume: Annotated[
        bool, typer.Option("--no-resume", help="Restart an interrupted backtest from the beginning.")
    ] = False,
) -> None:
    """Evaluate forecasts at past cutoffs.

    By default evaluate what would have been published; with --candidates, evaluate each candidate. An interrupted
    backtest resumes if it is started again with the same options.
    """
    context = _context(system, home)
    from training.backtest.options import BacktestOptions
    from training.jobs import backtest as job

    narrow = (tuple(map(argument_text, measure or ())), tuple(map(argument_text, place or ())), day_of(cutoff))
    options = BacktestOptions(windows, step, horizon, candidates, *narrow, group_by, train_window, no_resume)
    job.run(context, _console(), options, forecasts, scores)


@app.command()
def train(
    system: SystemOption,
    home: HomeOption = None,
    candidates: CandidatesOption = None,
    promote_if_better: Annotated[
        bool,
        typer.Option(
            "--promote-if-better",
            help="Promote the challenger if it passes the gate; a rejection ends with exit code 0.",
        ),
    ] = False,
) -> None:
    """Fit the learned ensemble, or the first of --candidates, backtest it and register it as challenger."""
    context = _context(system, home)
    from training.jobs import train as job

    job.run(context, _console(), candidates)
    if promote_if_better:
        from training.jobs import promote as gate

        gate.if_better(context, _console())


@app.command()
def promote(
    system: SystemOption,
    home: HomeOption = None,
    force: Annotated[bool, typer.Option("--force", help="Promote without the gate; needs --reason.")] = False,
    reason: Annotated[str | None, typer.Option(help="Reason for --force; recorded in the registry.")] = None,
) -> None:
    """Promote the challenger if it passes the gate."""
    context = _context(system, home)
    from training.jobs import promote as job

    job.run(context, _console(), force, None if reason is None else printable(reason))


@app.command()
def rollback(system: SystemOption, home: HomeOption = None) -> None:
    """Return the champion alias to the version before."""
    context = _context(system, home)
    from training.jobs import promote as job

    job.roll_back(context, _console())


@app.command()
def migrate(system: OptionalSystemOption = None, home: HomeOption = None) -> None:
    """Migrate the tables of the publication store to this release.

    No system is needed.
    """
    from training.jobs import migrate as job

    job.run(settings(home, os.environ), _console())


@app.command()
def publish(
    system: SystemOption,
    home: HomeOption = None,
    cutoff: CutoffOption = None,
    allow_missing: AllowMissingOption = False,
) -> None:
    """Publish the champion's forecasts.

    The cutoff is that of --cutoff, or else the last day that most of the prompt series have reached.
    """
    check_one_cutoff(cutoff, allow_missing)
    context = _context(system, home)
    from training.jobs import publish as job

    job.run(context, _console(), day_of(cutoff), allow_missing=allow_missing)


@app.command()
def score(system: SystemOption, home: HomeOption = None, cutoff: CutoffOption = None) -> None:
    """Score issued forecasts against the actuals now known.

    The live scores of the last thirteen weeks are stored for the service. --cutoff hides everything after that day.
    """
    context = _context(system, home)
    from training.jobs import score as job

    job.run(context, _console(), day_of(cutoff))


@app.command()
def daily(
    system: SystemOption,
    home: HomeOption = None,
    cutoff: CutoffOption = None,
    strict: StrictOption = False,
    allow_missing: AllowMissingOption = False,
) -> None:
    """Ingest, score and publish: the daily job.

    If there is no champion yet, train and promote the first one. --cutoff hides everything after that day.
    """
    check_one_cutoff(cutoff, allow_missing)
    context = _context(system, home)
    from training.jobs import daily as job

    job.run(context, _console(), day_of(cutoff), strict, allow_missing)


@app.command()
def briefing(
    system: SystemOption,
    home: HomeOption = None,
    out: Annotated[Path | None, typer.Option(help="File to write, instead of standard output.")] = None,
    text: Annotated[bool, typer.Option("--text", help="Plain text for e-mail, instead of HTML.")] = False,
    address: Annotated[str | None, typer.Option(help="Address of the service, for links to its pages.")] = None,
) -> None:
    """Write the morning page as one HTML file, or as text for e-mail."""
    context = _context(system, home, writing=False)
    from training.jobs import briefing as job

    raise typer.Exit(job.run(context, out, address, as_text=text))


@app.command()
def demo(
    home: HomeOption = None,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="End after publishing.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to serve on.")] = 8000,
) -> None:
    """Simulate a system, run the daily job, and serve the result."""
    from training.jobs import demo as job

    job.run(_console(), settings(home or Path(".demo"), os.environ), _now(), serve=not no_serve, port=port)


def main(clock: Clock = utc_now) -> None:
    """Run the command line; every designed error ends in one sentence and its exit code.

    `clock` says what now is: the hospital day, and so which days are over, follows from it.
    """
    _clock.set(clock)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", stream=sys.stderr)
    logging.getLogger("headroom").setLevel(logging.INFO)
    try:
        app()
    except TrainingError as error:
        _end(error, error.exit_code)
    except PublicationError as error:
        _end(error, EXIT_CODES.get(type(error), UNEXPECTED_EXIT_CODE))


def _end(error: Exception, exit_code: int) -> None:
    print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201  the one sentence of a failed command
    sys.exit(exit_code)


def _context(system: Path, home: Path | None, *, writing: bool = True) -> "Context":
    from training.jobs.context import context

    return context(system, settings(home, os.environ), _now(), writing=writing)


def _console() -> "Console":
    from training.console import PipeSafeConsole

    return PipeSafeConsole(highlight=False, width=None if sys.stdout.isatty() else WIDTH_ELSEWHERE)


def _now() -> datetime:
    return _clock.get()()
