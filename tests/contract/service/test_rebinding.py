"""A web page that lets its own name lead to 127.0.0.1 reads nothing of a service that asks for no key."""

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from publication.store import Store
from service.auth.keys import AnonymousPolicy
from tests import servers
from tests.contract.service.client import Client, Clock, serve
from tests.contract.service.keys import Bunch

FOREIGN = "evil.example"


@pytest.fixture(scope="module")
def loopback(issued_store: Store) -> Iterator[Client]:
    with serve(issued_store, Clock(), anonymous_policy=AnonymousPolicy.LOOPBACK) as running:
        yield running


HOSTS = [
    ("localhost", 200),
    ("localhost:8000", 200),
    ("LOCALHOST:8000", 200),
    ("127.0.0.1", 200),
    ("127.0.0.1:8000", 200),
    ("127.8.9.10:80", 200),
    ("[::1]", 200),
    ("[::1]:8000", 200),
    ("localhost:", 200),
    (FOREIGN, 403),
    (f"{FOREIGN}:8000", 403),
    (f"localhost.{FOREIGN}", 403),
    (f"127.0.0.1.{FOREIGN}", 403),
    (f"localhost@{FOREIGN}", 403),
    (f"{FOREIGN}@localhost", 403),
    (f"localhost, {FOREIGN}", 403),
    (f"{FOREIGN}#localhost", 403),
    ("0.0.0.0", 403),
    ("0.0.0.0:8000", 403),
    ("[::]", 403),
    ("::1", 403),
    ("192.168.1.4", 403),
    ("2130706433", 403),
    ("headroom.test", 403),
    ("", 403),
    (":8000", 403),
]


@pytest.mark.parametrize(("host", "status"), HOSTS)
def test_who_asks_for_this_machine_by_its_own_name_is_answered(loopback: Client, host: str, status: int) -> None:
    answers = [loopback.get(address, host=host) for address in ("/v1/system", "/", "/metrics", "/openapi.json")]
    assert [answer.status_code for answer in answers] == [status] * 4
    if status == 403:
        problem = answers[0].json()
        assert problem["type"] == "urn:headroom:problem:foreign-host"
        assert "keys create" in problem["detail"]
        assert "--allow-anonymous" in problem["detail"]


def test_probes_are_answered_under_any_name_and_tell_nothing_of_what_is_published(loopback: Client) -> None:
    assert loopback.get("/healthz", host=FOREIGN).json() == {"status": "alive"}
    assert loopback.get("/readyz", host=FOREIGN).json() == {"status": "ready", "store": "ok"}
    assert "publication" in loopback.get("/readyz", host="localhost").json()


@pytest.mark.parametrize("anonymous_policy", list(AnonymousPolicy))
def test_with_a_valid_key_any_name_is_answered(
    issued_store: Store, bunch: Bunch, anonymous_policy: AnonymousPolicy
) -> None:
    with serve(issued_store, Clock(), keys=bunch.store, anonymous_policy=anonymous_policy) as client:
        assert client.get("/v1/system", host=FOREIGN).status_code == 401
        assert client.get("/v1/system", host=FOREIGN, authorization=bunch.bearer("reader")).status_code == 200


def test_rejections_are_counted(loopback: Client) -> None:
    loopback.get("/v1/system", host=FOREIGN)
    assert 'headroom_auth_rejections_total{reason="foreign-host"}' in loopback.get("/metrics", host="localhost").text


def test_where_nobody_may_read_without_keys_no_name_helps(issued_store: Store) -> None:
    with serve(issued_store, Clock(), anonymous_policy=AnonymousPolicy.REJECT) as client:
        assert client.get("/v1/system", host="localhost").status_code == 401


def raw(port: int, request: str) -> str:
    """The status line of the answer to exactly these bytes."""
    with socket.create_connection((servers.LOOPBACK, port), timeout=10) as line:
        line.sendall(request.encode())
        return line.recv(64).decode("latin-1").split("\r\n")[0]


def test_the_process_tells_by_its_options_whom_it_answers(tmp_path: Path) -> None:
    with servers.service(tmp_path) as guarded:
        assert httpx.get(f"{guarded.url}/v1/system").status_code == 503  # let in: there is nothing to serve yet
        assert httpx.get(f"{guarded.url}/v1/system", headers={"host": FOREIGN}).status_code == 403
        assert httpx.get(f"{guarded.url}/healthz", headers={"host": FOREIGN}).status_code == 200
        assert raw(guarded.port, "GET /v1/system HTTP/1.0\r\n\r\n").endswith("503 Service Unavailable")
        assert raw(guarded.port, f"GET /v1/system HTTP/1.0\r\nHost: {FOREIGN}\r\n\r\n").endswith("403 Forbidden")
        assert raw(guarded.port, f"GET /v1/system HTTP/1.1\r\nHost: {FOREIGN}\r\nHost: localhost\r\n\r\n").endswith(
            "400 Bad Request"
        )
    with servers.service(tmp_path, "--allow-anonymous") as open_to_all:
        assert httpx.get(f"{open_to_all.url}/v1/system", headers={"host": FOREIGN}).status_code == 503
