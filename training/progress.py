"""Long work shows itself: a progress bar on a terminal, log lines elsewhere."""

import logging
import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

log = logging.getLogger("headroom")
Item = TypeVar("Item")
LOG_LINES = 4


def with_progress(items: Iterable[Item], doing: str, total: int) -> Iterator[Item]:
    """The items, one by one, while showing how many of `total` are done."""
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
