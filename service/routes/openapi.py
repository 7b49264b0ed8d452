"""The document of OpenAPI beside its types: examples, headers, how a key is sent, and what a publication allows."""

import re
from collections.abc import Iterator
from copy import deepcopy
from http import HTTPStatus
from typing import Any

from publication.model import Publication
from service.http import problems
from service.routes import examples

RESPONSE_ONLY_FIELDS = ("stream", "after", "cutoff", "revision", "leads", "regime")
"""Parameters whose example no system need have: `/docs` would fill it in, and what it asks for would not be found."""


def of_publication(document: dict[str, Any], publication: Publication) -> dict[str, Any]:
    """The document with what its horizon and levels allow, and with examples that it has an answer to."""
    system, shown = publication.system, publication.series[-1]
    with_beds = publication.headroom[-1].place if publication.headroom else shown.key.place
    levels = [f"{level:g}" for level in system.quantiles]
    level = "|".join(map(re.escape, levels))
    limits = {
        "horizon": {"minimum": 1, "maximum": system.horizon_days},
        "quantiles": {"pattern": f"^({level})(,({level}))*$"},
    }
    described = deepcopy(document)
    there = {
        "place": shown.key.place,
        "under": system.name,
        "measure": shown.key.measure,
        "unique_id": shown.unique_id,
        "quantiles": ",".join(levels),
        "beds": f"{with_beds}:+12",
        "discharges": f"{with_beds}:+5/day",
    }
    for parameter in _parameters(described):
        parameter["example"] = there.get(parameter["name"], parameter["example"])
        if parameter["name"] in RESPONSE_ONLY_FIELDS:
            parameter["description"] += f"; for example `{parameter.pop('example')}`"
        for kind in parameter["schema"].get("anyOf", [parameter["schema"]]):
            if kind.get("type") != "null":
                kind.update(limits.get(parameter["name"], {}))
    return described


def _parameters(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        for operation in path.values():
            yield from operation.get("parameters", ())


HEADERS: dict[str, dict[str, object]] = {
    "X-Request-ID": {"description": "id of the request in the log", "schema": {"type": "string"}},
    "ETag": {"description": "changes with the body: for If-None-Match", "schema": {"type": "string"}},
    "Last-Modified": {
        "description": "since when it is as it is: for If-Modified-Since",
        "schema": {"type": "string"},
    },
    "Link": {"description": 'where the next page is, rel="next"; none on the last', "schema": {"type": "string"}},
    "Retry-After": {"description": "seconds to wait before asking again", "schema": {"type": "integer"}},
}


def _headers(status: int, operation: dict[str, Any]) -> dict[str, object]:
    """Which headers an answer has: representations are those that a caller may have already."""
    names = ["X-Request-ID"]
    if (
        status in {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED}
        and str(HTTPStatus.NOT_MODIFIED.value) in operation["responses"]
    ):
        names += ["ETag", "Last-Modified"]
        names += ["Link" for parameter in operation.get("parameters", ()) if parameter["name"] == "after"]
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        names.append("Retry-After")
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def enrich_openapi(document: dict[str, Any]) -> None:
    """Say in OpenAPI's document what FastAPI does not: how a key is sent, examples, headers, labels of errors."""
    document.setdefault("components", {})["headers"] = HEADERS
    document["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "description": "An API key, where the service asks for one."},
        "basic": {"type": "http", "scheme": "basic", "description": "The key as password; any user name."},
    }
    document["security"] = [{}, {"bearer": []}, {"basic": []}]
    for address, path in document["paths"].items():
        for operation in path.values():
            for parameter in operation.get("parameters", ()):
                name = parameter["name"]
                parameter["example"] = examples.PARAMETERS.get(f"{address} {name}", examples.PARAMETERS[name])
            for kind, example in examples.ANSWERS.get(address, {}).items():
                operation["responses"]["200"]["content"][kind]["example"] = example
            for status, response in operation["responses"].items():
                response["headers"] = _headers(int(status), operation)
                if int(status) >= HTTPStatus.BAD_REQUEST:
                    response["content"] = {problems.MEDIA_TYPE: response["content"]["application/json"]}
