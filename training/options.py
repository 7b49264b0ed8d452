"""Options that several commands share, and long ones."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperCommand

from training.errors import UsageError

DAY_FORMAT = "%Y-%m-%d"

SystemOption = Annotated[
    Path, typer.Option("--system", readable=False, help="The system.toml that describes the hospital system.")
]
OptionalSystemOption = Annotated[Path | None, typer.Option("--system", help="Accepted for consistency; not used.")]
HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        readable=False,  # that it cannot be read is an error of ours, in a sentence
        help="Folder of history, store and MLflow database. [env: HEADROOM_HOME] [default: .headroom]",
    ),
]
CutoffOption = Annotated[
    datetime | None, typer.Option("--cutoff", formats=[DAY_FORMAT], help="The last day whose value may be used.")
]
StrictOption = Annotated[
    bool,
    typer.Option("--strict", help="Quarantine suspect values; otherwise they are archived, and left out of training."),
]
AllowMissingOption = Annotated[
    bool,
    typer.Option("--allow-missing", help="Publish for yesterday, even if most series have not reached it yet."),
]
CandidatesOption = Annotated[
    str | None, typer.Option("--candidates", help="Names from the catalogue, comma-separated.")
]
FaultsOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="FAULT[,FAULT...]",
        help="Inject faults into the extracts; 'all' injects every kind. May be repeated.",
    ),
]
TruthOption = Annotated[
    list[datetime] | None,
    typer.Option(formats=[DAY_FORMAT], help="Write the true distribution of the days after this day. May be repeated."),
]
TrainWindowOption = Annotated[
    int | None,
    typer.Option(
        min=84, metavar="DAYS", help="Limit the history before each refit to this many days. [default: no limit]"
    ),
]


class FileOrNothing(TyperCommand):
    """A command whose `--report` may stand alone."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]  # a private type
        """The arguments, with a `--report` that names no file followed by an empty one."""
        alone = [
            i for i, word in enumerate(args) if word == "--report" and (args[i + 1 : i + 2] or ["--"])[0][:1] == "-"
        ]
        for i in reversed(alone):
            args = [*args[: i + 1], "", *args[i + 1 :]]
        return super().parse_args(ctx, args)


def check_one_cutoff(cutoff: datetime | None, allow_missing: bool) -> None:
    """Raises UsageError where two options choose the cutoff."""
    if cutoff is not None and allow_missing:
        raise UsageError("--allow-missing chooses the cutoff itself: yesterday. Leave it out, or --cutoff.")


def day_of(instant: datetime | None) -> date | None:
    """Return the day that an option names, which Typer reads as an instant."""
    return None if instant is None else instant.date()
