"""Imported by Python as `sitecustomize`, in a process whose database driver fails as nobody foresaw, and logs all."""

import logging
import os
import threading

import psycopg
from psycopg.conninfo import make_conninfo

logging.basicConfig(level=logging.DEBUG, format="%(levelname)s %(name)s %(message)s")
logger = logging.getLogger("driver")


def connect(*arguments: str, **named: str) -> None:
    """Say everything that is given, in a log and in an error that is none of the driver's own.

    With `FAIL_LATER` the main thread finds no server, as is foreseen: a service starts.
    """
    if "FAIL_LATER" in os.environ and threading.current_thread() is threading.main_thread():
        raise psycopg.OperationalError("no server")
    named.pop("context", None)
    logger.debug("connecting: %s %r", arguments, named)
    try:
        raise KeyError(make_conninfo(*arguments, **named))
    except KeyError as error:
        raise RuntimeError(f"no answer to {arguments} {named}") from error


psycopg.connect = connect  # type: ignore[assignment]
