"""Requests that mean no good, sent as bytes to the running service: each is refused, quickly, as the caller's fault."""

import json
import re
import resource
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from publication.store import Store, default_url
from tests import servers
from tests.builders import build_publication

PATIENCE_SECONDS = 20.0
ANSWER_HEADERS = (
    "x-content-type-options",
    "referrer-policy",
    "cross-origin-resource-policy",
    "content-security-policy",
    "cache-control",
)
LEAST = 200

PATHS = [
    "/../../etc/passwd",
    "/../etc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/..%2f..%2fetc%2fpasswd",
    "/..%5c..%5cwindows",
    "//etc/passwd",
    "///",
    "/./",
    "/.env",
    "/.git/config",
    "/admin",
    "/wp-login.php",
    "/cgi-bin/.%2e/.%2e/bin/sh",
    "/static/",
    "/static/../app.py",
    "/static/%2e%2e/app.py",
    "/static/..%2fapp.py",
    "/static/page.css/",
    "/static/page.css%00",
    "/static/PAGE.CSS",
    "/static/.page.css",
    "/docs/",
    "/docs/assets/",
    "/docs/assets/..%2f..%2fapp.py",
    "/docs/assets/%00",
    "/openapi.json/",
    "/metrics/",
    "/healthz/",
    "/readyz%00",
    "/V1/system",
    "/v1",
    "/v1/",
    "/v1//system",
    "/v1/system/",
    "/v1/system%00",
    "/v1/system%20",
    "/v1/system;x=1",
    "/v1/system%3fplace=1",
    "/v2/system",
    "/v1/FORECASTS",
    "/v1/forecasts/",
    "/v1/forecasts//",
    "/v1/forecasts/%00",
    "/v1/forecasts/%ff%fe",
    "/v1/forecasts/%c0%ae%c0%ae",
    "/v1/forecasts/%F0%9F%92%A9",
    "/v1/forecasts/%u0041",
    "/v1/forecasts/%",
    "/v1/forecasts/%zz",
    "/v1/forecasts/..",
    "/v1/forecasts/../system",
    "/v1/forecasts/RXH/occupancy/",
    "/v1/forecasts/RXH/occupancy%00",
    "/v1/forecasts/RXH/occupancy/../../RXK/occupancy",
    "/v1/forecasts/RXH%5coccupancy",
    "/v1/forecasts/rxh/occupancy",
    "/v1/forecasts/RXH/occupancy%0d%0aSet-Cookie:%20a=b",
    "/v1/forecasts/" + "A" * 8_000,
    "/v1/forecasts/" + "A/" * 4_000,
    "/v1/forecasts/" + "%41" * 4_000,
    "/v1/forecasts/" + "A" * 60_000,
    "/" + "a/" * 4_000,
    "/" + "%2e%2e%2f" * 1_000,
    "/places/",
    "/places/..",
    "/places/%2e%2e",
    "/places/%00",
    "/places/RXH/",
    "/places/RXH/RXH1",
    "/places/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    "/places/'%20OR%201=1--",
    "/places/{{7*7}}",
    "/places/$%7Bjndi:ldap://127.0.0.1/a%7D",
    "/places/" + "A" * 8_000,
]
NUMBERS = [
    "-1",
    "0",
    "-0",
    "1e9",
    "1e400",
    "0x10",
    "1.5",
    "9" * 30,
    "9" * 5_000,
    "-" + "9" * 30,
    "nan",
    "inf",
    "null",
    "true",
    "[]",
    "%00",
    "%D9%A1%D9%A2%D9%A3%D9%A4%D9%A5",
    "1;DROP%20TABLE%20publications",
    "%0d%0aX:%20y",
    "",
]
TEXTS = [
    "%00",
    "%ff",
    "..",
    "*",
    "'%20OR%20'1'='1",
    "{{7*7}}",
    "%3Cscript%3E",
    "%0d%0aSet-Cookie:%20a=b",
    "%F0%9F%92%A9" * 500,
    "A" * 20_000,
    "$(id)",
    "%25s%25s%25n",
]
QUERIES = [
    *(f"/v1/forecasts?horizon={value}" for value in NUMBERS),
    *(f"/v1/forecasts?limit={value}" for value in NUMBERS),
    *(f"/v1/publications?limit={value}" for value in NUMBERS),
    *(f"/v1/forecasts?revision={value}" for value in NUMBERS),
    *(f"/v1/{route}?place={value}" for route in ("series", "forecasts") for value in TEXTS),
    *(f"/v1/pressure?{name}={value}" for name in ("under", "beds", "discharges") for value in TEXTS),
    *(f"/v1/forecasts?{name}={value}" for name in ("quantiles", "cutoff", "format", "after") for value in TEXTS),
    "/v1/forecasts?quantiles=" + ",".join(["0.5"] * 100) + ",0.123",
    "/v1/forecasts?quantiles=1e-400",
    "/v1/forecasts?quantiles=-0.5",
    "/v1/forecasts?quantiles=0.5,,0.9",
    "/v1/forecasts?cutoff=0000-00-00",
    "/v1/forecasts?cutoff=9999-12-31",
    "/v1/forecasts?cutoff=10000-01-01",
    "/v1/forecasts?cutoff=2026-11-21T00:00:00Z",
    "/v1/forecasts?horizon=3&horizon=4",
    "/v1/forecasts?" + "&".join(f"a{i}=1" for i in range(2_000)),
    "/v1/forecasts?place[]=RXH",
    "/v1/forecasts?__proto__=1",
    "/v1/forecasts?=1",
    "/v1/forecasts?&&&=",
    "/v1/pressure?beds=" + ",".join(f"P{i}:+1" for i in range(1_000)),
    *(f"/v1/scores?{name}={value}" for name in ("place", "leads", "regime", "by", "format") for value in TEXTS),
    "/v1/scores?by=",
    "/v1/scores?by=series,,leads",
    "/v1/scores?by=" + 5_000 * "series,",
    "/v1/pressure?beds=RXH:+999999999999",
    "/v1/pressure?beds=RXH:--5",
    "/v1/pressure?beds=RXH:+1e3",
    "/v1/pressure?discharges=RXH:+5/week",
    "/v1/system?x",
]
HEADS = {
    "an unknown method": "BREW /v1/system HTTP/1.1\r\nHost: h\r\n\r\n",
    "a method in lower case": "get /v1/system HTTP/1.1\r\nHost: h\r\n\r\n",
    "no method": " /v1/system HTTP/1.1\r\nHost: h\r\n\r\n",
    "a long method": "G" * 5_000 + " / HTTP/1.1\r\nHost: h\r\n\r\n",
    "no address": "GET  HTTP/1.1\r\nHost: h\r\n\r\n",
    "no version, then more": "GET / \r\nHost: h\r\n\r\n",
    "a version to come": "GET / HTTP/9.9\r\nHost: h\r\n\r\n",
    "another protocol": "SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "TLS": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + "\x00" * 100,
    "HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a tunnel": "CONNECT 127.0.0.1:5432 HTTP/1.1\r\nHost: h\r\n\r\n",
    "a space in the address": "GET /v1/ system HTTP/1.1\r\nHost: h\r\n\r\n",
    "a control character in the address": "GET /v1/\x01system HTTP/1.1\r\nHost: h\r\n\r\n",
    "bytes above ASCII in the address": "GET /v1/forecasts/\xe9\xff HTTP/1.1\r\nHost: h\r\n\r\n",
    "a header without a colon": "GET / HTTP/1.1\r\nHost: h\r\nnonsense\r\n\r\n",
    "a blank before the colon": "GET / HTTP/1.1\r\nHost : h\r\n\r\n",
    "a header without a name": "GET / HTTP/1.1\r\n: h\r\n\r\n",
    "a NUL in a header": "GET / HTTP/1.1\r\nHost: h\r\nX: a\x00b\r\n\r\n",
    "a bare CR in a header": "GET / HTTP/1.1\r\nHost: h\r\nX: a\rSet-Cookie: b=c\r\n\r\n",
    "a control character in a name": "GET / HTTP/1.1\r\nHost: h\r\nX\x01: a\r\n\r\n",
    "a very long header": "GET / HTTP/1.1\r\nHost: h\r\nX: " + "a" * 200_000 + "\r\n\r\n",
    "a very long name": "GET / HTTP/1.1\r\nHost: h\r\n" + "X" * 100_000 + ": a\r\n\r\n",
    "a thousand headers": "GET / HTTP/1.1\r\nHost: h\r\n" + "X: a\r\n" * 1_000 + "\r\n",
    "a very long address": "GET /" + "a" * 200_000 + " HTTP/1.1\r\nHost: h\r\n\r\n",
    "a length that is none": "POST /v1/system HTTP/1.1\r\nHost: h\r\nContent-Length: ten\r\n\r\n",
    "a negative length": "POST /v1/system HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
    "a huge length": "POST /v1/system HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999\r\n\r\n",
    "a length beyond numbers": f"POST /v1/system HTTP/1.1\r\nHost: h\r\nContent-Length: {'9' * 40}\r\n\r\n",
    "two lengths": "POST /v1/system HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a length and chunks": "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
    "chunks": "GET /v1/system HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
    "chunks that are none": "POST /v1/system HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "an encoding that is none": "POST /v1/system HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: nonsense\r\n\r\n",
    "a large body": "GET /v1/system HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n" + "x" * 500_000,
    "a small body for another method": "POST /v1/system HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}",
    "XML": "POST /v1/system HTTP/1.1\r\nHost: h\r\nContent-Type: text/xml\r\nContent-Length: 4\r\n\r\n<!x>",
}
METHODS = ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "MKCOL", "LOCK", "REPORT", "PURGE"]
ROUTES = ["/", "/v1/system", "/v1/forecasts", "/v1/forecasts/RXH/occupancy", "/v1/pressure", "/metrics", "/docs"]

