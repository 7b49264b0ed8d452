"""What is told of every answered request, whoever answers it: a count, a time, a line of the log, under one id."""

import os
import re

from service.logs import RequestLog, Told
from service.metrics import RequestMetrics
from service.security import KEY_PREFIX

REQUEST_ID = b"x-request-id"
UNKNOWN_ROUTE = "unknown"
OTHER_METHOD = "other"
NOBODY = "-"
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})

_WELL_FORMED_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PLAIN_ADDRESS = re.compile(r"[0-9A-Za-z.:%_-]{1,64}")


class Teller:
    """Counts requests, and logs them. The address is not logged: someone may have written a key into it."""

    def __init__(self, metrics: RequestMetrics, log: RequestLog | None = None) -> None:
        self._metrics = metrics
        self._log = log

    def tell(self, told: Told) -> None:
        """Of texts that are ours, or plain: see `method_named` and `client_named`. `told.key` may be NOBODY."""
        key = None if told.key == NOBODY else told.key
        self._metrics.observe(told.method, told.route, told.status, told.duration_seconds, key)
        if self._log is not None:
            self._log.write(told)


def request_id_of(given: str | None) -> str:
    """The caller's own id where it is a plain one, and not a key, so that both logs can be laid side by side."""
    if given is None or f"{KEY_PREFIX}_" in given or not _WELL_FORMED_ID.fullmatch(given):
        return os.urandom(16).hex()
    return given


def method_named(method: str) -> str:
    """The method, where it is one of HTTP: a label that a caller could make up would be one of any number."""
    return method if method in METHODS else OTHER_METHOD


def client_named(client: tuple[str, int] | None) -> str:
    """The address of the caller, if it is a plain one: what a trusted proxy passes on may be anything, also a key."""
    address = NOBODY if client is None else client[0]
    return address if _PLAIN_ADDRESS.fullmatch(address) and f"{KEY_PREFIX}_" not in address else NOBODY
