"""Formats other than JSON, pages of long lists, instants, revisions, and other origins."""

import json
from datetime import timedelta
from email.utils import parsedate_to_datetime
from io import StringIO

import httpx
import pandas as pd
import pytest

from publication.store import Store
from service.observability.logs import RequestLog
from service.routes.schemas import ProblemAnswer
from tests.builders import ISSUED_AT, build_publication
from tests.contract.service.client import Client, Clock, serve

ORIGIN = "https://board.example.org"


def next_page(response: httpx.Response) -> str | None:
    found = response.links.get("next")
    return None if found is None else found["url"]


def walked(client: Client, address: str | None, key: str) -> list[list[object]]:
    """The pages from the address on, each as what its members are called."""
    pages = []
    while address is not None:
        response = client.get(address)
        assert response.status_code == 200
        pages.append([item.get("unique_id") or (item["cutoff"], item["revision"]) for item in response.json()[key]])
        address = next_page(response)
    return pages


def test_a_line_of_ndjson_is_a_row_of_the_csv(client: Client) -> None:
    query = "under=RXK&stream=adult&horizon=3&quantiles=0.1,0.9"
    lines = client.get(f"/v1/forecasts?{query}", accept="application/x-ndjson")
    assert lines.headers["content-type"] == "application/x-ndjson"
    parsed = pd.DataFrame([json.loads(line) for line in lines.text.splitlines()])
    table = pd.read_csv(StringIO(client.get(f"/v1/forecasts?{query}&format=csv").text))
    assert list(parsed.columns) == list(table.columns)
    pd.testing.assert_frame_equal(parsed, table, check_dtype=False)