CORPUS = {
    **{f"path {path[:60]} of {len(path)}": f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n" for path in PATHS},
    **{f"query {query[:60]} of {len(query)}": f"GET {query} HTTP/1.1\r\nHost: h\r\n\r\n" for query in QUERIES},
    **{f"{method} {route}": f"{method} {route} HTTP/1.1\r\nHost: h\r\n\r\n" for method in METHODS for route in ROUTES},
    **HEADS,
}


def issue(home: Path) -> None:
    store = Store(default_url(home))
    store.prepare()
    store.issue(build_publication(datetime.now(UTC).date() - timedelta(days=1), with_drivers=True, with_headroom=True))
    store.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Service]:
    home = tmp_path_factory.mktemp("home")
    issue(home)
    with servers.service(home) as started:
        yield started


@pytest.fixture(scope="module")
def port(running: servers.Service) -> int:
    return running.port


def answer(port: int, request: bytes, patience_seconds: float = PATIENCE_SECONDS) -> bytes:
    """All that comes back until the service hangs up or has answered."""
    with socket.create_connection((servers.LOOPBACK, port), timeout=patience_seconds) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):  # refused before it was all sent
            connection.sendall(request)
        received = b""
        with suppress(ConnectionResetError):
            while b"\r\n\r\n" not in received and (part := connection.recv(65536)):
                received += part
    return received


