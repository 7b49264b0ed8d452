"""The operations page."""

from pathlib import Path

from fastapi import APIRouter
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from publication.days import today
from service.archive import Archive
from service.assets import FOR_GOOD, Assets
from service.conditional import Representation, respond
from service.page import views
from service.page.reading import planning_day
from service.ports import Clock
from service.problems import RouteNotFoundError
from service.reception import headers_of, visitor_of
from service.security import PAGE_HEADERS
from service.selection import Selection

HTML_TYPE = "text/html; charset=utf-8"
TEMPLATES = Path(__file__).parent.parent / "templates"


def pages_router(archive: Archive, assets: Assets, clock: Clock) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    templates.globals["asset"] = assets.url
    index_page, place_page = templates.get_template("index.html"), templates.get_template("place.html")

    async def page(request: Request, place: str | None) -> Response:
        visitor, now = visitor_of(request), clock()
        edition = await archive.edition(visitor)
        publication, freshness = edition.publication, edition.freshness(now)
        Selection(place=place).check(publication)
        planning = planning_day(publication, today(now, publication.system.timezone))

        def render() -> Representation:
            frame = views.frame(edition, freshness.value)
            if place is None:
                html = index_page.render(frame=frame, index=views.index_view(publication, planning))
            else:
                html = place_page.render(frame=frame, view=views.place_view(publication, place, planning))
            return Representation.of(html.encode(), HTML_TYPE, more=PAGE_HEADERS)

        rendered = await edition.get(("page", place, freshness, planning), render)
        return respond(rendered, headers_of(request), visitor.cache_control)

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
            raise RouteNotFoundError("No route has this address. The routes are listed at /docs.")
        current = assets.is_current(name, request.query_params.get("v"))
        return respond(found, headers_of(request), FOR_GOOD if current else visitor_of(request).cache_control)

    return router
