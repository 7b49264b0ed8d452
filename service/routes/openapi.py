"""The OpenAPI document: examples, headers, authentication and limits of the publication; and its page."""

import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from publication.model import Publication
from service.errors import NothingToServeError
from service.http.conditional import Representation, respond
from service.http.problems import PROBLEM_JSON
from service.http.security import docs_headers
from service.page.assets import documentation_assets
from service.page.templating import MAX_PREFIXES
from service.publications.repository import PublicationRepository
from service.rendering.bodies import json_bytes
from service.routes import examples
from service.routes.auth_cache import current_principal, headers_of
from service.routes.pages import HTML_TYPE

RESPONSE_ONLY_FIELDS = ("stream", "after", "cutoff", "revision", "leads", "regime", "from", "to")
"""Parameters whose example may be unknown to a system: `/docs` would fill it in, and get a 404."""


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
        "place": [shown.key.place],
        "under": system.name,
        "measure": [shown.key.measure],
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
    "Retry-After": {"description": "seconds to wait before the next request", "schema": {"type": "integer"}},
}


def _headers(status: int, operation: dict[str, Any]) -> dict[str, object]:
    """Return the headers of an answer: representations are those that a caller may have already."""
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
        "bearer": {"type": "http", "scheme": "bearer", "description": "An API key, where the service requires one."},
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
                    response["content"] = {PROBLEM_JSON: response["content"]["application/json"]}


OPENAPI_URL = "/openapi.json"
DOCS_ASSETS = "/docs/assets"


def docs_router(
    title: str, document: dict[str, Any], repository: PublicationRepository, frame_ancestors: Sequence[str] = ()
) -> APIRouter:
    """The page, the files it loads, and `document`: the API as OpenAPI has it, and as the served system limits it."""
    router = APIRouter(include_in_schema=False)

    @lru_cache(MAX_PREFIXES)
    def html(prefix: str) -> Representation:
        page = bytes(
            get_swagger_ui_html(
                openapi_url=f"{prefix}{OPENAPI_URL}",
                title=title,
                swagger_js_url=f"{prefix}{DOCS_ASSETS}/swagger-ui-bundle.js",
                swagger_css_url=f"{prefix}{DOCS_ASSETS}/swagger-ui.css",
                swagger_favicon_url=f"{prefix}{DOCS_ASSETS}/favicon.png",
            ).body
        )
        return Representation.of(page, HTML_TYPE, more=docs_headers(page.decode(), frame_ancestors))

    def described(prefix: str, of: dict[str, Any]) -> Representation:
        servers = {"servers": [{"url": prefix}]} if prefix else {}
        return Representation.of(json_bytes(of | servers), "application/json")

    assets = documentation_assets()

    @router.get("/docs")
    async def docs(request: Request) -> Response:
        return respond(html(request.state.prefix), headers_of(request), current_principal(request).cache_control)

    @router.get(OPENAPI_URL)
    async def openapi(request: Request) -> Response:
        principal, prefix = current_principal(request), request.state.prefix
        try:
            served = await repository.served(principal.place)
        except NothingToServeError:
            return respond(described(prefix, document), headers_of(request), principal.cache_control)
        limited = await served.get(
            ("openapi", prefix), lambda: described(prefix, of_publication(document, served.publication))
        )
        return respond(limited, headers_of(request), principal.cache_control)

    @router.get(f"{DOCS_ASSETS}/{{name}}")
    async def asset(request: Request, name: str) -> Response:
        found = await assets.get(name)
        if found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return respond(found, headers_of(request), current_principal(request).cache_control)

    return router
