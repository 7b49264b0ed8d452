"""The operations pages."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query
from jinja2 import Environment
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from publication.days import target_day, today
from service.http.conditional import Representation, respond
from service.http.security import PAGE_HEADERS
from service.page.assets import CACHE_FOR_A_YEAR, Assets
from service.page.frame import frame
from service.page.morning import Reading, threshold_shown
from service.page.place import place_view
from service.page.system import page_address, system_view
from service.page.wording import scale
from service.publications.earlier import EarlierPublications, free_beds_on
from service.publications.repository import Clock, PublicationRepository
from service.publications.served import ServedPublication
from service.queries.page_parameters import PageChoice, PlacePageParameters, SystemPageParameters
from service.queries.pressure import mutual_aid, rank_by_pressure
from service.queries.scenario import Scenario, apply_scenario
from service.queries.selection import Selection
from service.routes.auth_cache import current_principal, headers_of

HTML_TYPE = "text/html; charset=utf-8"


def pages_router(
    repository: PublicationRepository,
    earlier: EarlierPublications,
    templates: Environment,
    assets: Assets,
    clock: Clock,
) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    index_page, place_page = templates.get_template("index.html"), templates.get_template("place.html")

    @router.get("/")
    async def index(request: Request, wanted: Annotated[SystemPageParameters, Query()]) -> Response:
        principal, now = current_principal(request), clock()
        served = await repository.served(principal.place)
        if (added := wanted.added(served.publication)) is not None:
            choice = wanted.choice()
            address = page_address(PageChoice(choice.kind, choice.find, choice.every, added))
            return RedirectResponse(request.url.path + address, HTTPStatus.SEE_OTHER)
        choice = wanted.choice()
        choice.what_if.check(served.publication)
        before = await earlier.free_beds(served, _first_day(served, now))
        version = _version(served, now, before.name)

        def render() -> Representation:
            publication, days_over = served.publication, served.days_over(now)
            headroom = apply_scenario(publication, choice.what_if, days_over)
            ranked = rank_by_pressure(publication, headroom, days_over)
            reading = _reading(served, now, before.free, before.name)
            if choice.what_if != Scenario():
                reading = _compared_with_forecast(reading, served)
            view = system_view(reading, ranked, mutual_aid(publication, ranked, headroom), choice)
            return _html(index_page.render(page=frame(served, now, version), index=view, lately=None))

        body = await served.get(("page", choice, version), render)
        return respond(body, headers_of(request), principal.cache_control)

    @router.get("/places/{place}")
    async def place(request: Request, place: str, wanted: Annotated[PlacePageParameters, Query()]) -> Response:
        principal, now = current_principal(request), clock()
        served = await repository.served(principal.place)
        Selection(place=place).check(served.publication)
        before = await earlier.free_beds(served, _first_day(served, now))
        week_ago = await earlier.series_a_week_ago(served, place)
        version = _version(served, now, before.name, week_ago.name)

        def render() -> Representation:
            publication, days_over = served.publication, served.days_over(now)
            mine = [of for of in publication.headroom if of.place == place]
            is_over = days_over >= publication.system.horizon_days
            ranked = [] if is_over else rank_by_pressure(publication, mine, days_over)
            reading = _reading(served, now, before.free, before.name)
            view = place_view(reading, place, ranked[0] if ranked else None, week_ago.series, wanted.day)
            return _html(place_page.render(page=frame(served, now, version), view=view, lately=None))

        body = await served.get(("page of place", place, wanted.day, version), render)
        return respond(body, headers_of(request), principal.cache_control)

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


def _html(text: str) -> Representation:
    return Representation.of(text.encode(), HTML_TYPE, more=PAGE_HEADERS)


def _first_day(served: ServedPublication, now: datetime) -> date:
    return target_day(served.summary.cutoff, served.days_over(now) + 1)


def _version(served: ServedPublication, now: datetime, *others: str) -> str:
    """Return a text that changes whenever the content of a page does."""
    summary, present = served.summary, today(now, served.publication.system.timezone)
    parts = (summary.cutoff, summary.revision, summary.digest[-12:], served.freshness(now).value, present, *others)
    return " ".join(map(str, parts))


def _reading(served: ServedPublication, now: datetime, compared: Mapping[str, float], name: str) -> Reading:
    publication = served.publication
    return Reading(
        publication=publication,
        today=today(now, publication.system.timezone),
        first=served.days_over(now),
        threshold=threshold_shown(publication.system.thresholds),
        scale=scale(publication.system.quantiles),
        compared=compared,
        compared_name=name,
    )


def _compared_with_forecast(reading: Reading, served: ServedPublication) -> Reading:
    """Return the reading with changes measured from the forecast."""
    publication = served.publication
    free = free_beds_on(publication.system, publication.headroom, reading.first)
    return replace(reading, compared=free, compared_name="against the forecast")
