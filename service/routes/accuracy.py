"""The accuracy page."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from publication.days import today
from service.http.conditional import Representation, respond
from service.page.accuracy import accuracy_view
from service.page.accuracy_tables import AccuracyChoice
from service.page.frame import frame
from service.page.templating import PageTemplates
from service.publications.repository import Clock, PublicationRepository
from service.queries.page_parameters import AccuracyPageParameters
from service.queries.selection import Selection
from service.routes.auth_cache import current_principal, headers_of
from service.routes.pages import HTML_TYPE


def accuracy_router(
    repository: PublicationRepository, templates: PageTemplates, clock: Clock, headers: Mapping[str, str]
) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/accuracy")
    async def accuracy(request: Request, wanted: Annotated[AccuracyPageParameters, Query()]) -> Response:
        principal, now = current_principal(request), clock()
        served, live_scores = await repository.served(principal.place), repository.live_scores
        publication, summary = served.publication, served.summary
        Selection(
            places=(wanted.place,) if wanted.place else (), measures=(wanted.measure,) if wanted.measure else ()
        ).check(publication)
        choice = AccuracyChoice(wanted.measure or "", wanted.place or None, wanted.weeks)
        scored_at = "never" if live_scores is None else live_scores.scored_at.isoformat()
        present, freshness = today(now, publication.system.timezone), served.freshness(now)
        version = " ".join(map(str, (summary.digest[-12:], summary.revision, freshness.value, present, scored_at)))

        def render() -> Representation:
            view = accuracy_view(publication, live_scores, choice)
            page = templates.of(request.state.prefix).get_template("accuracy.html")
            html = page.render(page=frame(served, now, version), view=view)
            return Representation.of(html.encode(), HTML_TYPE, more=headers)

        body = await served.get(("accuracy page", request.state.prefix, choice, version), render)
        return respond(body, headers_of(request), principal.cache_control)

    return router
