"""The operations page."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from publication.days import today
from service.http.conditional import Representation, respond
from service.page import views
from service.page.assets import CACHE_FOR_A_YEAR, Assets
from service.page.templating import PageTemplates
from service.page.wording import plan_row
from service.publications.repository import Clock, PublicationRepository
from service.queries.selection import Selection
from service.routes.auth_cache import current_principal, headers_of

HTML_TYPE = "text/html; charset=utf-8"


def pages_router(
    repository: PublicationRepository, assets: Assets, clock: Clock, page_headers: Mapping[str, str]
) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    templates = PageTemplates(assets.url)

    async def page(request: Request, place: str | None) -> Response:
        principal, now, prefix = current_principal(request), clock(), request.state.prefix
        served = await repository.served(principal.place)
        publication, freshness = served.publication, served.freshness(now)
        Selection(places=() if place is None else (place,)).check(publication)
        planning = plan_row(publication, today(now, publication.system.timezone))

        def render() -> Representation:
            frame, pages = views.frame(served, freshness.value), templates.of(prefix)
            if place is None:
                html = pages.get_template("index.html").render(
                    frame=frame, index=views.index_view(publication, planning)
                )
            else:
                html = pages.get_template("place.html").render(
                    frame=frame, view=views.place_view(publication, place, planning)
                )
            return Representation.of(html.encode(), HTML_TYPE, more=page_headers)

        render_cache = await served.get(("page", place, freshness, planning, prefix), render)
        return respond(render_cache, headers_of(request), principal.cache_control)

    @router.get("/")
    async def index(request: Request) -> Response:
        return await page(request, None)

    @router.get("/places/{place}")
    async def place(request: Request, place: str) -> Response:
        return await page(request, place)

    @router.get("/static/{name}")
    async def asset(request: Request, name: str) -> Response:
        found = await assets.get(name)
        if found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        current = assets.is_current(name, request.query_params.get("v"))
        return respond(
            found, headers_of(request), CACHE_FOR_A_YEAR if current else current_principal(request).cache_control
        )

    return router
