"""The start of every command: the clock, the console, and the context of a job."""

import os
import sys
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from training.settings import settings

if TYPE_CHECKING:
    from rich.console import Console

    from training.jobs.context import Context

Clock = Callable[[], datetime]
WIDTH_ELSEWHERE = 140  # of a log file or a pipe, where no terminal says how wide it is


def utc_now() -> datetime:
    """Return the present instant, in UTC."""
    return datetime.now(UTC)


clock: ContextVar[Clock] = ContextVar("clock", default=utc_now)  # Typer hands commands nothing but their options


def now() -> datetime:
    """Return the present instant by the clock of this run."""
    return clock.get()()


def context_of(system: Path, home: Path | None, *, writing: bool = True, restoring: bool = False) -> "Context":
    """Return the context of a job, once its system file is read: a mistake there is reported at once."""
    from training.jobs.context import context

    return context(system, settings(home, os.environ), now(), writing=writing, restoring=restoring)


def new_console() -> "Console":
    """Return the console that commands print to."""
    from training.console import PipeSafeConsole

    return PipeSafeConsole(highlight=False, width=None if sys.stdout.isatty() else WIDTH_ELSEWHERE)
