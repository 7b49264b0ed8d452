"""Access: valid and invalid keys, and what each may read, as a table."""

import io
import json
import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from publication.errors import StoreUnreachableError
from publication.store import Store
from service.auth.authenticator import key_text
from service.auth.key_rows import StoredKeys, UnreadableKey
from service.auth.keys import parse_key
from service.errors import KeysUnreadableError
from service.observability.logs import RequestLog
from tests.contract.service.client import Client, Clock, serve
from tests.contract.service.keys import Bunch, basic, make_bunch


@pytest.fixture(scope="module")
def client(issued_store: Store, bunch: Bunch) -> Iterator[Client]:
    with serve(issued_store, Clock(), keys=bunch.store) as running:
        yield running


CASES: list[tuple[str, str | None, int]] = [
    # address, Authorization with {name} for the text of a key, status
    ("/v1/system", None, 401),
    ("/v1/forecasts", None, 401),
    ("/v1/forecasts/RXH/beds", None, 401),
    ("/v1/pressure", None, 401),
    ("/v1/publications", None, 401),
    ("/v1/scores", None, 401),
    ("/v1/control", None, 401),
    ("/", None, 401),
    ("/places/RXH", None, 401),
    ("/accuracy", None, 401),
    ("/static/page.css", None, 401),
    ("/docs", None, 401),
    ("/openapi.json", None, 401),
    ("/metrics", None, 401),
    ("/nothing/here", None, 401),
    ("/healthz", None, 200),
    ("/readyz", None, 200),
    ("/healthz", "Bearer nonsense", 200),
    ("/readyz", "Bearer nonsense", 200),
    ("/v1/system", "Bearer {reader}", 200),
    ("/v1/system", "bearer {reader}", 200),
    ("/v1/system", "BEARER {reader}", 200),
    ("/v1/system", "Bearer   {reader}", 200),
    ("/v1/system", "Bearer {reader}  ", 200),
    ("/v1/system", "Bearer\t{reader}", 401),
    ("/v1/system", "Bearer {reader} more", 401),
    ("/v1/system", "Bearer {reader},{both}", 401),
    ("/v1/system", "Bearer {reader}x", 401),
    ("/v1/system", "Bearer x{reader}", 401),
    ("/v1/system", "Bearer", 401),
    ("/v1/system", "Bearer ", 401),
    ("/v1/system", "{reader}", 401),
    ("/v1/system", "Token {reader}", 401),
    ("/v1/system", "Digest {reader}", 401),
    ("/v1/system", "", 401),
    ("/v1/system", "Bearer hr_0000000000_" + 43 * "A", 401),
    ("/v1/system", "BASIC anyone:{reader}", 200),
    ("/v1/system", "BASIC :{reader}", 200),
    ("/v1/system", "BASIC reader: {reader} ", 200),
    ("/v1/system", "BASIC {reader}:", 401),
    ("/v1/system", "BASIC {reader}", 401),
    ("/v1/system", "BASIC anyone:not-a-key", 401),
    ("/v1/system", "Basic ///", 401),
    ("/v1/system", "Basic /w==", 401),
    ("/v1/system", "Basic {reader}", 401),
    ("/metrics%0A", "Bearer {reader}", 404),
    ("/metrics%0A", "Bearer {trust-h}", 404),
    ("/metrics%0A", None, 401),
    ("/readyz%0A", None, 401),
    ("/readyz", "Bearer {elsewhere}", 200),
    ("/metrics?x", "Bearer {trust-h}", 403),
    ("/v1/system", "Bearer {expired}", 401),
    ("/v1/system", "Bearer {revoked}", 401),
    ("/v1/system", "Bearer {soon}", 200),
    ("/v1/system", "Bearer {scraper}", 403),
    ("/", "Bearer {scraper}", 403),
    ("/metrics", "Bearer {scraper}", 200),
    ("/metrics", "BASIC p:{scraper}", 200),
    ("/metrics", "Bearer {reader}", 403),
    ("/metrics", "Bearer {both}", 200),
    ("/metrics", "Bearer {trust-h}", 403),
    ("/v1/system", "Bearer {elsewhere}", 403),
    ("/v1/forecasts?place=RXH1", "Bearer {trust-h}", 200),
    ("/v1/forecasts?under=RXH", "Bearer {trust-h}", 200),
    ("/v1/forecasts?place=RXK", "Bearer {trust-h}", 404),
    ("/v1/forecasts?under=northshire", "Bearer {trust-h}", 404),
    ("/v1/forecasts/RXK1/beds", "Bearer {trust-h}", 404),
    ("/v1/forecasts/northshire/beds", "Bearer {trust-h}", 404),
    ("/v1/forecasts?after=RXK1/beds", "Bearer {trust-h}", 404),
    ("/v1/series?place=RXK1", "Bearer {trust-h}", 404),
    ("/v1/pressure?under=RXK1", "Bearer {trust-h}", 404),
    ("/v1/pressure?beds=RXK1:+5", "Bearer {trust-h}", 404),
    ("/v1/scores?place=RXK1", "Bearer {trust-h}", 404),
    ("/v1/scores?under=RXH", "Bearer {trust-h}", 200),
    ("/places/RXK1", "Bearer {trust-h}", 404),
    ("/places/RXH1", "Bearer {trust-h}", 200),
    ("/v1/forecasts?place=RXH", "Bearer {site}", 404),
    ("/v1/forecasts?cutoff=2026-11-14", "Bearer {site}", 200),
    ("/v1/forecasts?cutoff=2026-11-14&place=RXK", "Bearer {site}", 404),
    ("/nothing/here", "Bearer {site}", 404),
]


