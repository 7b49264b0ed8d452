"""How the forecasts that were issued did."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from service.http.conditional import respond
from service.publications.ports import Clock
from service.publications.repository import PublicationRepository
from service.queries.formats import JSON, negotiated
from service.queries.parameters import ScoreParameters, reject_unknown_parameters
from service.routes import schemas
from service.routes.auth_cache import current_principal, headers_of


def scores_router(repository: PublicationRepository, clock: Clock) -> APIRouter:
    router = APIRouter(prefix="/v1/scores", tags=["scores"])

    @router.get(
        "",
        response_model=schemas.ScoresAnswer,
        responses=schemas.answers(404, 422, 503, tables=True),
        dependencies=[Depends(reject_unknown_parameters(ScoreParameters))],
    )
    async def scores(request: Request, wanted: Annotated[ScoreParameters, Query()]) -> Response:
        """Losses of the issued forecasts, against the actuals known when they were last scored."""
        principal = current_principal(request)
        served, ledger = await repository.served(principal.place), repository.ledger
        selection, form = wanted.scores(), negotiated(wanted.format, headers_of(request).get("accept", ""))
        freshness = served.freshness(clock())
        # A ledger changes without the publication: its instant is part of the key, and no shortcut leads past us.
        key = ("scores", ledger and ledger.scored_at, selection, form, freshness if form is JSON else None)
        body = await served.get(key, lambda: served.scores(selection, ledger, form, freshness))
        return respond(body, headers_of(request), principal.cache_control)

    return router
