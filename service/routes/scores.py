"""How the forecasts that were issued did."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from service import schemas
from service.archive import Archive
from service.conditional import respond
from service.formats import JSON, negotiated
from service.parameters import ScoreParameters, takes
from service.ports import Clock
from service.reception import headers_of, visitor_of


def scores_router(archive: Archive, clock: Clock) -> APIRouter:
    router = APIRouter(prefix="/v1/scores", tags=["scores"])

    @router.get(
        "",
        response_model=schemas.ScoresAnswer,
        responses=schemas.answers(404, 422, 503, tables=True),
        dependencies=[Depends(takes(ScoreParameters))],
    )
    async def scores(request: Request, wanted: Annotated[ScoreParameters, Query()]) -> Response:
        """Losses of the issued forecasts, against the actuals known when they were last scored."""
        visitor = visitor_of(request)
        edition, ledger = await archive.edition(visitor), archive.ledger
        selection, form = wanted.scores(), negotiated(wanted.format, headers_of(request).get("accept", ""))
        freshness = edition.freshness(clock())
        # A ledger changes without the publication: its instant is part of the key, and no shortcut leads past us.
        key = ("scores", ledger and ledger.scored_at, selection, form, freshness if form is JSON else None)
        body = await edition.get(key, lambda: edition.scores(selection, ledger, form, freshness))
        return respond(body, headers_of(request), visitor.cache_control)

    return router
