"""The forecasts themselves, as JSON and as tables."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from service import schemas
from service.archive import Archive
from service.formats import JSON, negotiated
from service.parameters import AmountParameters, ForecastParameters, OneSeriesParameters, takes
from service.ports import Clock
from service.reception import headers_of, reply, visitor_of
from service.selection import Selection


def forecasts_router(archive: Archive, clock: Clock) -> APIRouter:
    router = APIRouter(prefix="/v1/forecasts", tags=["forecasts"])

    async def answer(
        request: Request, wanted: AmountParameters, selection: Selection, *, detailed: bool = False
    ) -> Response:
        edition = await archive.edition(visitor_of(request), wanted.cutoff, wanted.revision)
        selection.check(edition.publication)
        form = negotiated(wanted.format, headers_of(request).get("accept", ""))
        freshness = edition.freshness(clock())
        key = ("detail" if detailed else "forecasts", selection, form, freshness if form is JSON else None)
        return await reply(
            request, edition, key, lambda: edition.forecasts(selection, form, freshness, detailed=detailed)
        )

    @router.get(
        "",
        response_model=schemas.ForecastsAnswer,
        responses=schemas.answers(404, 422, 503, tables=True),
        dependencies=[Depends(takes(ForecastParameters))],
    )
    async def forecasts(request: Request, wanted: Annotated[ForecastParameters, Query()]) -> Response:
        """Forecasts of every series, or of those that are asked for."""
        return await answer(request, wanted, wanted.selection())

    @router.get(
        "/{unique_id:path}",
        response_model=schemas.DetailAnswer,
        responses=schemas.answers(404, 422, 503, tables=True),
        dependencies=[Depends(takes(OneSeriesParameters))],
    )
    async def one_series(
        request: Request, unique_id: schemas.UniqueId, wanted: Annotated[OneSeriesParameters, Query()]
    ) -> Response:
        """The forecast of one series, its recent actuals, and why a fallback stands in where one does."""
        return await answer(request, wanted, wanted.selection(unique_id), detailed=True)

    return router
