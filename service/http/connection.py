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
from service.http.security import RAW_ANSWER_HEADERS

STATE_KEY = "connection"
"""The name of the connection in the state of an ASGI scope."""

HEAD_END = b"\r\n\r\n"
MAX_HEAD_BYTES = 32 * 1024
MAX_BODY_BYTES = 16 * 1024
"""Bytes of a body that are read and ignored: no route takes one."""
MAX_ARRIVING_BYTES = MAX_BODY_BYTES + MAX_HEAD_BYTES
"""Bytes that may arrive between a request and the next one, and bytes that may wait while one is answered."""
REQUEST_TIMEOUT_SECONDS = 10.0
READER_TIMEOUT_SECONDS = 30.0
RESERVED_FILES = 128
"""File descriptors for the store, the keys, the log, and connections that are only accepted to be rejected."""

TOO_LONG = Problem(
    ProblemType.HEADER_FIELDS_TOO_LARGE,
    f"Address and headers may take {MAX_HEAD_BYTES:,} bytes, and an ignored body {MAX_BODY_BYTES:,}.",
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
        self.n_open = 0

    def connection(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> "LimitedConnection":
        """Return the protocol of a new connection: what uvicorn calls where it is given a class of protocols."""
        return LimitedConnection(self, config, server_state, app_state, _loop)


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
        self._is_held = False  # until the application has been called for what was passed on last
        self._n_unanswered = 0
        self._n_arriving = 0
        self._waiting = b""
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # it is one of TCP
        self._transport = transport
        if self._limits.n_open >= self._limits.max_connections:
            detail = f"{self._limits.max_connections:,} connections are open, as many as may be. Try again."
            self._reject(Problem(ProblemType.TOO_MANY_CONNECTIONS, detail))
            return
        self._limits.n_open += 1
        self._is_counted = True
        cut_off_silent_readers(transport, self._limits.reader_timeout_seconds)
        self._http.connection_made(transport)
        self._start_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_deadline()
        if self._is_counted:
            self._limits.n_open -= 1
            self._http.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_ending or self._transport.is_closing():
            return
        self._waiting += data
        if not (self._n_unanswered or self._is_held):
            self._pass_on()
        if len(self._waiting) > MAX_ARRIVING_BYTES:
            self._is_ending = True
            self._waiting = self._waiting[:MAX_ARRIVING_BYTES]

    def eof_received(self) -> bool:
        """Keep the connection open until the requests that have arrived are answered."""
        self._is_ending = True
        return bool(self._n_unanswered or self._is_held or self._waiting)

    def pause_writing(self) -> None:
        self._http.pause_writing()

    def resume_writing(self) -> None:
        self._http.resume_writing()

    def request_began(self) -> None:
        """The application was called for a request: its head has arrived."""
        self._n_unanswered += 1
        self._n_arriving = 0
        self._stop_deadline()

    def request_ended(self) -> None:
        """The application has answered a request."""
        self._n_unanswered -= 1
        if self._waiting or self._is_ending:
            self._loop.call_soon(self._go_on)

    def _pass_on(self) -> None:
        """Pass on the bytes that wait, up to the end of a head."""
        end = self._waiting.find(HEAD_END)
        size = len(self._waiting) if end < 0 else end + len(HEAD_END)
        arrived, self._waiting = self._waiting[:size], self._waiting[size:]
        self._n_arriving += size
        if self._n_arriving > MAX_ARRIVING_BYTES:
            self._reject(TOO_LONG)
            return
        self._is_held = True
        self._http.data_received(arrived)
        self._loop.call_soon(self._release)  # after the application is called, where a request is complete

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
        elif self._n_arriving and self._deadline is None:
            self._start_deadline()

    def _start_deadline(self) -> None:
        self._deadline = self._loop.call_later(self._limits.request_timeout_seconds, self._reject, TOO_SLOW)

    def _stop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _reject(self, problem: Problem) -> None:
        """Answer without the application, and close the connection."""
        if self._transport.is_closing():
            return
        request_id = request_id_of(None)
        response = problem.response("", request_id)
        headers = [*response.raw_headers, *RAW_ANSWER_HEADERS, (REQUEST_ID, request_id.encode())]
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
