"""Commands of each morning: publish, export, score, daily, briefing and doctor."""

from pathlib import Path
from typing import Annotated

import typer

from training.cli.invocation import context_of, new_console
from training.options import (
    AllowMissingOption,
    CutoffOption,
    HomeOption,
    StrictOption,
    SystemOption,
    check_one_cutoff,
    day_of,
)


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
    context = context_of(system, home)
    from training.jobs import publish as job

    job.run(context, new_console(), day_of(cutoff), allow_missing=allow_missing)


def export(system: SystemOption, home: HomeOption = None) -> None:
    """Write the flat tables of the newest publication to where [exports] in system.toml says.

    Each publication does so by itself. This writes them again, after a failure or a change of system.toml.
    """
    context = context_of(system, home)
    from training.jobs import export as job

    job.run(context, new_console())


def score(system: SystemOption, home: HomeOption = None, cutoff: CutoffOption = None) -> None:
    """Score issued forecasts against the actuals now known.

    The live scores of the last thirteen weeks are stored for the service. --cutoff hides everything after that day.
    """
    context = context_of(system, home)
    from training.jobs import score as job

    job.run(context, new_console(), day_of(cutoff))


def daily(
    system: SystemOption,
    home: HomeOption = None,
    cutoff: CutoffOption = None,
    strict: StrictOption = False,
    allow_missing: AllowMissingOption = False,
    retrain_on_drift: Annotated[
        bool,
        typer.Option(
            "--retrain-on-drift",
            help="After publishing, train where control has a new signal, and promote through the gate.",
        ),
    ] = False,
) -> None:
    """Ingest, score and publish: the daily job.

    If there is no champion yet, train and promote the first one. --cutoff hides everything after that day.
    """
    check_one_cutoff(cutoff, allow_missing)
    context = context_of(system, home)
    context.check_store()  # at once: the libraries of the job take seconds to import
    from training.jobs import daily as job

    job.run(context, new_console(), day_of(cutoff), strict, allow_missing, retrain_on_drift)


def briefing(
    system: SystemOption,
    home: HomeOption = None,
    out: Annotated[Path | None, typer.Option(help="File to write, instead of standard output.")] = None,
    text: Annotated[bool, typer.Option("--text", help="Plain text for e-mail, instead of HTML.")] = False,
    address: Annotated[str | None, typer.Option(help="Address of the service, for links to its pages.")] = None,
) -> None:
    """Write the morning page as one HTML file, or as text for e-mail."""
    context = context_of(system, home, writing=False)
    from training.jobs import briefing as job

    raise typer.Exit(job.run(context, out, address, as_text=text))


def doctor(
    system: SystemOption,
    home: HomeOption = None,
    service: Annotated[
        str | None, typer.Option(help="Address of the service, to check it too, as http://127.0.0.1:8000.")
    ] = None,
) -> None:
    """Print the state of everything, and what to do.

    The exit code is 0, or that of the first fault. Nothing is changed.
    """
    context = context_of(system, home, writing=False)
    from training.jobs import doctor as job

    raise typer.Exit(job.run(context, new_console(), service))
