"""A connection as the server's loop sees it, with short times."""

import asyncio
import socket

import pytest
from prometheus_client import CollectorRegistry
from starlette.responses import PlainTextResponse
from uvicorn import Config
from uvicorn.server import ServerState

from service.http.protocol import LimitedProtocol, limited_protocol
from service.observability.metrics import RequestMetrics
from service.observability.recorder import RequestRecorder

ASKED = b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n"
NARROW_BYTES = 4096
PATIENCE_SECONDS = 9.0  # less than a request may take to arrive


async def _read_until_it_closes(after: bytes, keep_alive_seconds: int) -> bytes:
    """What comes until the server has hung up, `after` having been sent when the answer was there."""
    config = Config(PlainTextResponse("here"), timeout_keep_alive=keep_alive_seconds, log_config=None)
    config.load()
    state, protocol = ServerState(), limited_protocol(RequestRecorder(RequestMetrics(CollectorRegistry())), at_most=10)
    loop = asyncio.get_running_loop()
    async with (
        asyncio.timeout(PATIENCE_SECONDS),
        await loop.create_server(
            lambda: protocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
        ) as server,
    ):
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(ASKED)
        assert (await reader.readuntil(b"here")).startswith(b"HTTP/1.1 200")
        writer.write(after)
        rest = await reader.read()
        writer.close()
        await writer.wait_closed()
        return rest


class Hasty(LimitedProtocol):
    """Waits half a second for a reader; sends through a narrow pipe."""

    recorder = RequestRecorder(RequestMetrics(CollectorRegistry()))
    most_connections = 10
    write_seconds = 0.5

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, NARROW_BYTES)
        super().connection_made(transport)


async def _held_for_a_silent_reader(request: bytes) -> tuple[int, int]:
    """Connections that the server holds once it answers, and in the end, unless it takes too long.

    What is unread is too little for the transport to complain of.
    """
    config = Config(PlainTextResponse(40_000 * "x"), timeout_keep_alive=1, log_config=None)
    config.load()
    state, loop = ServerState(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: Hasty(config=config, server_state=state, app_state={}), "127.0.0.1", 0)
    async with server:
        with socket.socket() as reader:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, NARROW_BYTES)
            reader.setblocking(False)
            await loop.sock_connect(reader, server.sockets[0].getsockname())
            await loop.sock_sendall(reader, request)
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not state.total_requests:
                    await asyncio.sleep(0.01)
                held = len(state.connections)
                while state.connections:
                    await asyncio.sleep(0.01)
                return held, len(state.connections)


@pytest.mark.parametrize("header", [b"A: b", b"Connection: close"])
def test_who_reads_nothing_is_hung_up_on_though_little_is_left_to_read(header: bytes) -> None:
    assert asyncio.run(_held_for_a_silent_reader(b"GET / HTTP/1.1\r\nHost: h\r\n" + header + b"\r\n\r\n")) == (1, 0)


def test_an_idle_connection_is_closed_also_where_a_body_came_after_its_answer() -> None:
    assert asyncio.run(_read_until_it_closes(b"x", keep_alive_seconds=1)) == b""
