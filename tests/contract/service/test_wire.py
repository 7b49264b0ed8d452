"""Connections that send slowly, too much, or no request, and crowds of them: each ends in time, and is recorded."""

import json
import re
import resource
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import servers
from tests.contract.service.wire import TIMEOUT_SECONDS, all_of, answer, asked, headers_of, issue, line_of

ANSWER_HEADERS = (
    "x-content-type-options",
    "referrer-policy",
    "cross-origin-resource-policy",
    "content-security-policy",
    "cache-control",
)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Service]:
    home = tmp_path_factory.mktemp("home")
    issue(home)
    with servers.service(home, "--allow-anonymous") as started:
        yield started


@pytest.fixture(scope="module")
def port(running: servers.Service) -> int:
    return running.port


@dataclass(frozen=True)
class Slow:
    """A request in pieces, one a second, and the statuses received before the service closes the connection."""

    pieces: tuple[bytes, ...]
    answered: tuple[int, ...]


SLOW = {
    "nothing": Slow((), (408,)),
    "half a word": Slow((b"GE",), (408,)),
    "half a head": Slow((b"GET / HTTP/1.1\r\nA: b",), (408,)),
    "a head, byte by byte": Slow(tuple(bytes([byte]) for byte in asked()), (408,)),
    "a blank line": Slow((b"\r\n",), (408,)),
    "one byte of a body": Slow((asked("Content-Length: 16000"), b"x"), (200, 408)),
    "a body, byte by byte": Slow((asked("Content-Length: 16000"), *[b"x"] * 20), (200, 408)),
    "one byte of a body that is waited for": Slow(
        (asked("Content-Length: 9", "Expect: 100-continue"), b"x"), (200, 408)
    ),
    "another protocol that we do not change to": Slow(
        (asked("Connection: upgrade", "Upgrade: h2c"), b"GET"), (200, 408)
    ),
    "a body of unsaid length": Slow((asked("Transfer-Encoding: chunked"), b"1\r\nx\r\n"), (413,)),
    "half of the next head": Slow((asked() + b"GET /", b"v1"), (200, 408)),
    "a blank line instead of the next head": Slow((asked(), b"\r\n"), (200, 408)),
    "a body, then half of the next head": Slow((asked("Content-Length: 1"), b"xGET"), (200, 408)),
    "one byte of the third body": Slow((2 * asked() + asked("Content-Length: 9"), b"x"), (200, 200, 200, 408)),
}
LONGEST_SECONDS = 16.0  # the limit of 10, and what a busy machine takes


def sent_slowly(port: int, slow: Slow) -> tuple[tuple[int, ...], float]:
    """The statuses of what comes back, and after how many seconds the service hangs up."""
    began, received = time.monotonic(), b""
    with socket.create_connection((servers.LOOPBACK, port), timeout=1) as connection, suppress(ConnectionError):
        while time.monotonic() < began + 2 * LONGEST_SECONDS:
            piece = int(time.monotonic() - began)
            connection.sendall(b"".join(slow.pieces[piece : piece + 1]))
            with suppress(TimeoutError):
                if not (part := connection.recv(65536)):
                    break
                received += part
                time.sleep(max(0.0, began + piece + 1 - time.monotonic()))
    return tuple(map(int, re.findall(rb"HTTP/1\.1 (\d+)", received))), time.monotonic() - began


def test_a_request_that_does_not_arrive_is_hung_up_on(port: int) -> None:
    with ThreadPoolExecutor(len(SLOW)) as threads:
        ended = dict(zip(SLOW, threads.map(lambda slow: sent_slowly(port, slow), SLOW.values()), strict=True))
    assert {name: answered for name, (answered, _) in ended.items()} == {n: slow.answered for n, slow in SLOW.items()}
    assert {name: seconds for name, (_, seconds) in ended.items() if seconds > LONGEST_SECONDS} == {}


def test_a_small_body_that_comes_late_is_ignored_and_the_connection_goes_on(port: int) -> None:
    with socket.create_connection((servers.LOOPBACK, port), timeout=TIMEOUT_SECONDS) as connection:
        for _ in range(3):
            connection.sendall(asked("Content-Length: 2"))
            received = b""
            while not received.endswith(b"}"):  # head and body may come one after the other
                received += connection.recv(65536)
            assert received.startswith(b"HTTP/1.1 200")
            connection.sendall(b"{}")


def requests(*names: str, more: tuple[str, ...] = ()) -> bytes:
    return b"".join(asked(f"X-Request-ID: {name}", *more) for name in names)


def test_what_follows_a_request_to_change_the_protocol_is_answered_in_its_place(port: int) -> None:
    upgrade = requests("a", more=("Connection: Upgrade", "Upgrade: h2c"))
    received = all_of(port, upgrade + requests("b") + requests("c", more=("Connection: close",)))
    assert re.findall(rb"x-request-id: (\w+)", received) == [b"a", b"b", b"c"]


def test_so_many_requests_are_answered_ahead_and_no_more(port: int) -> None:
    received = all_of(port, requests(*map(str, range(5000))))
    answered = list(map(int, re.findall(rb"x-request-id: (\d+)", received)))
    assert answered == list(range(len(answered)))
    assert 1 < len(answered) < 5000


