"""Errors have one shape, name what was wrong, and show nothing of the inside."""

import logging
import re
from datetime import date

import pytest

from publication.model import Publication, PublicationSummary
from publication.store import Store
from service.routes import schemas
from tests.contract.service.client import Cable, Client, Clock, serve

UNKNOWN = [
    ("/v1/forecasts?place=RXX", "place", "RXX", "RXH"),
    ("/v1/forecasts?under=nowhere", "under", "nowhere", "northshire"),
    ("/v1/forecasts?measure=ocupancy", "measure", "ocupancy", "occupancy"),
    ("/v1/forecasts?stream=elderly", "stream", "elderly", "adult, paediatric"),
    ("/v1/forecasts?cutoff=2020-01-01", "cutoff", "2020-01-01", "2026-11-21"),
    ("/v1/forecasts/RXH/ocupancy", "unique_id", "RXH/ocupancy", "RXH/occupancy"),
    ("/v1/forecasts/ /", "unique_id", " ", "northshire/attendances"),
    ("/v1/series?place=RXX", "place", "RXX", "RXH"),
    ("/places/RXX", "place", "RXX", "RXH"),
]
INVALID = [
    ("/v1/forecasts?horizon=0", "horizon", "0", "1 to 28 days"),
    ("/v1/forecasts?horizon=29", "horizon", "29", "1 to 28 days"),
    ("/v1/forecasts?horizon=soon", "horizon", "soon", "a whole number of days"),
    ("/v1/forecasts?quantiles=0.42", "quantiles", "0.42", "0.025, 0.05, 0.1"),
    ("/v1/forecasts?quantiles=half", "quantiles", "half", "separated by commas"),
    ("/v1/forecasts?quantiles=", "quantiles", "", "separated by commas"),
    ("/v1/forecasts?quantiles=nan", "quantiles", "nan", "separated by commas"),
    ("/v1/forecasts?cutoff=yesterday", "cutoff", "yesterday", "2026-11-21"),
    ("/v1/forecasts?cutoff=20261121", "cutoff", "20261121", "2026-11-21"),
    ("/v1/forecasts?cutoff=2026-02-30", "cutoff", "2026-02-30", "a day of the calendar"),
    ("/v1/forecasts?format=xml", "format", "xml", "json"),
    ("/v1/forecasts?meassure=beds", "meassure", "beds", "measure"),
    ("/v1/forecasts?horizon=1&horizon=2", "horizon", "given more than once", "once"),
    ("/v1/forecasts/RXH/beds?place=RXH", "place", "RXH", "horizon"),
    ("/v1/series?horizon=3", "horizon", "3", "place"),
    ("/v1/system?place=RXH", "place", "RXH", "no parameters"),
    ("/v1/publications?limit=0", "limit", "0", "a whole number, 1 to 1,000"),
    ("/v1/publications?limit=1001", "limit", "1001", "a whole number, 1 to 1,000"),
    ("/v1/publications?limit=many", "limit", "many", "a whole number, 1 to 1,000"),
    ("/v1/publications?after=2026-11-21", "after", "2026-11-21", "a cutoff and a revision, as 2026-11-21.1"),
    ("/v1/forecasts?limit=0", "limit", "0", "a whole number, 1 to 100,000"),
    ("/v1/series?revision=last", "revision", "last", "a whole number, 1 to 1,000,000,000"),
    ("/v1/pressure?horizon=soon", "horizon", "soon", "a whole number of days"),
    ("/v1/scores?format=xml", "format", "xml", "json, csv, ndjson"),
    ("/v1/publications?newest=1", "newest", "1", "limit"),
]


@pytest.mark.parametrize(
    ("address", "status", "parameter", "found", "allowed"),
    [(a, 404, *rest) for a, *rest in UNKNOWN] + [(a, 422, *rest) for a, *rest in INVALID],
)
def test_a_problem_names_the_parameter_what_was_found_and_what_is_allowed(
    client: Client, address: str, status: int, parameter: str, found: str, allowed: str
) -> None:
    response = client.get(address)
    assert response.status_code == status
    problem = schemas.ProblemAnswer.model_validate_json(response.content)
    (error,) = problem.errors
    assert (error.parameter, error.found) == (parameter, found)
    assert allowed in error.allowed
    assert parameter in problem.detail
    assert allowed in problem.detail
    assert not re.search("input|string|pattern|valid|value error|type", error.allowed.lower())  # pydantic's words


