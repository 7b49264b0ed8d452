"""The forecasts themselves, as JSON and as tables."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from service.publications.ports import Clock
from service.publications.repository import PublicationRepository
from service.queries.formats import JSON, negotiated
from service.queries.parameters import (
    ForecastParameters,
    OneSeriesParameters,
    OutputParameters,
    reject_unknown_parameters,
)
from service.queries.selection import Selection
from service.routes import schemas
from service.routes.auth_cache import cached_response, current_principal, headers_of


def forecasts_router(repository: PublicationRepository, clock: Clock) -> APIRouter:
    router = APIRouter(prefix="/v1/forecasts", tags=["forecasts"])

    async def answer(
        request: Request, wanted: OutputParameters, selection: Selection, *, detailed: bool = False
    ) -> Response:
        served = await repository.served(current_principal(request).place, wanted.cutoff, wanted.revision)
        selection.check(served.publication)
        form = negotiated(wanted.format, headers_of(request).get("accept", ""))
        freshness = served.freshness(clock())
        key = ("detail" if detailed else "forecasts", selection, form, freshness if form is JSON else None)
        return await cached_response(
            request, served, key, lambda: served.forecasts(selection, form, freshness, detailed=detailed)
        )

    @router.get(
        "",
        response_model=schemas.ForecastsAnswer,
        responses=schemas.answers(404, 422, 503, tables=True),
        dependencies=[Depends(reject_unknown_parameters(ForecastParameters))],
    )
    async def forecasts(request: Request, wanted: Annotated[ForecastParameters, Query()]) -> Response:
        """Forecasts of every series, or of those that are asked for."""
        return await answer(request, wanted, wanted.selection())

    @router.get(
        "/{unique_id:path}",
        response_model=schemas.DetailAnswer,
        responses=schemas.answers(404, 422, 503, tables=True),
        dependencies=[Depends(reject_unknown_parameters(OneSeriesParameters))],
    )
    async def one_series(
        request: Request, unique_id: schemas.UniqueId, wanted: Annotated[OneSeriesParameters, Query()]
    ) -> Response:
        """The forecast of one series, its recent actuals, and why a fallback stands in where one does."""
        return await answer(request, wanted, wanted.selection(unique_id), detailed=True)

    return router