def all_of(port: int, request: bytes) -> bytes:
    """All that comes back until the service hangs up."""
    with socket.create_connection((servers.LOOPBACK, port), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(request)
        received = b""
        while part := connection.recv(65536):
            received += part
    return received


def test_the_corpus_is_as_large_as_it_is_to_be() -> None:
    assert len(CORPUS) >= LEAST


@pytest.mark.parametrize("request_head", CORPUS.values(), ids=CORPUS.keys())
def test_it_is_refused_as_the_callers_fault(port: int, request_head: str) -> None:
    received = answer(port, request_head.encode("latin-1"))
    status_line = received.partition(b"\r\n")[0]
    assert status_line.startswith(b"HTTP/1.1 4"), received[:300]
    assert b"application/problem+json" in received
    assert b"\r\nset-cookie" not in received.lower()
    assert b"Traceback" not in received


def test_the_service_is_as_well_as_before(port: int) -> None:
    assert answer(port, b"GET /v1/system HTTP/1.1\r\nHost: h\r\n\r\n").startswith(b"HTTP/1.1 200")


def asked(*headers: str) -> bytes:
    return "\r\n".join(["GET /healthz HTTP/1.1", "Host: h", *headers, "", ""]).encode()


@dataclass(frozen=True)
class Slow:
    """What is sent in pieces, one a second, and the statuses of all that comes back before the service hangs up."""

    pieces: tuple[bytes, ...]
    answered: tuple[int, ...]


SLOW = {
    "nothing": Slow((), (408,)),
    "half a word": Slow((b"GE",), (408,)),
    "half a head": Slow((b"GET / HTTP/1.1\r\nA: b",), (408,)),
    "a head, byte by byte": Slow(tuple(bytes([byte]) for byte in asked()), (408,)),
    "a blank line": Slow((b"\r\n",), (408,)),
    "no byte of a body": Slow((asked("Content-Length: 16000"),), (200,)),
    "one byte of a body": Slow((asked("Content-Length: 16000"), b"x"), (200,)),
    "a body, byte by byte": Slow((asked("Content-Length: 16000"), *[b"x"] * 20), (200,)),
    "no byte of a body that is waited for": Slow((asked("Content-Length: 9", "Expect: 100-continue"),), (200,)),
    "another protocol that we do not change to": Slow(
        (asked("Connection: upgrade", "Upgrade: h2c"), b"GET"), (200, 408)
    ),
    "a body of unsaid length": Slow((asked("Transfer-Encoding: chunked"), b"1\r\nx\r\n"), (413,)),
    "half of the next head": Slow((asked() + b"GET /", b"v1"), (200, 408)),
    "a blank line instead of the next head": Slow((asked(), b"\r\n"), (200, 408)),
    "a body, then half of the next head": Slow((asked("Content-Length: 1"), b"xGET"), (200, 408)),
    "one byte of the third body": Slow((2 * asked() + asked("Content-Length: 9"), b"x"), (200, 200, 200)),
}
LONGEST_SECONDS = 16.0  # the limit of 10, and what a busy machine takes


def told_slowly(port: int, slow: Slow) -> tuple[tuple[int, ...], float]:
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
        ended = dict(zip(SLOW, threads.map(lambda slow: told_slowly(port, slow), SLOW.values()), strict=True))
    assert {name: answered for name, (answered, _) in ended.items()} == {n: slow.answered for n, slow in SLOW.items()}
    assert {name: seconds for name, (_, seconds) in ended.items() if seconds > LONGEST_SECONDS} == {}


def test_a_small_body_that_comes_late_is_ignored_and_the_connection_goes_on(port: int) -> None:
    with socket.create_connection((servers.LOOPBACK, port), timeout=PATIENCE_SECONDS) as connection:
        for _ in range(3):
            connection.sendall(asked("Content-Length: 2"))
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
            connection.sendall(b"{}")


REFUSED = {
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", 400, "other"),
    "a long head": (b"GET /" + 40_000 * b"a", 431, "other"),
    "many headers": (asked(*200 * ["A: b"]), 431, "GET"),
    "a long address": (b"DELETE /" + 33_000 * b"a" + b" HTTP/1.1\r\n\r\n", 431, "other"),
    "half a head": (b"GET / HTTP/1.1\r\nA", 408, "other"),
}


def headers_of(received: bytes) -> dict[str, str]:
    lines = received.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def line_of(log: Path, request_id: str) -> dict[str, object]:
    """The one line of the log with that id, which may be written a moment after the answer."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while request_id not in log.read_text() and time.monotonic() < give_up:
        time.sleep(0.05)
    (line,) = [line for line in log.read_text().splitlines() if request_id in line]
    found: dict[str, object] = json.loads(line)
    return found


@pytest.mark.parametrize(("sent", "status", "method"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused_before_the_routes_is_told_and_dressed_as_every_answer(
    running: servers.Service, sent: bytes, status: int, method: str
) -> None:
    received = all_of(running.port, sent)
    headers, problem = headers_of(received), json.loads(received.partition(b"\r\n\r\n")[2])
    usual = headers_of(answer(running.port, b"GET /nowhere HTTP/1.1\r\nHost: h\r\n\r\n"))
    assert (problem["status"], headers["connection"]) == (status, "close")
    assert problem["request_id"] == headers["x-request-id"]
    assert set(usual) - set(headers) == {"date"}
    assert {name: headers[name] for name in ANSWER_HEADERS} == {name: usual[name] for name in ANSWER_HEADERS}
    told = line_of(running.log, problem["request_id"])
    assert (told["status"], told["method"], told["route"], told["key"]) == (status, method, "unknown", "-")
    assert told["bytes"] == int(headers["content-length"])
    counted = f'headroom_http_requests_total{{method="{method}",route="unknown",status="{status}"}}'
    assert counted in all_of(running.port, b"GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n").decode()


def test_a_refusal_has_the_id_that_was_given_with_the_request(port: int) -> None:
    received = all_of(port, asked("X-Request-ID: from-the-proxy.7", *200 * ["A: b"]))
    assert headers_of(received)["x-request-id"] == "from-the-proxy.7"


@pytest.mark.parametrize("after", [b"\x16\x03\x01\r\n\r\n", asked(*200 * ["A: b"]) + asked(), 40_000 * b"a"])
def test_a_refusal_does_not_cut_into_the_answer_before_it(port: int, after: bytes) -> None:
    received = all_of(port, b"GET /v1/forecasts HTTP/1.1\r\nHost: h\r\n\r\n" + after)
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert len(json.loads(body)["forecasts"]) > 1


def test_pipelined_requests_are_answered_in_turn(port: int) -> None:
    request = b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"
    with socket.create_connection((servers.LOOPBACK, port), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(request * 50)
        received = b""
        while received.count(b"HTTP/1.1 200") < 50:
            part = connection.recv(65536)
            assert part
            received += part


def test_every_line_of_the_log_is_still_one_object(running: servers.Service) -> None:
    lie = b'GET /healthz HTTP/1.1\r\nHost: h\r\nX-Request-ID: a"} {"b": 1\r\nX-Forwarded-For: "}\r\n\r\n'
    assert answer(running.port, lie).startswith(b"HTTP/1.1 200")
    lines = [json.loads(line) for line in running.log.read_text().splitlines()]
    assert {line["logger"] for line in lines} >= {"service.requests", "service.shelf"}
    assert not any(line.get("status", 0) >= 500 for line in lines)


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
            opened.enter_context(socket.create_connection((servers.LOOPBACK, narrow.port), timeout=PATIENCE_SECONDS))
            for _ in range(HELD + TOO_MANY)
        ]
        refused = connections[HELD:]
        headers = [headers_of(connection.recv(65536)) for connection in refused]
        connections[0].sendall(b"GET /readyz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        ready = connections[0].recv(65536)
    assert all(int(given["retry-after"]) > 0 for given in headers)
    told = [line_of(narrow.log, given["x-request-id"]) for given in headers]
    assert [line["status"] for line in told] == TOO_MANY * [503]
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