def test_a_head_is_as_limited_where_it_comes_behind_another(port: int) -> None:
    received = all_of(port, asked() + asked("A: " + 60_000 * "a"))
    assert re.findall(rb"HTTP/1\.1 (\d+)", received) in ([b"200"], [b"200", b"431"])  # by whether it arrived before
    assert re.findall(rb"HTTP/1\.1 (\d+)", all_of(port, asked("A: " + 45_000 * "a", "B: " + 5_000 * "b"))) == [b"431"]


@pytest.mark.parametrize("path", ["/healthz", "/v1/forecasts?horizon=5", "/v1/pressure?horizon=9"])
def test_who_stops_sending_after_the_request_is_answered(port: int, path: str) -> None:
    with socket.create_connection((servers.LOOPBACK, port), timeout=TIMEOUT_SECONDS) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode())
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while part := connection.recv(65536):
            received += part
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert len(body) == int(headers_of(received)["content-length"])


REJECTED = {
    "two hosts": (asked("Host: other"), 400, "GET"),
    "a head without an end": (b"GET /" + 60_000 * b"a", 431, "other"),
    "many headers": (asked(*200 * ["A: b"]), 431, "GET"),
    "a long address": (b"DELETE /" + 60_000 * b"a" + b" HTTP/1.1\r\n\r\n", 431, "other"),
    "half a head": (b"GET / HTTP/1.1\r\nA", 408, "other"),
}


@pytest.mark.parametrize(("sent", "status", "method"), REJECTED.values(), ids=REJECTED.keys())
def test_what_is_rejected_before_the_routes_is_recorded_and_has_the_headers_of_every_answer(
    running: servers.Service, sent: bytes, status: int, method: str
) -> None:
    received = all_of(running.port, sent)
    headers, problem = headers_of(received), json.loads(received.partition(b"\r\n\r\n")[2])
    other = headers_of(answer(running.port, b"GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n"))
    assert (problem["status"], headers["connection"]) == (status, "close")
    assert problem["request_id"] == headers["x-request-id"]
    assert set(other) - set(headers) <= {"date"}
    assert {name: headers[name] for name in ANSWER_HEADERS} == {name: other[name] for name in ANSWER_HEADERS}
    line = line_of(running.log, problem["request_id"])
    assert (line["status"], line["method"], line["route"], line["key"]) == (status, method, "unknown", "-")
    assert line["bytes"] == int(headers["content-length"])
    counted = f'headroom_http_requests_total{{method="{method}",route="unknown",status="{status}"}}'
    assert counted in all_of(running.port, b"GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n").decode()


def test_a_rejection_has_the_id_that_was_given_with_the_request(port: int) -> None:
    received = all_of(port, asked("X-Request-ID: from-the-proxy.7", *200 * ["A: b"]))
    assert headers_of(received)["x-request-id"] == "from-the-proxy.7"


@pytest.mark.parametrize(
    ("after", "status"),
    [(b"\x16\x03\x01\r\n\r\n", b"400"), (asked(*200 * ["A: b"]) + asked(), b"431"), (40_000 * b"a", b"400")],
    ids=["no HTTP", "many headers", "no end"],
)
def test_a_rejection_does_not_cut_into_the_answer_before_it(port: int, after: bytes, status: bytes) -> None:
    received = all_of(port, b"GET /v1/forecasts HTTP/1.1\r\nHost: h\r\n\r\n" + after)
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(headers_of(received)["content-length"])
    assert head.startswith(b"HTTP/1.1 200")
    assert len(json.loads(body[:length])["forecasts"]) > 1
    assert re.findall(rb"HTTP/1\.1 (\d+)", body[length:]) == [status]


OPEN_FILES, HELD, TOO_MANY = 300, 300 - 128, 50


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Service]:
    """A service that may not open many files."""
    home = tmp_path_factory.mktemp("narrow")
    issue(home)
    with servers.service(home, ulimit=f"-n {OPEN_FILES}") as started:
        yield started


def test_where_few_files_may_be_open_so_may_few_connections_and_the_rest_works_on(narrow: servers.Service) -> None:
    with ExitStack() as opened:
        connections = [
            opened.enter_context(socket.create_connection((servers.LOOPBACK, narrow.port), timeout=TIMEOUT_SECONDS))
            for _ in range(HELD + TOO_MANY)
        ]
        rejected = connections[HELD:]
        headers = [headers_of(connection.recv(65536)) for connection in rejected]
        connections[0].sendall(b"GET /readyz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        ready = connections[0].recv(65536)
    assert all(int(given["retry-after"]) > 0 for given in headers)
    lines = [line_of(narrow.log, given["x-request-id"]) for given in headers]
    assert [line["status"] for line in lines] == TOO_MANY * [503]
    assert ready.startswith(b"HTTP/1.1 200")
    log = narrow.log.read_text()
    assert f"up to {HELD} connections, not 2000" in log
    assert "unable to open" not in log


def test_as_many_files_as_are_needed_are_asked_for(tmp_path: Path) -> None:
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 3000:
        pytest.skip("this machine does not allow as many open files")
    issue(tmp_path)
    with servers.service(tmp_path, ulimit=f"-Sn {OPEN_FILES}") as started, ExitStack() as opened:
        for _ in range(OPEN_FILES):
            opened.enter_context(socket.create_connection((servers.LOOPBACK, started.port)))
        assert answer(started.port, asked()).startswith(b"HTTP/1.1 200")
        assert "connections, not" not in started.log.read_text()
