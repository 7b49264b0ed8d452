"""OpenAPI in addition to types: examples that are true, units, and what the served system allows."""

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from pydantic import BaseModel

from publication.store import Store
from service.routes import schemas
from service.routes.control_schemas import ControlAnswer
from service.routes.list_schemas import ActualsAnswer, PlacesAnswer
from service.routes.pressure_schemas import PressureAnswer
from tests.builders import build_live_scores, build_publication
from tests.contract.service.client import Client, Clock, serve
from tests.contract.service.keys import Bunch

BODIES: dict[str, type[BaseModel]] = {
    "/v1/system": schemas.SystemAnswer,
    "/v1/publications": schemas.PublicationsAnswer,
    "/v1/series": schemas.SeriesAnswer,
    "/v1/forecasts": schemas.ForecastsAnswer,
    "/v1/forecasts/{unique_id}": schemas.DetailAnswer,
    "/v1/findings": schemas.FindingsAnswer,
    "/v1/places": PlacesAnswer,
    "/v1/actuals": ActualsAnswer,
    "/v1/pressure": PressureAnswer,
    "/v1/scores": schemas.ScoresAnswer,
    "/v1/control": ControlAnswer,
    "/healthz": schemas.AliveAnswer,
    "/readyz": schemas.ReadyAnswer,
}
TABLES = [
    "/v1/publications",
    "/v1/places",
    "/v1/series",
    "/v1/actuals",
    "/v1/findings",
    "/v1/forecasts",
    "/v1/forecasts/{unique_id}",
    "/v1/pressure",
    "/v1/scores",
    "/v1/control",
]
Node = dict[str, Any]


@pytest.fixture(scope="module")
def document(client: Client) -> Node:
    found: Node = client.get("/openapi.json").json()
    return found


def operations(document: Node) -> Iterator[tuple[str, Node]]:
    return ((address, path["get"]) for address, path in document["paths"].items())


def parameters(document: Node) -> Iterator[tuple[str, Node]]:
    return ((address, parameter) for address, of in operations(document) for parameter in of.get("parameters", ()))


def is_number(kind: Node) -> bool:
    """Return whether a schema is of numbers, also by level or by place, or where there may be none."""
    inner = kind.get("additionalProperties")
    kinds = [kind, *kind.get("anyOf", ())]
    return any(of.get("type") in {"number", "integer"} for of in kinds) or (
        isinstance(inner, dict) and is_number(inner)
    )


def test_every_answer_has_an_example_in_each_of_its_forms(document: Node) -> None:
    without = [
        (address, form)
        for address, of in operations(document)
        for form, content in of["responses"]["200"]["content"].items()
        if "example" not in content
    ]
    assert without == []


@pytest.mark.parametrize("address", BODIES)
def test_an_example_is_what_its_schema_says(document: Node, address: str) -> None:
    example = document["paths"][address]["get"]["responses"]["200"]["content"]["application/json"]["example"]
    read = BODIES[address].model_validate_json(json.dumps(example), strict=True)  # raises where it is not
    assert read.model_dump(mode="json", by_alias=True, exclude_unset=True) == example


@pytest.mark.parametrize("address", TABLES)
def test_the_tables_of_an_example_have_the_columns_that_are_served(
    client: Client, document: Node, address: str
) -> None:
    content = document["paths"][address]["get"]["responses"]["200"]["content"]
    (row,) = csv.DictReader(io.StringIO(content["text/csv"]["example"]))
    (line,) = map(json.loads, content["application/x-ndjson"]["example"].splitlines())
    written = {name: "" if value is None else str(value) for name, value in line.items()}
    assert row == written | {name: str(value).lower() for name, value in line.items() if isinstance(value, bool)}
    served = client.get(address.replace("{unique_id}", "RXH/occupancy") + "?format=csv").text.splitlines()[0].split(",")
    assert [name for name in served if name in row or not re.search(r"\bq|_q", name)] == list(row)


def test_every_parameter_says_what_it_is_with_an_example_that_may_be_sent(document: Node) -> None:
    for address, parameter in parameters(document):
        assert parameter["description"], (address, parameter["name"])
        kinds = parameter["schema"].get("anyOf", [parameter["schema"]])
        pattern = next((kind["pattern"] for kind in kinds if "pattern" in kind), "")
        example = (
            parameter["example"]
            if "example" in parameter
            else parameter["description"].rpartition("for example `")[2].rstrip("`")
        )
        assert example, (address, parameter["name"])
        assert re.search(pattern, str(example)), (address, parameter["name"])


