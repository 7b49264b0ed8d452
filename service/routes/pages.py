"""The operations pages."""

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from publication.live_scores import LiveScores
from service.http.conditional import Representation, respond
from service.page.accuracy import recent_error
from service.page.accuracy_control import open_signals
from service.page.assets import CACHE_FOR_A_YEAR, Assets
from service.page.frame import content_version, frame
from service.page.morning import first_day
from service.page.place import place_page
from service.page.system import page_address, system_page
from service.page.templating import PageTemplates
from service.publications.earlier import EarlierPublications
from service.publications.repository import Clock, PublicationRepository
from service.queries.page_parameters import PlacePageParameters, SystemPageParameters
from service.queries.selection import Selection
from service.routes.auth_cache import cached_response, current_principal, headers_of

HTML_TYPE = "text/html; charset=utf-8"
PAGE_LIFETIME_SECONDS = 1.0
"""A crowd that opens a page gets it without its route for so long: live scores and the hour may change its content."""


def pages_router(
    repository: PublicationRepository,
    earlier: EarlierPublications,
    templates: PageTemplates,
    assets: Assets,
    clock: Clock,
    headers: Mapping[str, str],
) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    def page(request: Request, template: str, **content: object) -> Representation:
        made = templates.of(request.state.prefix).get_template(template).render(**content)
        return Representation.of(made.encode(), HTML_TYPE, more=headers)

    @router.get("/")
    async def index(request: Request, wanted: Annotated[SystemPageParameters, Query()]) -> Response:
        principal, now = current_principal(request), clock()
        served = await repository.served(principal.place)
        choice = wanted.choice()
        if (added := wanted.added(served.publication)) is not None:
            address = page_address(replace(choice, what_if=added))
            return RedirectResponse(f"{request.state.prefix}/{address}", HTTPStatus.SEE_OTHER)
        choice.what_if.check(served.publication)
        before = await earlier.free_beds(served, first_day(served, now))
        scores = repository.live_scores
        version = content_version(served, now, before.name, _scored_at(scores))

        def render() -> Representation:
            view, lately = system_page(served, now, before, choice), recent_error(scores, served.publication)
            signals, head = open_signals(served.publication, scores), frame(served, now, version)
            return page(request, "index.html", page=head, index=view, lately=lately, signals=signals)

        key = ("page", request.state.prefix, choice, version)
        return await cached_response(request, served, key, render, PAGE_LIFETIME_SECONDS)

    @router.get("/places/{place}")
    async def place(request: Request, place: str, wanted: Annotated[PlacePageParameters, Query()]) -> Response:
        principal, now = current_principal(request), clock()
        served = await repository.served(principal.place)
        Selection(places=(place,)).check(served.publication)
        before = await earlier.free_beds(served, first_day(served, now))
        week_ago = await earlier.series_a_week_ago(served, place)
        scores = repository.live_scores
        version = content_version(served, now, before.name, week_ago.name, _scored_at(scores))

        def render() -> Representation:
            view = place_page(served, now, before, week_ago, place, wanted.day)
            lately = recent_error(scores, served.publication, place)
            return page(request, "place.html", page=frame(served, now, version), view=view, lately=lately)

        key = ("page of place", request.state.prefix, place, wanted.day, version)
        return await cached_response(request, served, key, render, PAGE_LIFETIME_SECONDS)

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


def _scored_at(live_scores: LiveScores | None) -> str:
    return "" if live_scores is None else live_scores.scored_at.isoformat()
