"""Hostile requests, sent as bytes to the running service: each is rejected, quickly, as the caller's fault."""

import json
import socket
from collections.abc import Iterator

import pytest

from tests import servers
from tests.contract.service.wire import TIMEOUT_SECONDS, answer, headers_of, issue

LEAST = 200
UVICORN_REJECTS = b"Invalid HTTP request received."

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
    "/static/page.css//",
    "/static/page.css%00",
    "/static/PAGE.CSS",
    "/static/.page.css",
    "/docs//",
    "/docs/assets/",
    "/docs/assets/..%2f..%2fapp.py",
    "/docs/assets/%00",
    "/openapi.json//",
    "/metrics//",
    "/healthz//",
    "/readyz%00",
    "/V1/system",
    "/v1",
    "/v1/",
    "/v1//system",
    "/v1/system//",
    "/v1/system%00",
    "/v1/system%20",
    "/v1/system%0a",
    "/metrics%0a",
    "/docs%0a",
    "/openapi.json%0a",
    "/healthz%0a",
    "/%0a",
    "/v1/forecasts%0d%0a",
    "/v1/system;x=1",
    "/v1/system%3fplace=1",
    "/v2/system",
    "/v1/FORECASTS",
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
    "/v1/forecasts/RXH/occupancy//",
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
    "/places/RXH//",
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
    *(f"/v1/control?{name}={value}" for name in ("measure", "check", "signal", "format") for value in TEXTS),
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


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Service]:
    home = tmp_path_factory.mktemp("home")
    issue(home)
    with servers.service(
        home, "--allow-anonymous"
    ) as started:  # also requests that name no host are to reach the routes
        yield started


@pytest.fixture(scope="module")
def port(running: servers.Service) -> int:
    return running.port


def test_the_corpus_is_as_large_as_it_is_to_be() -> None:
    assert len(CORPUS) >= LEAST


@pytest.mark.parametrize("request_head", CORPUS.values(), ids=CORPUS.keys())
def test_it_is_rejected_as_the_callers_fault(port: int, request_head: str) -> None:
    received = answer(port, request_head.encode("latin-1"))
    status_line = received.partition(b"\r\n")[0]
    assert status_line.startswith(b"HTTP/1.1 4"), received[:300]
    is_plain = request_head in HEADS.values() and received.endswith(UVICORN_REJECTS)
    assert is_plain or b"application/problem+json" in received
    assert b"\r\nset-cookie" not in received.lower()
    assert b"Traceback" not in received


def test_the_service_is_as_well_as_before(port: int) -> None:
    assert answer(port, b"GET /v1/system HTTP/1.1\r\nHost: h\r\n\r\n").startswith(b"HTTP/1.1 200")


def test_options_of_the_service_itself_are_answered(port: int) -> None:
    received = answer(port, b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 204")
    assert headers_of(received)["allow"] == "GET, HEAD, OPTIONS"


def test_pipelined_requests_are_answered_in_turn(port: int) -> None:
    request = b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"
    with socket.create_connection((servers.LOOPBACK, port), timeout=TIMEOUT_SECONDS) as connection:
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
    assert {line["logger"] for line in lines} >= {"service.requests", "service.publications.repository"}
    assert not any(line.get("status", 0) >= 500 for line in lines)
