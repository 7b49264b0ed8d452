"""Command lines of deployment files, parsed by the programs' own parsers and not run; and how jobs end."""

from collections.abc import Sequence

import typer

from publication.exit_codes import UNEXPECTED, USAGE
from service.commands.serve import parser
from training.cli.main import app
from training.errors import TrainingError


def check_job(words: Sequence[str]) -> None:
    """Parse the arguments of `headroom`. Fails where the command or an option does not exist or lacks its value."""
    name, *options = words
    commands = getattr(typer.main.get_command(app), "commands", {})
    assert name in commands, f"headroom has no command {name}"
    commands[name].make_context(name, list(options))


def check_service(words: Sequence[str]) -> None:
    """Parse the arguments of `headroom-service`, which ends the test where one does not exist."""
    parser().parse_args(words)


def failures() -> set[int]:
    """Return every exit code of a job that fails."""
    return {error.exit_code for error in _every_subclass(TrainingError)} | {UNEXPECTED, USAGE}


def _every_subclass(of: type[TrainingError]) -> set[type[TrainingError]]:
    return {of, *(below for one in of.__subclasses__() for below in _every_subclass(one))}
