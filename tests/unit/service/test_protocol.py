"""A connection as the server's loop sees it, with short times."""

import asyncio

from prometheus_client import CollectorRegistry
from starlette.responses import PlainTextResponse
from uvicorn import Config
from uvicorn.server import ServerState

from service.metrics import RequestMetrics
from service.protocol import guarded
from service.telling import Teller

ASKED = b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n"
PATIENCE_SECONDS = 9.0  # less than a request may take to arrive


async def _closes(after: bytes, keep_alive_seconds: int) -> None:
    """Return once the server has hung up, `after` having been sent when the answer was there."""
    config = Config(PlainTextResponse("here"), timeout_keep_alive=keep_alive_seconds, log_config=None)
    config.load()
    state, protocol = ServerState(), guarded(Teller(RequestMetrics(CollectorRegistry())), at_most=10)
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
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()


def test_an_idle_connection_is_closed_also_where_a_body_came_after_its_answer() -> None:
    asyncio.run(_closes(b"x", keep_alive_seconds=1))
