"""Documentation of routes, parameters, problems, settings and metrics is complete."""

import re
from pathlib import Path

from service.http.problems import ProblemType
from service.observability.metrics import METRIC_CATALOGUE
from service.settings import ENVIRONMENT
from tests.contract.service.client import Client

DOCS = Path(__file__).parents[3] / "docs" / "reference"
API = (DOCS / "api.md").read_text(encoding="utf-8")
SETTINGS = (DOCS / "settings.md").read_text(encoding="utf-8")
METRICS = (DOCS / "metrics.md").read_text(encoding="utf-8")


def test_every_route_has_its_heading(client: Client) -> None:
    routes = {
        *client.get("/openapi.json").json()["paths"],
        "/",
        "/accuracy",
        "/places/{place}",
        "/docs",
        "/openapi.json",
    }
    assert set(re.findall(r"^### `GET (\S+)`$", API, re.MULTILINE)) == routes


def test_every_parameter_is_in_the_section_of_its_route(client: Client) -> None:
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        section = API.split(f"### `GET {path}`\n")[1].split("\n### ")[0]
        for parameter in operations["get"].get("parameters", []):
            assert f"`{parameter['name']}`" in section, (path, parameter["name"])


def test_every_problem_has_its_line() -> None:
    assert set(re.findall(r"^\| `urn:headroom:problem:(\S+)` \|", API, re.MULTILINE)) == {p.kind for p in ProblemType}


def test_every_setting_has_its_line() -> None:
    assert set(re.findall(r"^\| `(HEADROOM_\w+)` \|", SETTINGS, re.MULTILINE)) == set(ENVIRONMENT.values())


def test_every_metric_has_its_line_with_type_and_labels() -> None:
    lines = re.findall(r"^\| `(headroom_\w+)` \| (\w+) \| (.*?) \|", METRICS, re.MULTILINE)
    assert sorted(lines) == sorted(
        (metric.name, metric.type.value, ", ".join(f"`{label}`" for label in metric.labels))
        for metric in METRIC_CATALOGUE
    )


def test_every_request_in_the_documentation_works(client: Client) -> None:
    addresses = re.findall(r"http://127\.0\.0\.1:8000(/[^\s'\"`]*)", API)
    assert len(addresses) > 10
    for address in addresses:
        assert client.get(address).status_code in {200, 404, 422}, address
