"""The accuracy page."""

from typing import Annotated

from fastapi import APIRouter, Query
from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import Response

from publication.days import today
from service.http.conditional import Representation, respond
from service.http.security import PAGE_HEADERS
from service.page.accuracy import accuracy_view
from service.page.accuracy_tables import AccuracyChoice
from service.page.frame import frame
from service.publications.repository import Clock, PublicationRepository
from service.queries.page_parameters import AccuracyPageParameters
from service.queries.selection import Selection
from service.routes.auth_cache import current_principal, headers_of
from service.routes.pages import HTML_TYPE


def accuracy_router(repository: PublicationRepository, templates: Environment, clock: Clock) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    page = templates.get_template("accuracy.html")

    @router.get("/accuracy")
    async def accuracy(request: Request, wanted: Annotated[AccuracyPageParameters, Query()]) -> Response:
        principal, now = current_principal(request), clock()
        served, live_scores = await repository.served(principal.place), repository.live_scores
        publication, summary = served.publication, served.summary
        Selection(place=wanted.place or None, measure=wanted.measure or None).check(publication)
        choice = AccuracyChoice(wanted.measure or "", wanted.place or None, wanted.weeks)
        scored_at = "never" if live_scores is None else live_scores.scored_at.isoformat()
        present, freshness = today(now, publication.system.timezone), served.freshness(now)
        version = " ".join(map(str, (summary.digest[-12:], summary.revision, freshness.value, present, scored_at)))

        def render() -> Representation:
            view = accuracy_view(publication, live_scores, choice)
            html = page.render(page=frame(served, now, version), view=view)
            return Representation.of(html.encode(), HTML_TYPE, more=PAGE_HEADERS)

        body = await served.get(("accuracy page", choice, version), render)
        return respond(body, headers_of(request), principal.cache_control)

    return router