@pytest.mark.parametrize(
    ("method", "address", "status", "kind"),
    [
        ("GET", "/nothing/here", 404, "not-found"),
        ("GET", "/v1/series/RXH", 404, "not-found"),
        ("GET", "/static/../settings.py", 404, "not-found"),
        ("GET", "/static/nothing.js", 404, "not-found"),
        ("GET", "/docs/assets/nothing.js", 404, "not-found"),
        ("POST", "/v1/forecasts", 405, "method-not-allowed"),
        ("DELETE", "/", 405, "method-not-allowed"),
        ("POST", "/docs/assets/favicon.png", 405, "method-not-allowed"),
        ("GET", "/v1/forecasts?place=RXX", 404, "unknown-value"),
        ("GET", "/v1/forecasts?horizon=99", 422, "invalid-parameter"),
    ],
)
def test_every_error_has_the_one_shape(client: Client, method: str, address: str, status: int, kind: str) -> None:
    response = client.get(address, method, x_request_id="from-the-proxy.7")
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-request-id"] == "from-the-proxy.7"
    problem = schemas.ProblemAnswer.model_validate_json(response.content)
    assert problem.status == status
    assert problem.type == f"urn:headroom:problem:{kind}"
    assert problem.request_id == "from-the-proxy.7"
    assert problem.instance == response.request.url.path


def test_a_rejected_method_names_those_that_are_allowed(client: Client) -> None:
    assert client.get("/v1/forecasts", "POST").headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("given", ["x" * 65, "<b>", f"hr_0123456789_{43 * 'A'}"], ids=["long", "marked up", "a key"])
def test_a_request_id_that_could_carry_more_than_an_id_is_replaced(client: Client, given: str) -> None:
    assert given not in client.get("/healthz", x_request_id=given).headers["x-request-id"]


def test_what_a_caller_writes_comes_back_as_text_of_json_alone(client: Client) -> None:
    response = client.get("/places/%3Cscript%3Ealert(1)%3C%2Fscript%3E")
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-content-type-options"] == "nosniff"


class BrokenLister(Cable):
    """A store that fails when it is asked for the complete list, from some moment on."""

    is_broken = False

    def summaries(self, system: str | None = None, limit: int | None = None) -> tuple[PublicationSummary, ...]:
        if limit != 1 and self.is_broken:
            raise RuntimeError("password=hunter2")
        return super().summaries(system, limit)


class Vanished(Cable):
    """Lists a publication that is gone when it is asked for."""

    def latest(self, system: str | None = None, cutoff: date | None = None, revision: int | None = None) -> Publication:
        return super().latest(system, date(1999, 1, 1) if cutoff == date(2026, 11, 14) else cutoff, revision)


def test_an_unforeseen_fault_is_logged_completely_and_answered_without_internals(
    issued_store: Store, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    lister = BrokenLister(issued_store)
    with serve(lister, clock) as client, caplog.at_level(logging.ERROR):
        client.get_until("/readyz", lambda ready: ready.status_code == 200)
        lister.is_broken = True
        response = client.get("/v1/publications")
    assert response.status_code == 500
    assert response.headers["content-type"] == "application/problem+json"
    assert "hunter2" not in response.text
    assert response.headers["content-security-policy"]
    assert response.json()["request_id"] in caplog.text
    assert "hunter2" in caplog.text


def test_a_publication_that_vanishes_between_two_looks_is_a_404(issued_store: Store, clock: Clock) -> None:
    with serve(Vanished(issued_store), clock) as client:
        response = client.get("/v1/forecasts?cutoff=2026-11-14")
    assert (response.status_code, response.json()["errors"][0]["parameter"]) == (404, "cutoff")


REJECTED = [
    ("/v1/forecasts?horizon=99", "invalid-parameter", 422, ["horizon"], "1 to 28 days"),
    ("/v1/forecasts?meassure=beds", "invalid-parameter", 422, ["meassure"], "measure"),
    ("/v1/forecasts?place=RXX", "unknown-value", 404, ["place"], "RXH"),
    ("/v1/nothing", "not-found", 404, [], "There is nothing at this address"),
    ("/v1/forecasts?hr-%3Cscript%3E=1", "invalid-parameter", 422, ["-"], "measure"),
    (f"/v1/forecasts?{'x' * 41}=1", "invalid-parameter", 422, ["-"], "measure"),
]


@pytest.mark.parametrize(
    ("address", "problem", "status", "parameters", "reason"), REJECTED, ids=[row[0][:40] for row in REJECTED]
)
def test_a_rejection_is_logged_with_its_type_parameters_and_reason_and_without_values(
    issued_store: Store,
    caplog: pytest.LogCaptureFixture,
    address: str,
    problem: str,
    status: int,
    parameters: list[str],
    reason: str,
) -> None:
    with serve(issued_store, Clock()) as client, caplog.at_level(logging.INFO, "service"):
        client.get(address, x_request_id="of-this")
    (fields,) = (record.__dict__["fields"] for record in caplog.records if record.getMessage() == "rejected")
    assert reason in fields.pop("reason")
    assert fields == {"request_id": "of-this", "status": status, "problem": problem, "parameters": parameters}
