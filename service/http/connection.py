"""Connections with limits: on their number, and on the size and the time of each request.

uvicorn has no settings for these. Its protocol parses and answers requests as it is; the one here stands between it
and the socket.
"""

import asyncio
import socket
import sys
from contextlib import suppress
from typing import Any

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from service.http.access_record import (
    ANONYMOUS,
    OTHER_METHOD,
    REQUEST_ID,
    UNKNOWN_ROUTE,
    AccessRecord,
    Recorder,
    client_label,
    request_id_of,
)
from service.http.problems import Problem, ProblemType
from service.http.security import RAW_RESPONSE_HEADERS

STATE_KEY = "connection"
"""The name of the connection in the state of an ASGI scope."""

HEAD_END = b"\r\n\r\n"
MAX_BODY_BYTES = 16 * 1024
"""Bytes of a body that are read and ignored: no route takes one."""
MAX_ARRIVING_BYTES = 48 * 1024
"""Bytes that may arrive between two requests, an ignored body among them, and bytes that may wait for an answer."""
REQUEST_TIMEOUT_SECONDS = 10.0
READER_TIMEOUT_SECONDS = 30.0
SWEEPS_PER_TIMEOUT = 10
RESERVED_FILES = 128
"""File descriptors for the store, the keys, the log, and connections that are only accepted to be rejected."""

TOO_LONG = Problem(
    ProblemType.HEADER_FIELDS_TOO_LARGE,
    f"Address, headers and an ignored body may take {MAX_ARRIVING_BYTES:,} bytes.",
)
TOO_SLOW = Problem(
    ProblemType.REQUEST_TIMEOUT,
    f"A request, with any body that it announces, must arrive within {REQUEST_TIMEOUT_SECONDS:g} s.",
)