@pytest.mark.parametrize(
    "authorization", ["Basic \xe9", "Basic \xff\xfe", "Basic =", "Basic ////", "\xa0", "Bearer \xe9"]
)
def test_what_is_no_key_is_none_whatever_its_bytes(authorization: str) -> None:
    assert parse_key(key_text(authorization)) is None


def header(template: str | None, bunch: Bunch) -> dict[str, str]:
    if template is None:
        return {}
    filled = re.sub(r"\{([\w-]+)\}", lambda found: bunch.text[found.group(1)], template)
    if filled.startswith("BASIC "):
        user, _, password = filled.removeprefix("BASIC ").partition(":")
        filled = basic(user, password)
    return {"authorization": filled}


@pytest.mark.parametrize(("address", "template", "status"), CASES)
def test_who_gets_in(client: Client, bunch: Bunch, address: str, template: str | None, status: int) -> None:
    assert client.get(address, **header(template, bunch)).status_code == status


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "OPTIONS"])
def test_no_method_gets_past_the_key(client: Client, method: str) -> None:
    response = client.get("/v1/forecasts", method)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Basic")


@pytest.mark.parametrize(
    ("name", "reason", "detail"),
    [("expired", "expired", "The key expired is expired"), ("revoked", "revoked", "The key revoked is revoked")],
)
def test_a_former_key_is_answered_with_what_became_of_it(
    client: Client, bunch: Bunch, name: str, reason: str, detail: str
) -> None:
    problem = client.get("/v1/system", authorization=bunch.bearer(name)).json()
    assert problem["reason"] == reason
    assert detail in problem["detail"]


def test_a_key_that_expires_does_so_while_the_service_runs(issued_store: Store, bunch: Bunch) -> None:
    clock = Clock()
    with serve(issued_store, clock, keys=bunch.store) as client:
        assert client.get("/v1/system", authorization=bunch.bearer("soon")).status_code == 200
        clock.now += timedelta(hours=1)
        assert client.get("/v1/system", authorization=bunch.bearer("soon")).status_code == 401


def test_keys_made_and_revoked_count_without_a_restart(issued_store: Store, tmp_path: Path) -> None:
    bunch = make_bunch(tmp_path)
    with serve(issued_store, Clock(), keys=bunch.store) as client:
        bunch.add("late-comer")
        headers = {"authorization": bunch.bearer("late-comer")}
        assert settled(client, 200, **headers).json()["system"]["name"] == "northshire"
        bunch.store.revoke("late-comer", Clock().now)
        assert settled(client, 401, **headers).json()["reason"] == "revoked"
    bunch.store.close()