def test_what_the_page_fills_in_is_answered_as_it_is(empty_store: Store, clock: Clock) -> None:
    """`/docs` puts every example into its field: whoever changes nothing and executes it should see an answer."""
    empty_store.issue(build_publication(with_headroom=True))
    empty_store.save_live_scores(build_live_scores())
    with serve(empty_store, clock) as client:
        filled: dict[str, dict[str, object]] = {}
        for address, parameter in parameters(client.get("/openapi.json").json()):
            if "example" in parameter:
                filled.setdefault(address, {})[parameter["name"]] = parameter["example"]
        statuses = {
            address: client.get(
                f"{address.format(**values)}?{urlencode(without_path(address, values), doseq=True)}"
            ).status_code
            for address, values in filled.items()
        }
    assert set(statuses.values()) == {200}, statuses
    assert len(statuses) > 5


def without_path(address: str, values: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if f"{{{name}}}" not in address}


def test_a_request_of_examples_is_answered(empty_store: Store, clock: Clock) -> None:
    empty_store.issue(build_publication(with_headroom=True))
    empty_store.save_live_scores(build_live_scores())
    with serve(empty_store, clock) as client:
        addresses = [
            f"{address.replace('{unique_id}', 'RXH/occupancy')}?"
            + urlencode({parameter["name"]: parameter["example"]}, doseq=True)
            for address, parameter in parameters(client.get("/openapi.json").json())
            if parameter["in"] == "query" and "example" in parameter
        ]
        rejected = [address for address in addresses if client.get(address).status_code != 200]
    assert rejected == []
    assert len(addresses) > 20


def test_examples_name_what_the_caller_may_see(issued_store: Store, bunch: Bunch) -> None:
    with serve(issued_store, Clock(), keys=bunch.store) as client:
        mine = client.get("/openapi.json", authorization=bunch.bearer("trust-h")).json()
        all_of_it = client.get("/openapi.json", authorization=bunch.bearer("reader")).json()
    places = [
        {place for _, parameter in parameters(seen) if parameter["name"] == "place" for place in parameter["example"]}
        for seen in (mine, all_of_it)
    ]
    assert places == [{"RXH2"}, {"RXK2"}]


NOT_ALWAYS = {"Link"}  # only where there is a next page


@pytest.mark.parametrize(
    ("address", "asked", "status"),
    [
        *((address, address.replace("{unique_id}", "RXH/occupancy"), 200) for address in BODIES),
        ("/metrics", "/metrics", 200),
        ("/v1/forecasts", "/v1/forecasts?limit=1", 200),
        ("/v1/series", "/v1/series?horizon=1", 422),
        ("/v1/scores", "/v1/scores?place=RXX", 404),
    ],
)
def test_answers_have_the_headers_that_are_described(
    client: Client, document: Node, address: str, asked: str, status: int
) -> None:
    response = client.get(asked)
    assert response.status_code == status
    described = set(document["paths"][address]["get"]["responses"][str(status)]["headers"])
    sent = {name for name in document["components"]["headers"] if name.lower() in response.headers}
    assert described - NOT_ALWAYS <= sent <= described


def test_an_answer_that_comes_later_says_when(empty_store: Store, document: Node) -> None:
    with serve(empty_store, Clock()) as nothing_yet:
        assert int(nothing_yet.get("/v1/system").headers["retry-after"]) > 0
    of = document["paths"]["/v1/system"]["get"]["responses"]
    assert {status for status, answer in of.items() if "Retry-After" in answer["headers"]} == {"429", "503"}


def test_every_number_says_its_unit(document: Node) -> None:
    counted = {"n_series", "version", "revision", "series", "fallbacks", "publications", "status", "horizon_days"}
    silent = [
        (name, field)
        for name, schema in document["components"]["schemas"].items()
        if name.endswith("Out")
        for field, kind in schema["properties"].items()
        if is_number(kind) and "description" not in kind and field not in counted
    ]
    assert silent == []
