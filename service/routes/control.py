"""The route of statistical control."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from service.publications.repository import Clock, PublicationRepository
from service.queries.parameters import ControlParameters, reject_unknown_parameters
from service.routes import schemas
from service.routes.control_schemas import ControlAnswer
from service.routes.list_schemas import RowsAnswer
from service.routes.lists import Lists


def control_router(repository: PublicationRepository, clock: Clock) -> APIRouter:
    router, lists = APIRouter(prefix="/v1/control", tags=["scores"]), Lists(repository, clock)

    @router.get(
        "",
        response_model=ControlAnswer | RowsAnswer,
        responses=schemas.answers(404, 422, 503, tables=True),
        dependencies=[Depends(reject_unknown_parameters(ControlParameters))],
    )
    async def control(request: Request, wanted: Annotated[ControlParameters, Query()]) -> Response:
        """State of each check of each measure: of forecasts against what they promise, of inputs against training."""
        selection = wanted.control()
        return await lists.answer_scored(
            request,
            wanted,
            ("control", selection),
            selection.series,
            lambda served, live_scores, form, freshness: served.control(selection, live_scores, form, freshness),
        )

    return router
