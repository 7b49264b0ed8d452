"""API documentation that needs no network: hospital networks are closed."""

from typing import Any

from fastapi import APIRouter
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import Response

from service.http.conditional import Representation, respond
from service.http.problems import NothingToServeError, RouteNotFoundError
from service.http.security import docs_headers
from service.page.assets import documentation_assets
from service.publications.repository import PublicationRepository
from service.rendering import json_bytes
from service.routes.auth_cache import current_principal, headers_of
from service.routes.openapi import of_publication

OPENAPI_URL = "/openapi.json"
DOCS_ASSETS = "/docs/assets"
HTML_TYPE = "text/html; charset=utf-8"


def docs_router(title: str, document: dict[str, Any], repository: PublicationRepository) -> APIRouter:
    """The page, the files it loads, and `document`: the API as OpenAPI has it, and as the served system limits it."""
    router = APIRouter(include_in_schema=False)
    page = bytes(
        get_swagger_ui_html(
            openapi_url=OPENAPI_URL,
            title=title,
            swagger_js_url=f"{DOCS_ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{DOCS_ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{DOCS_ASSETS}/favicon.png",
        ).body
    )
    html = Representation.of(page, HTML_TYPE, more=docs_headers(page.decode()))
    described = _described(document)
    assets = documentation_assets()

    @router.get("/docs")
    async def docs(request: Request) -> Response:
        return respond(html, headers_of(request), current_principal(request).cache_control)

    @router.get(OPENAPI_URL)
    async def openapi(request: Request) -> Response:
        principal = current_principal(request)
        try:
            served = await repository.served(principal.place)
        except NothingToServeError:
            return respond(described, headers_of(request), principal.cache_control)
        limited = await served.get(("openapi",), lambda: _described(of_publication(document, served.publication)))
        return respond(limited, headers_of(request), principal.cache_control)

    @router.get(f"{DOCS_ASSETS}/{{name}}")
    async def asset(request: Request, name: str) -> Response:
        found = await assets.get(name)
        if found is None:
            raise RouteNotFoundError("No route has this address. The routes are listed at /docs.")
        return respond(found, headers_of(request), current_principal(request).cache_control)

    return router


def _described(document: dict[str, Any]) -> Representation:
    return Representation.of(json_bytes(document), "application/json")