class ConnectionLimits:
    """Makes the connections of a server, at most `max_connections` at once, and records what they reject."""

    def __init__(
        self,
        recorder: Recorder,
        max_connections: int,
        request_timeout_seconds: float = REQUEST_TIMEOUT_SECONDS,
        reader_timeout_seconds: float = READER_TIMEOUT_SECONDS,
    ) -> None:
        self.recorder = recorder
        self.max_connections = max_connections
        self.request_timeout_seconds = request_timeout_seconds
        self.reader_timeout_seconds = reader_timeout_seconds
        self.open: set[LimitedConnection] = set()
        self._sweep_timer: asyncio.TimerHandle | None = None

    def connection(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> "LimitedConnection":
        """Return the protocol of a new connection: what uvicorn calls where it is given a class of protocols."""
        return LimitedConnection(self, config, server_state, app_state, _loop)

    def add(self, connection: "LimitedConnection", loop: asyncio.AbstractEventLoop) -> None:
        """Count the connection, and watch for requests that are late. One timer for all costs a request nothing."""
        self.open.add(connection)
        if self._sweep_timer is None:
            self._sweep_timer = loop.call_later(self._sweep_seconds, self._sweep, loop)

    @property
    def _sweep_seconds(self) -> float:
        return self.request_timeout_seconds / SWEEPS_PER_TIMEOUT

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        for connection in list(self.open):
            connection.reject_if_late(loop.time() - self.request_timeout_seconds)
        again = loop.call_later(self._sweep_seconds, self._sweep, loop) if self.open else None
        self._sweep_timer = again


class LimitedConnection(asyncio.Protocol):
    """One connection. It passes on one request at a time; the bytes of the next ones wait until that is answered.

    A request must arrive within a time limit, from its first byte to the end of its head. A reader that takes nothing
    for a time is cut off by the kernel. A request that breaks a limit is answered here with its problem.
    """

    def __init__(
        self,
        limits: ConnectionLimits,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        self._limits = limits
        self._loop = loop or asyncio.get_running_loop()
        self._http = HttpToolsProtocol(config, server_state, {**app_state, STATE_KEY: self}, self._loop)
        self._transport: asyncio.Transport
        self._is_counted = False
        self._is_ending = False
        self._is_held = False  # until the application is called for the head that was passed on last
        self._n_unanswered = 0
        self._n_arriving = 0
        self._arriving_since: float | None = None
        self._waiting = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # it is one of TCP
        self._transport = transport
        if len(self._limits.open) >= self._limits.max_connections:
            detail = f"{self._limits.max_connections:,} connections are open, as many as may be. Try again."
            self._reject(Problem(ProblemType.TOO_MANY_CONNECTIONS, detail))
            return
        self._is_counted = True
        self._arriving_since = self._loop.time()
        self._limits.add(self, self._loop)
        cut_off_silent_readers(transport, self._limits.reader_timeout_seconds)
        self._http.connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._is_counted:
            self._limits.open.discard(self)
            self._http.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_ending or self._transport.is_closing():
            return
        self._waiting += data
        if self._is_held:
            self._loop.call_soon(self._release)  # after the application is called, where a request is complete
        elif not self._n_unanswered:
            self._pass_on()
        if len(self._waiting) > MAX_ARRIVING_BYTES:
            self._is_ending = True
            self._waiting = self._waiting[:MAX_ARRIVING_BYTES]

    def eof_received(self) -> bool:
        """Keep the connection open until the requests that have arrived are answered."""
        self._is_ending = True
        self._loop.call_soon(self._release)
        return True

    def pause_writing(self) -> None:
        self._http.pause_writing()

    def resume_writing(self) -> None:
        self._http.resume_writing()

    def request_began(self) -> None:
        """The application was called for a request: its head has arrived."""
        self._n_unanswered += 1
        self._n_arriving = 0
        self._arriving_since = None
        self._is_held = False

    def request_ended(self) -> None:
        """The application has answered a request."""
        self._n_unanswered -= 1
        if self._waiting or self._is_ending:
            self._loop.call_soon(self._go_on)

    def reject_if_late(self, began_before: float) -> None:
        """Close the connection if a request has been arriving since before that instant of the loop's clock."""
        if self._arriving_since is not None and self._arriving_since < began_before:
            self._reject(TOO_SLOW)

    def _pass_on(self) -> None:
        """Pass on the bytes that wait, up to the end of a head."""
        end = self._waiting.find(HEAD_END)
        size = len(self._waiting) if end < 0 else end + len(HEAD_END)
        arrived, self._waiting = self._waiting[:size], self._waiting[size:]
        self._n_arriving += size
        if self._n_arriving > MAX_ARRIVING_BYTES:
            self._reject(TOO_LONG)
            return
        if self._arriving_since is None:
            self._arriving_since = self._loop.time()
        self._is_held = end >= 0
        self._http.data_received(arrived)
        if self._waiting or self._is_ending:
            self._loop.call_soon(self._release)

    def _release(self) -> None:
        self._is_held = False
        self._go_on()

    def _go_on(self) -> None:
        if self._n_unanswered or self._is_held or self._transport.is_closing():
            return
        if self._waiting:
            self._pass_on()
        elif self._is_ending:
            self._transport.close()

    def _reject(self, problem: Problem) -> None:
        """Answer without the application, and close the connection."""
        if self._transport.is_closing():
            return
        request_id = request_id_of(None)
        response = problem.response("", request_id)
        headers = [*response.raw_headers, *RAW_RESPONSE_HEADERS, (REQUEST_ID, request_id.encode())]
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        status = problem.type.status
        self._transport.write(b"HTTP/1.1 %d %s\r\n%s\r\n" % (status, status.phrase.encode(), lines) + response.body)
        self._transport.close()
        waited = self._limits.request_timeout_seconds if problem is TOO_SLOW else 0.0
        client = client_label(self._transport.get_extra_info("peername"))
        where = ANONYMOUS, OTHER_METHOD, UNKNOWN_ROUTE
        self._limits.recorder.record(AccessRecord(request_id, *where, status, waited, len(response.body), client))


def cut_off_silent_readers(transport: asyncio.Transport, seconds: float) -> None:
    """Have the kernel close the connection once its reader has taken nothing for so long. Linux alone can."""
    if sys.platform == "linux":
        transport.get_extra_info("socket").setsockopt(
            socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, round(1000 * seconds)
        )


def max_open_connections(wanted: int) -> int:
    """Return `wanted`, or as many as there is room for, after the process has raised its limit as far as it may."""
    limit = _raise_open_files_limit(wanted + RESERVED_FILES)
    return wanted if limit is None else min(wanted, max(limit - RESERVED_FILES, limit // 2))


if sys.platform == "win32":

    def _raise_open_files_limit(_needed: int) -> int | None:
        """Windows limits sockets by memory alone."""
        return None

else:
    import resource

    def _raise_open_files_limit(needed: int) -> int | None:
        """Return how many files may be open, raised as far as needed and allowed; None without a limit."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft == resource.RLIM_INFINITY:
            return None
        wished = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        if wished <= soft:
            return soft
        with suppress(ValueError, OSError):  # some systems allow less than they say
            resource.setrlimit(resource.RLIMIT_NOFILE, (wished, hard))
        return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