class OnAndOff:
    """Keys that can be out of reach, denied to us, or gone."""

    def __init__(self, stored: StoredKeys | None = None) -> None:
        self.stored = stored or StoredKeys()
        self.error: Exception | None = None

    def read(self) -> StoredKeys:
        if self.error is not None:
            raise self.error
        return self.stored


AWAY = StoreUnreachableError("Reaching the keys: no route to host.")
DENIED = KeysUnreadableError("Reaching the keys: permission denied.")
FAULT = RuntimeError("what nobody foresaw")


def settled(client: Client, status: int, **headers: str) -> httpx.Response:
    return client.get_until("/v1/system", lambda response: bool(response.status_code == status), **headers)


def test_without_keys_anyone_reads_until_the_first_is_made_and_never_again(issued_store: Store, bunch: Bunch) -> None:
    keys = OnAndOff()
    with serve(issued_store, Clock(), keys=keys) as client:
        assert client.get("/v1/system").status_code == 200
        keys.stored = bunch.store.read()
        settled(client, 401)
        keys.stored = StoredKeys()  # keys are revoked, never removed: their file or table is gone
        client.get_until("/metrics", lambda response: "headroom_key_store_up 0.0" in response.text, **both(bunch))
        assert client.get("/v1/system", authorization=bunch.bearer("reader")).status_code == 200
        assert client.get("/v1/system").status_code == 401


@pytest.mark.parametrize("error", [AWAY, DENIED, FAULT], ids=["away", "denied", "fault"])
def test_keys_out_of_reach_let_nobody_in_at_first_and_go_on_later(
    issued_store: Store, bunch: Bunch, error: Exception
) -> None:
    keys = OnAndOff(bunch.store.read())
    keys.error = error
    reader = {"authorization": bunch.bearer("reader")}
    with serve(issued_store, Clock(), keys=keys) as client:
        for headers in ({}, reader):
            response = client.get("/v1/system", **headers)
            assert (response.status_code, response.json()["type"]) == (
                503,
                "urn:headroom:problem:key-store-unavailable",
            )
        keys.error = None
        settled(client, 200, **reader)
        keys.error = error
        client.get_until("/metrics", lambda response: "headroom_key_store_up 0.0" in response.text, **both(bunch))
        assert client.get("/v1/system", **reader).status_code == 200


def test_while_the_complete_key_store_is_away_a_service_without_keys_stays_open(issued_store: Store) -> None:
    keys = OnAndOff()
    with serve(issued_store, Clock(), keys=keys) as client:
        keys.error = AWAY
        metrics = client.get_until("/metrics", lambda response: "headroom_key_store_up 0.0" in response.text)
        assert metrics.status_code == 200
        assert client.get("/v1/system").status_code == 200


@pytest.mark.parametrize("error", [DENIED, FAULT], ids=["denied", "fault"])
def test_where_the_first_key_may_be_there_and_cannot_be_read_nobody_is_let_in_without_one(
    issued_store: Store, bunch: Bunch, error: Exception
) -> None:
    keys = OnAndOff()
    with serve(issued_store, Clock(), keys=keys) as client:
        assert client.get("/v1/system").status_code == 200
        keys.error = error
        assert settled(client, 503).json()["type"] == "urn:headroom:problem:key-store-unavailable"
        assert "publication" not in client.get("/readyz").json()
        keys.error = AWAY  # what went on before access was denied does not come back with an outage
        client.get_after_looks(10)
        assert client.get("/v1/system").status_code == 503
        keys.error, keys.stored = None, bunch.store.read()
        settled(client, 401)
        keys.error = error
        client.get_until("/metrics", lambda response: "headroom_key_store_up 0.0" in response.text, **both(bunch))


def test_a_key_that_cannot_be_read_is_a_key_all_the_same(issued_store: Store) -> None:
    keys = OnAndOff(StoredKeys(unreadable=(UnreadableKey("from-a-newer-release", "scopes is 'read admin'"),)))
    with serve(issued_store, Clock(), keys=keys) as client:
        assert client.get("/v1/system").status_code == 401


