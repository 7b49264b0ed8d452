"""Commands on models: backtest, train, promote and rollback."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from publication.console import argument_text, printable
from training.cli.invocation import context_of, new_console
from training.options import (
    DAY_FORMAT,
    CandidatesOption,
    HomeOption,
    SystemOption,
    TrainWindowOption,
    day_of,
)


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
    train_window: TrainWindowOption = None,
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
    context = context_of(system, home)
    from training.backtest.options import BacktestOptions
    from training.jobs import backtest as job

    narrow = (tuple(map(argument_text, measure or ())), tuple(map(argument_text, place or ())), day_of(cutoff))
    options = BacktestOptions(windows, step, horizon, candidates, *narrow, group_by, train_window, no_resume)
    job.run(context, new_console(), options, forecasts, scores)


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
    context = context_of(system, home)
    from training.jobs import train as job

    job.run(context, new_console(), candidates)
    if promote_if_better:
        from training.jobs import promote as gate

        gate.if_better(context, new_console())


def promote(
    system: SystemOption,
    home: HomeOption = None,
    force: Annotated[bool, typer.Option("--force", help="Promote without the gate; needs --reason.")] = False,
    reason: Annotated[str | None, typer.Option(help="Reason for --force; recorded in the registry.")] = None,
) -> None:
    """Promote the challenger if it passes the gate."""
    context = context_of(system, home)
    from training.jobs import promote as job

    job.run(context, new_console(), force, None if reason is None else printable(reason))


def rollback(system: SystemOption, home: HomeOption = None) -> None:
    """Return the champion alias to the version before."""
    context = context_of(system, home)
    from training.jobs import promote as job

    job.roll_back(context, new_console())
