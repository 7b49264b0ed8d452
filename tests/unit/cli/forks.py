"""Commands as processes of their own, forked from one that has imported everything: each costs no imports.

All tests share that one process. Whichever test starts it, it has imported what the others need.
"""

import multiprocessing
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import pytest

from tests.unit.cli.commands import Ended, headroom

FORKSERVER = multiprocessing.get_context("forkserver")
PRELOADED = ("ingest", "history", "score", "backtest", "train", "promote", "publish", "backup", "restore")
FORKSERVER.set_forkserver_preload(
    [f"training.jobs.{job}" for job in PRELOADED] + ["tests.unit.cli.commands", "tests.unit.cli.forks"]
)
SECONDS = 120.0


def start(*arguments: object) -> BaseProcess:
    """Start `headroom ARGUMENTS`; the process ends with its exit code."""
    process = FORKSERVER.Process(target=_exit_with_its_code, args=arguments)
    process.start()
    return process


def forked(*arguments: object, first: Callable[[], None] | None = None) -> Ended:
    """Return the end of `headroom ARGUMENTS` as a process that first calls `first`: what only a process can do."""
    here, there = FORKSERVER.Pipe(duplex=False)
    process = FORKSERVER.Process(target=_send_its_end, args=(there, first, arguments))
    process.start()
    there.close()
    try:
        if not here.poll(SECONDS):
            pytest.fail(f"headroom {arguments[0]} has not ended after {SECONDS:g} seconds")
        ended = here.recv()
    finally:
        process.kill()
        process.join()
        here.close()
    assert isinstance(ended, Ended)
    return ended


def _exit_with_its_code(*arguments: object) -> None:
    sys.exit(headroom(*arguments).exit_code)


def _send_its_end(there: Connection, first: Callable[[], None] | None, arguments: tuple[object, ...]) -> None:
    if first is not None:
        first()
    there.send(headroom(*arguments))
