"""The console that commands print to, and the progress of long work."""

import logging
import os
import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console


class PipeSafeConsole(Console):
    """A console whose reader may go away (`headroom daily | head`) without ending the job."""

    def on_broken_pipe(self) -> None:
        """Print nothing more; Rich would end the process, and a publication is worth more than the report of it."""
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


log = logging.getLogger("headroom")
Item = TypeVar("Item")
LOG_LINES = 4


def with_progress(items: Iterable[Item], doing: str, total: int) -> Iterator[Item]:
    """Yield the items while showing how many of `total` are done: a bar on a terminal, log lines elsewhere."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import track

        yield from track(items, description=doing, total=total, console=Console(stderr=True), transient=True)
        return
    every = max(1, -(-total // LOG_LINES))
    for done, item in enumerate(items, start=1):
        yield item
        if done % every == 0 or done == total:
            log.info("%s: %d of %d", doing, done, total)
