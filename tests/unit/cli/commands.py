"""The command line as a person meets it: an exit code, and what the two streams say."""

import io
import os
import subprocess
import sys
import warnings
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests import planted
from tests.architecture.repository import ROOT
from training.cli.main import main

OURS = ("HEADROOM_", "MLFLOW_")
WIDE = "200"  # columns, so that no sentence is broken
SECONDS = 600
RETRIES = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"  # set by a command for its own process: here it is taken back


@dataclass(frozen=True)
class Ended:
    """The end of a command. Fails where it showed a planted word."""

    exit_code: int
    out: str
    err: str

    def __post_init__(self) -> None:
        planted.check(self.out, "the output of the command")
        planted.check(self.err, "the standard error of the command")


def process(*arguments: object, prefix: Sequence[str] = (), **environ: str) -> Ended:
    """`headroom ARGUMENTS` as a process of its own, in an environment that says nothing but `environ`.

    `prefix` is a command that runs it.
    """
    ran = subprocess.run(
        [*prefix, Path(sys.executable).parent / "headroom", *map(str, arguments)],
        cwd=ROOT,
        env={**clean_environ(), "COLUMNS": WIDE, **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    return Ended(ran.returncode, ran.stdout, ran.stderr)


def headroom(*arguments: object, **environ: str) -> Ended:
    """Return the result of `process` from this process, which need not import everything again."""
    return headroom_at(datetime.now(UTC), *arguments, **environ)


def headroom_at(now: datetime, *arguments: object, **environ: str) -> Ended:
    """Return the result of `headroom` at an instant: a test whose days are fixed must not depend on today."""
    out, err = io.StringIO(), io.StringIO()
    exit_code: str | int | None = 0
    with (
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(out),
        redirect_stderr(err),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")  # of the libraries that train and track
        patch.setattr(sys, "argv", ["headroom", *map(str, arguments)])
        for variable in set(os.environ) - set(clean_environ()):
            patch.delenv(variable)
        patch.setenv("COLUMNS", WIDE)
        patch.setenv(RETRIES, "2")
        for variable, value in environ.items():
            patch.setenv(variable, value)
        try:
            main(lambda: now)
        except SystemExit as ended:
            exit_code = ended.code
    assert isinstance(exit_code, int | None)
    return Ended(exit_code or 0, out.getvalue(), err.getvalue())


def clean_environ() -> dict[str, str]:
    """This environment without what would lead a command elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
