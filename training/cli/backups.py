"""Commands on backups and damage: backup, restore and repair."""

from pathlib import Path
from typing import Annotated

import typer

from training.cli.invocation import context_of, new_console
from training.options import HomeOption, SystemOption


def backup(
    system: SystemOption,
    home: HomeOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", readable=False, help="Folder that gets the backup. [default: backups/ in the home]"
        ),
    ] = None,
) -> None:
    """Back up history, store, keys, champion and MLflow's files into one folder.

    Jobs and the service go on meanwhile. The backup has hashes of keys: only this user can read it.
    """
    context = context_of(system, home)
    from training.jobs import backup as job

    job.run(context, new_console(), out)


def restore(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", readable=False, help="The backup: a folder.")],
    system: SystemOption,
    home: HomeOption = None,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Replace what the home and the store have; it is moved aside in the home."),
    ] = False,
) -> None:
    """Restore a backup into a home and its store.

    The backup is verified first. It may be of another home, of another kind of store, or of an earlier release.
    """
    context = context_of(system, home, restoring=True)
    from training.jobs import restore as job

    job.run(context, new_console(), folder, replace=replace)


def repair(system: SystemOption, home: HomeOption = None) -> None:
    """Put a damaged SQLite store aside, and make it anew of what can be read of it.

    A sound store is left as it is.
    """
    context = context_of(system, home)
    from training.jobs import repair as job

    job.run(context, new_console())