def both(bunch: Bunch) -> dict[str, str]:
    return {"authorization": bunch.bearer("both")}


def test_a_key_above_its_rate_limit_gets_the_instant_to_try_again(issued_store: Store, tmp_path: Path) -> None:
    bunch = make_bunch(tmp_path)
    bunch.add("eager", per_minute=2)
    with serve(issued_store, Clock(), keys=bunch.store) as client:
        answers = [client.get("/v1/system", authorization=bunch.bearer("eager")) for _ in range(3)]
        assert client.get("/v1/system", authorization=bunch.bearer("reader")).status_code == 200
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 1 <= int(answers[2].headers["retry-after"]) <= 30
    bunch.store.close()


def test_each_use_is_counted_by_the_name_of_the_key(issued_store: Store, bunch: Bunch) -> None:
    with serve(issued_store, Clock(), keys=bunch.store) as client:
        for name, address in (("reader", "/v1/system"), ("reader", "/v1/system?x=1"), ("scraper", "/v1/system")):
            client.get(address, authorization=bunch.bearer(name))
        client.get("/v1/system", authorization="Bearer nonsense")
        families = text_string_to_metric_families(client.get("/metrics", **both(bunch)).text)
    counted = {
        (sample.labels.get("key") or sample.labels.get("reason"), sample.labels.get("status")): sample.value
        for family in families
        for sample in family.samples
        if sample.name in {"headroom_key_requests_total", "headroom_auth_rejections_total"}
    }
    assert counted == {
        ("reader", "200"): 1,
        ("reader", "422"): 1,
        ("scraper", "403"): 1,
        ("forbidden", None): 1,
        ("unknown", None): 1,
    }


def test_the_log_names_the_key_of_a_probe_too(issued_store: Store, bunch: Bunch) -> None:
    """They let everyone in, and a key that opens nothing here is still a use of it."""
    lines = io.StringIO()
    names = ("reader", "scraper", "revoked", "expired", "elsewhere")
    with serve(issued_store, Clock(), keys=bunch.store, log=RequestLog(lines)) as client:
        for address in ("/healthz", "/readyz"):
            for name in names:
                answer = client.get(address, authorization=bunch.bearer(name))
                assert answer.status_code == 200
                assert ("publication" in answer.json()) == (address == "/readyz" and name == "reader")
            client.get(address, authorization="Bearer nonsense")
    logged = [json.loads(line)["key"] for line in lines.getvalue().splitlines()]
    assert logged == [*names, "-"] * 2


def test_a_header_of_several_lines_is_one_list(issued_store: Store) -> None:
    sent = [("If-None-Match", '"other"'), ("Accept", "application/json;q=0.1"), ("Accept", "text/csv")]
    with serve(issued_store, Clock()) as client:
        first = client.get_lines("/v1/forecasts", sent)
        assert first.headers["content-type"].startswith("text/csv")
        assert client.get_lines("/v1/forecasts", [*sent, ("If-None-Match", first.headers["etag"])]).status_code == 304


def test_a_line_of_the_log_names_the_key_and_never_shows_it(
    issued_store: Store, bunch: Bunch, caplog: pytest.LogCaptureFixture
) -> None:
    lines = io.StringIO()
    with (
        caplog.at_level(logging.DEBUG, "service"),
        serve(issued_store, Clock(), keys=bunch.store, log=RequestLog(lines)) as client,
    ):
        for name, text in bunch.text.items():
            client.get(f"/v1/system?key={text}", authorization=bunch.bearer(name), x_request_id=f"of-{name}")
    logged = [json.loads(line) for line in lines.getvalue().splitlines()]
    assert [(line["request_id"], line["key"]) for line in logged] == [(f"of-{name}", name) for name in bunch.text]
    assert {line["route"] for line in logged} == {"/v1/system", "unknown"}  # a rejected request reaches no route
    said = lines.getvalue() + "".join(r.getMessage() for r in caplog.records if r.name.startswith("service"))
    assert all(text not in said for text in bunch.text.values())
