"""The service as a process, over a small store, and bytes to and from it."""

import json
import socket
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from publication.store import Store, default_url
from tests import servers
from tests.builders import build_publication

TIMEOUT_SECONDS = 20.0


def issue(home: Path) -> None:
    store = Store(default_url(home))
    store.prepare()
    store.issue(build_publication(datetime.now(UTC).date() - timedelta(days=1), with_drivers=True, with_headroom=True))
    store.close()


def asked(*headers: str) -> bytes:
    return "\r\n".join(["GET /healthz HTTP/1.1", "Host: h", *headers, "", ""]).encode()


def answer(port: int, request: bytes, timeout_seconds: float = TIMEOUT_SECONDS) -> bytes:
    """All that comes back until the service hangs up or has answered."""
    with socket.create_connection((servers.LOOPBACK, port), timeout=timeout_seconds) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):  # rejected before it was all sent
            connection.sendall(request)
        received = b""
        with suppress(ConnectionResetError):
            while b"\r\n\r\n" not in received and (part := connection.recv(65536)):
                received += part
    return received


def all_of(port: int, request: bytes) -> bytes:
    """All that comes back until the service hangs up."""
    with socket.create_connection((servers.LOOPBACK, port), timeout=TIMEOUT_SECONDS) as connection:
        connection.sendall(request)
        received = b""
        while part := connection.recv(65536):
            received += part
    return received


def headers_of(received: bytes) -> dict[str, str]:
    lines = received.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def line_of(log: Path, request_id: str) -> dict[str, object]:
    """The one line of requests with that id, which may be written a moment after the answer."""

    def lines() -> list[str]:
        return [line for line in log.read_text().splitlines() if request_id in line and '"message":"request"' in line]

    give_up = time.monotonic() + TIMEOUT_SECONDS
    while not lines() and time.monotonic() < give_up:
        time.sleep(0.05)
    (line,) = lines()
    found: dict[str, object] = json.loads(line)
    return found