@pytest.mark.parametrize("limit", [1, 7, 48, 49, 1000])
@pytest.mark.parametrize("route", ["series", "forecasts"])
def test_pages_joined_are_the_complete_list(client: Client, route: str, limit: int) -> None:
    complete = walked(client, f"/v1/{route}", route)[0]
    pages = walked(client, f"/v1/{route}?limit={limit}", route)
    assert [unique_id for page in pages for unique_id in page] == complete
    assert {len(page) for page in pages[:-1]} <= {limit}
    assert len(pages) == -(-len(complete) // limit)


def test_pages_keep_the_filters_and_the_publication(client: Client) -> None:
    first = client.get("/v1/forecasts?under=RXH&measure=beds&horizon=2&quantiles=0.1,0.5&limit=2&format=csv")
    address = str(next_page(first))
    for part in ("under=RXH", "measure=beds", "horizon=2", "quantiles=0.1%2C0.5", "limit=2", "format=csv"):
        assert part in address
    assert "cutoff=2026-11-21&revision=1" in address
    assert pd.read_csv(StringIO(client.get(address).text))["place"].unique().tolist() == ["RXH2"]


@pytest.mark.parametrize("accept", ["application/json", "text/csv", "application/x-ndjson"])
@pytest.mark.parametrize("wanted", ["", "&format=json", "&format=csv"])
def test_the_next_page_comes_in_the_form_of_this_one(client: Client, wanted: str, accept: str) -> None:
    first = client.get(f"/v1/forecasts?limit=2{wanted}", accept=accept)
    for other in ("application/json", "text/csv"):
        assert client.get(str(next_page(first)), accept=other).headers["content-type"] == first.headers["content-type"]


def test_publications_come_in_pages_too(client: Client) -> None:
    (complete,) = walked(client, "/v1/publications", "publications")
    pages = walked(client, "/v1/publications?limit=3", "publications")
    assert pages == [complete[:3], complete[3:]]


@pytest.mark.parametrize(
    ("query", "revision"), [("cutoff=2026-11-20&revision=1", 1), ("cutoff=2026-11-20&revision=2", 2), ("revision=1", 1)]
)
def test_a_revision_can_be_asked_for(client: Client, query: str, revision: int) -> None:
    assert client.get(f"/v1/system?{query}").status_code == 422  # the system is that of the newest
    for route in ("forecasts", "series", "pressure", "forecasts/RXH/beds"):
        assert client.get(f"/v1/{route}?{query}").json()["publication"]["revision"] == revision


def test_an_unknown_revision_is_answered_with_those_that_exist(client: Client) -> None:
    problem = client.get("/v1/forecasts?cutoff=2026-11-20&revision=3").json()
    assert problem["errors"] == [{"parameter": "revision", "found": "3", "allowed": "2, 1"}]


def test_the_instant_of_the_last_change_is_sent_and_trusted(issued_store: Store, clock: Clock) -> None:
    with serve(issued_store, clock) as client:
        first = client.get("/v1/forecasts")
        changed = first.headers["last-modified"]
        assert parsedate_to_datetime(changed).isoformat() == "2026-11-22T05:02:11+00:00"
        assert client.get("/v1/forecasts", if_modified_since=changed).status_code == 304
        assert client.get("/v1/forecasts", if_modified_since=changed, if_none_match='"other"').status_code == 200
        for own_clock, status in (("05:59:00", 200), ("06:01:59", 200), ("06:02:00", 304)):  # loaded at six
            answer = client.get("/v1/forecasts", if_modified_since=f"Sun, 22 Nov 2026 {own_clock} GMT")
            assert answer.status_code == status, own_clock
        assert client.get("/v1/forecasts", if_modified_since="nonsense").status_code == 200
        clock.pass_days(1)  # it is late now, since midnight
        late = client.get("/v1/forecasts", if_modified_since=changed)
        assert late.status_code == 200
        assert parsedate_to_datetime(late.headers["last-modified"]).isoformat() == "2026-11-23T00:00:00+00:00"


def test_two_publications_of_one_second_are_distinguished(empty_store: Store, clock: Clock) -> None:
    empty_store.issue(build_publication())
    with serve(empty_store, clock) as client:
        dates = client.get("/v1/forecasts").headers["last-modified"]
        assert client.get("/v1/forecasts", if_modified_since=dates).status_code == 304
        empty_store.issue(build_publication(scale=1.1, issued_at=ISSUED_AT + timedelta(milliseconds=400)))
        second = client.get_until("/v1/forecasts", lambda answer: answer.json()["publication"]["revision"] == 2)
        assert second.headers["last-modified"] == dates
        assert client.get("/v1/forecasts", if_modified_since=dates).status_code == 200


@pytest.mark.parametrize(
    ("sloppy", "plain"),
    [
        ("/v1/system/", "/v1/system"),
        ("/v1/system?_=1", "/v1/system"),
        ("/v1/forecasts/?place=RXH&_=1764489600&horizon=2", "/v1/forecasts?place=RXH&horizon=2"),
        ("/v1/forecasts/RXH/occupancy/", "/v1/forecasts/RXH/occupancy"),
        ("/v1/forecasts?format=CSV", "/v1/forecasts?format=csv"),
        ("/v1/findings/?format=NdJson", "/v1/findings?format=ndjson"),
        ("/places/RXH/", "/places/RXH"),
    ],
)
def test_an_address_is_read_as_it_is_meant(client: Client, sloppy: str, plain: str) -> None:
    answers = [client.get(address) for address in (sloppy, plain)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content
    assert answers[0].headers["etag"] == answers[1].headers["etag"]


@pytest.mark.parametrize(
    ("address", "parameter", "meant"),
    [
        ("/v1/forecasts?place=rxh1", "place", "RXH1"),
        ("/v1/forecasts?under=Northshire", "under", "northshire"),
        ("/v1/series?measure=Occupancy", "measure", "occupancy"),
        ("/v1/forecasts?stream=ADULT", "stream", "adult"),
        ("/v1/forecasts/rxh/OCCUPANCY", "unique_id", "RXH/occupancy"),
        ("/v1/scores?place=rxk", "place", "RXK"),
        ("/places/rxh", "place", "RXH"),
    ],
)
def test_an_id_in_another_case_is_answered_with_the_one_that_was_meant(
    client: Client, address: str, parameter: str, meant: str
) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    (error,) = answer.json()["errors"]
    assert error["parameter"] == parameter
    assert error["allowed"].startswith(f"did you mean {meant}? There are {meant}")


@pytest.mark.parametrize("address", ["/", "/v1/forecasts", "/v1/pressure", "/docs", "/static/page.js"])
def test_options_say_what_is_allowed(client: Client, address: str) -> None:
    response = client.get(address, "OPTIONS")
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize(("origin", "is_allowed"), [(ORIGIN, True), ("https://evil.example.org", False)])
def test_pages_of_named_origins_alone_may_read(
    issued_store: Store, clock: Clock, origin: str, is_allowed: bool
) -> None:
    with serve(issued_store, clock, allowed_origins=f"{ORIGIN}, https://other.example.org") as client:
        asked = {"access_control_request_method": "GET", "access_control_request_headers": "authorization"}
        before = client.get("/v1/forecasts", "OPTIONS", origin=origin, **asked)
        answers = [client.get(address, origin=origin) for address in ("/v1/forecasts", "/v1/forecasts", "/nowhere")]
    allowed = origin if is_allowed else None
    assert before.headers.get("access-control-allow-origin") == allowed
    assert before.status_code == (200 if is_allowed else 400)
    for answer in answers:
        assert answer.headers.get("access-control-allow-origin") == allowed
        assert "Origin" in answer.headers["vary"]


PREFLIGHTS = [
    ({"origin": "https://evil.example.org"}, "Origin"),
    ({"access_control_request_method": "DELETE"}, "Access-Control-Request-Method"),
    ({"access_control_request_headers": "authorization, x-other"}, "Access-Control-Request-Headers"),
    ({"access_control_request_private_network": "true"}, "Access-Control-Request-Private-Network"),
]


@pytest.mark.parametrize(("changed", "named"), PREFLIGHTS)
def test_a_rejected_preflight_is_a_problem_with_its_reason_counted_and_logged(
    issued_store: Store, clock: Clock, changed: dict[str, str], named: str
) -> None:
    log, right = StringIO(), {"origin": ORIGIN, "access_control_request_method": "GET"}
    with serve(issued_store, clock, allowed_origins=ORIGIN, log=RequestLog(log)) as client:
        assert client.get("/v1/forecasts", "OPTIONS", **right).status_code == 200
        response = client.get("/v1/forecasts", "OPTIONS", **(right | changed))
        counted = client.get("/metrics").text
    problem = ProblemAnswer.model_validate_json(response.content)
    assert (response.status_code, problem.type) == (400, "urn:headroom:problem:origin-rejected")
    assert response.headers["content-type"] == "application/problem+json"
    assert "Origin" in response.headers["vary"]
    assert [finding.parameter for finding in problem.errors] == [named]
    assert (problem.instance, problem.request_id) == ("/v1/forecasts", response.headers["x-request-id"])
    assert problem.request_id in log.getvalue()
    assert 'headroom_http_requests_total{method="OPTIONS",route="unknown",status="400"} 1.0' in counted


def test_without_named_origins_none_may(client: Client) -> None:
    assert "access-control-allow-origin" not in client.get("/v1/forecasts", origin=ORIGIN).headers
