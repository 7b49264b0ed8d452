"""Connections with short limits, over real sockets, and how many there may be."""

import asyncio
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn import Config
from uvicorn.server import ServerState

from service.http.access_record import AccessRecord
from service.http.connection import MAX_ARRIVING_BYTES, ConnectionLimits
from service.http.middleware import RequestMiddleware
from service.observability.metrics import RequestMetrics, RequestRecorder

ROOT = Path(__file__).parents[3]
LIMITED = "from service.http.connection import max_open_connections; print(max_open_connections(2000))"
GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
GET_WITH_BODY = b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n"
NARROW_BYTES = 4096
TIMEOUT_SECONDS = 9.0
SHORT_SECONDS = 0.3


class Records:
    """Keeps what is recorded."""

    def __init__(self) -> None:
        self.statuses: list[int] = []

    def record(self, access: AccessRecord) -> None:
        self.statuses.append(int(access.status))


class Slow:
    """An application that answers when it is let."""

    def __init__(self) -> None:
        self.n_called = 0
        self.let = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.n_called += 1
        await self.let.wait()
        await PlainTextResponse("here")(scope, receive, send)


@asynccontextmanager
async def listening(
    app: ASGIApp, records: Records, keep_alive_seconds: int = 60, max_connections: int = 10, send_bytes: int = 0
) -> AsyncIterator[tuple[tuple[str, int], ServerState]]:
    """A server on a free port with short limits: its address, and uvicorn's own state. `send_bytes`: of its pipe."""
    recorder = RequestRecorder(RequestMetrics(CollectorRegistry()))
    config = Config(RequestMiddleware(app, recorder), timeout_keep_alive=keep_alive_seconds, log_config=None)
    config.load()
    state = ServerState()
    limits = ConnectionLimits(records, max_connections, SHORT_SECONDS, SHORT_SECONDS)
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        if send_bytes:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_bytes)
        async with (
            asyncio.timeout(TIMEOUT_SECONDS),
            await loop.create_server(lambda: limits.connection(config, state, {}), sock=listener),
        ):
            yield listener.getsockname(), state


async def exchange(app: ASGIApp, *pieces: bytes, keep_alive_seconds: int = 60) -> tuple[list[int], list[int]]:
    """Send the pieces, a moment apart. The statuses until the server hangs up, and those that it recorded itself."""
    records = Records()
    async with listening(app, records, keep_alive_seconds) as (address, _):
        reader, writer = await asyncio.open_connection(*address)
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(SHORT_SECONDS / 6)
        received = await reader.read()
        writer.close()
        return list(map(int, re.findall(rb"HTTP/1\.1 (\d+)", received))), records.statuses


@pytest.mark.parametrize(
    ("pieces", "statuses", "recorded"),
    [
        ([], [408], [408]),
        ([b"GE"], [408], [408]),
        ([b"\r\n"], [408], [408]),
        ([b"G", b"E", b"T", b" ", b"/", b" "], [408], [408]),
        ([GET, b"GET"], [200, 408], [408]),
        ([GET_WITH_BODY, b"xGET"], [200, 408], [408]),
        ([GET_WITH_BODY, b"x", GET, b"G"], [200, 200, 408], [408]),
        ([2 * GET + b"G"], [200, 200, 408], [408]),
        ([GET[:-1], GET[-1:] + GET, b"G"], [200, 200, 408], [408]),
        ([b"GET /" + MAX_ARRIVING_BYTES * b"a"], [431], [431]),
        ([GET + b"GET /" + MAX_ARRIVING_BYTES * b"a"], [200], []),  # closed after the answer before it
        ([GET_WITH_BODY, (MAX_ARRIVING_BYTES + 1) * b"\r\n"], [200, 431], [431]),
        ([b"SSH-2.0\r\n\r\n"], [400], []),  # uvicorn's own answer
        ([GET + b"\x16\x03\x01\r\n\r\n"], [200, 400], []),
    ],
)
def test_a_request_that_is_late_long_or_malformed_ends_the_connection(
    pieces: list[bytes], statuses: list[int], recorded: list[int]
) -> None:
    assert asyncio.run(exchange(PlainTextResponse("here"), *pieces)) == (statuses, recorded)


