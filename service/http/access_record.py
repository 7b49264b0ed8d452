"""The record of a request that is counted and logged, whatever part of the service answers it."""

import os
import re
from typing import NamedTuple, Protocol

from service.http.security import KEY_PREFIX

REQUEST_ID = b"x-request-id"
UNKNOWN_ROUTE = "unknown"
OTHER_METHOD = "other"
ANONYMOUS = "-"
METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})

_WELL_FORMED_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PLAIN_ADDRESS = re.compile(r"[0-9A-Za-z.:%_-]{1,64}")


class AccessRecord(NamedTuple):
    """An answered request. `key`: the name of the key that was sent, `ANONYMOUS` without one; `size` in bytes.

    Its texts are ours, or plain: see `request_id_of`, `method_label` and `client_label`.
    """

    request_id: str
    key: str
    method: str
    route: str
    status: int
    duration_seconds: float
    size: int
    client: str


class Recorder(Protocol):
    """Counts and logs requests."""

    def record(self, access: AccessRecord) -> None: ...


def request_id_of(given: str | None) -> str:
    """Return the caller's own id where it is a plain one, and not a key, so that both logs can be compared."""
    if given is None or f"{KEY_PREFIX}_" in given or not _WELL_FORMED_ID.fullmatch(given):
        return os.urandom(16).hex()
    return given


def method_label(method: str) -> str:
    """Return the method, where it is one of HTTP: the values of a label must be bounded."""
    return method if method in METHODS else OTHER_METHOD


def client_label(client: tuple[str, int] | None) -> str:
    """Return the caller's address, if it is a plain one: a trusted proxy may pass on anything, also a key."""
    address = ANONYMOUS if client is None else client[0]
    return address if _PLAIN_ADDRESS.fullmatch(address) and f"{KEY_PREFIX}_" not in address else ANONYMOUS
