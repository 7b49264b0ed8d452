"""The soak test's own counting: what is a failure, how memory grows, and what is requested."""

import asyncio
import time
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.serving.load import Connection
from benchmarks.soak import ROUTES, Load, Memory, Soak, mixed, per_minute, report
from tests.servers import LOOPBACK

MIB = 2**20
OK = b'HTTP/1.1 200 OK\r\nETag: "a"\r\nContent-Length: 2\r\n\r\nhi'
CHUNKED = b'HTTP/1.1 200 OK\r\nETag: "a"\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n'
UNCHANGED = b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n'
UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
CUT_SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nh"


def sent(*answers: bytes, conditional: bool = True) -> Load:
    """Return what a load records of one request after another, to a server that gives these answers."""
    waiting, load = list(answers), Load()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while waiting and await reader.readuntil(b"\r\n\r\n"):
            writer.write(found := waiting.pop(0))
            if found == CUT_SHORT:
                break
        writer.close()

    async def send() -> None:
        async with await asyncio.start_server(answer, LOOPBACK, 0) as server:
            connection = Connection(f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}", "key")
            for _ in answers:
                await load.send(connection, "/", time.perf_counter(), conditional)
            connection.close()

    asyncio.run(send())
    return load


def test_an_answer_without_change_is_right_only_where_an_etag_was_sent() -> None:
    assert sent(OK, UNCHANGED, CHUNKED).failed == Counter()
    assert sent(UNCHANGED).failed == {"/: status 304": 1}
    assert sent(OK, UNCHANGED, conditional=False).failed == {"/: status 304": 1}


def test_errors_are_failures_and_the_connection_is_opened_again() -> None:
    load = sent(UNAVAILABLE, CUT_SHORT, OK)
    assert load.failed == {"/: status 503": 1, "/: IncompleteReadError": 1}
    assert load.statuses == {503: 1, 200: 1}


def test_memory_grows_from_the_highest_of_the_first_minutes() -> None:
    assert Memory([100, 120, 110, 126], 2).growth == pytest.approx(0.05)
    assert Memory([100, 120, 110, 90], 2).growth == pytest.approx(-1 / 12)


def test_the_highest_of_each_minute_is_shown() -> None:
    assert per_minute([MIB, 3 * MIB, *[2 * MIB] * 11, 7 * MIB]) == "3 7"


@pytest.mark.parametrize(
    ("failed", "last", "passes"), [({}, 104, True), ({"/: status 500": 1}, 104, False), ({}, 106, False)]
)
def test_it_passes_without_failures_and_growth(failed: dict[str, int], last: int, passes: bool) -> None:
    load = Load(seconds=[0.001], statuses=Counter({200: 1}), failed=Counter(failed))
    resident = [100 * MIB] * 60 + [last * MIB] * 60
    soaked = Soak(Path(), 0, 600, load, resident)
    assert report(soaked, minutes=10) is passes


def test_every_route_is_requested_in_its_proportion() -> None:
    requests = list(mixed(20_000))
    shares = Counter(route for route, _ in requests)
    total = sum(ROUTES.values())
    assert shares == pytest.approx({route: 20_000 * weight / total for route, weight in ROUTES.items()}, rel=0.15)
    assert sum(conditional for _, conditional in requests) == pytest.approx(10_000, rel=0.05)
