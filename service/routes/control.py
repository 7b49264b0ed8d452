"""The route of statistical control."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from service.http.conditional import respond
from service.publications.repository import Clock, PublicationRepository
from service.queries.parameters import ControlParameters, reject_unknown_parameters
from service.routes import schemas
from service.routes.auth_cache import current_principal, headers_of
from service.routes.control_schemas import ControlAnswer
from service.routes.list_schemas import RowsAnswer
from service.routes.lists import form_of


def control_router(repository: PublicationRepository, clock: Clock) -> APIRouter:
    router = APIRouter(prefix="/v1/control", tags=["scores"])

    @router.get(
        "",
        response_model=ControlAnswer | RowsAnswer,
        responses=schemas.answers(404, 422, 503, tables=True),
        dependencies=[Depends(reject_unknown_parameters(ControlParameters))],
    )
    async def control(request: Request, wanted: Annotated[ControlParameters, Query()]) -> Response:
        """State of each check of each measure: of forecasts against what they promise, of inputs against training."""
        principal = current_principal(request)
        served, live_scores = await repository.served(principal.place), repository.live_scores
        selection, form = wanted.control(), form_of(request, wanted)
        selection.series.check(served.publication)
        freshness = served.freshness(clock())
        # As of scores, their instant is part of the key.
        key = (
            "control",
            live_scores and live_scores.scored_at,
            selection,
            form,
            freshness if form.has_metadata else None,
        )
        body = await served.get(key, lambda: served.control(selection, live_scores, form, freshness))
        return respond(body, headers_of(request), principal.cache_control)

    return router