def test_a_connection_without_a_further_request_is_closed_by_the_keep_alive_limit() -> None:
    answered = asyncio.run(exchange(PlainTextResponse("here"), GET_WITH_BODY, keep_alive_seconds=1))
    assert answered == ([200], [])


async def _called_while_one_is_answered(after: bytes) -> tuple[int, int, bytes]:
    """Return the calls of the application before and after the first answer, and all bytes received."""
    app = Slow()
    async with listening(app, Records()) as (address, _):
        reader, writer = await asyncio.open_connection(*address)
        writer.write(GET + after)
        writer.write_eof()
        while not app.n_called:
            await asyncio.sleep(0.01)
        await asyncio.sleep(2 * SHORT_SECONDS)  # neither the limit of a request nor the end of input ends it
        before = app.n_called
        app.let.set()
        received = await reader.read()
        writer.close()
        return before, app.n_called, received


@pytest.mark.parametrize("n_more", [0, 1, 100])
def test_requests_of_one_connection_are_answered_one_after_the_other(n_more: int) -> None:
    before, called, received = asyncio.run(_called_while_one_is_answered(n_more * GET))
    assert (before, called, received.count(b"HTTP/1.1 200")) == (1, 1 + n_more, 1 + n_more)


def test_no_more_bytes_wait_than_are_allowed() -> None:
    sent = 20 * MAX_ARRIVING_BYTES // len(GET)
    _, called, received = asyncio.run(_called_while_one_is_answered(sent * GET))
    assert 1 < called <= 2 + MAX_ARRIVING_BYTES // len(GET)
    assert received.count(b"HTTP/1.1 200") == called


async def _on_ten_connections_of_which_two_are_allowed() -> tuple[list[int], list[int], list[int]]:
    records = Records()

    async def ask(address: tuple[str, int]) -> tuple[int, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection(*address)
        writer.write(GET)
        return int((await reader.readuntil(b"\r\n\r\n")).split()[1]), writer

    async with listening(PlainTextResponse("here"), records, max_connections=2) as (address, state):
        asked = [await ask(address) for _ in range(10)]
        for _, writer in asked:
            writer.close()
        while state.connections:
            await asyncio.sleep(0.01)
        status, writer = await ask(address)
        writer.close()
        return [status for status, _ in asked], [status], records.statuses


def test_connections_above_the_limit_are_rejected_until_others_are_closed() -> None:
    assert asyncio.run(_on_ten_connections_of_which_two_are_allowed()) == (2 * [200] + 8 * [503], [200], 8 * [503])


async def _held_for_a_silent_reader(request: bytes, size: int) -> list[int]:
    """Return how many connections the server held: at the request, and after. Raises TimeoutError after too long."""
    app = PlainTextResponse(size * "x")
    async with listening(app, Records(), keep_alive_seconds=1, send_bytes=NARROW_BYTES) as (address, state):
        with socket.socket() as reader:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW_BYTES)
            reader.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(reader, address)
            await loop.sock_sendall(reader, request)
            while not state.connections:
                await asyncio.sleep(0.01)
            held = [len(state.connections)]
            while state.connections:
                await asyncio.sleep(0.01)
            return [*held, len(state.connections)]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits how long data may remain unread")
@pytest.mark.parametrize("size", [40_000, 4_000_000], ids=["answered", "being answered"])
@pytest.mark.parametrize("header", [b"A: b", b"Connection: close"])
def test_a_reader_that_takes_nothing_is_cut_off(header: bytes, size: int) -> None:
    request = b"GET / HTTP/1.1\r\nHost: h\r\n" + header + b"\r\n\r\n"
    assert asyncio.run(_held_for_a_silent_reader(request, size)) == [1, 0]


@pytest.mark.parametrize(
    ("limits", "left"),
    [
        ("-n 2128", 2000),
        ("-n 2127", 1999),
        ("-n 1024", 896),
        ("-Sn 256", 2000),  # raised
        ("-n 4000", 2000),
        ("-n 100", 50),  # not one would be left
    ],
)
def test_connections_are_as_many_as_open_files_allow_after_a_reserve(limits: str, left: int) -> None:
    command = ["sh", "-c", f'ulimit {limits} && exec "$@"', "sh", sys.executable, "-c", LIMITED]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert int(run.stdout) == left
