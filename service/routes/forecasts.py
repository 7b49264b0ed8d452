"""The forecasts themselves, as JSON and as CSV."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from service import schemas
from service.archive import Archive
from service.conditional import Representation, prefers_csv, respond
from service.edition import Edition
from service.freshness import Clock
from service.parameters import AmountParameters, ForecastParameters, OneSeriesParameters, takes
from service.selection import Selection


def forecasts_router(archive: Archive, clock: Clock) -> APIRouter:
    router = APIRouter(prefix="/v1/forecasts", tags=["forecasts"])

    @router.get(
        "",
        response_model=schemas.ForecastsAnswer,
        responses=schemas.answers(404, 422, 503, csv=True),
        dependencies=[Depends(takes(ForecastParameters))],
    )
    async def forecasts(request: Request, wanted: Annotated[ForecastParameters, Query()]) -> Response:
        """Forecasts of every series, or of those that are asked for."""
        edition = await archive.edition(wanted.cutoff)
        selection = wanted.selection()
        selection.check(edition.publication)
        if _wants_csv(request, wanted):
            return respond(await _csv(edition, selection), request.headers)
        freshness = edition.freshness(clock())
        key = ("json", selection, freshness)
        body = await edition.rendered.get(key, lambda: edition.forecasts(selection, freshness))
        return respond(body, request.headers)

    @router.get(
        "/{unique_id:path}",
        response_model=schemas.DetailAnswer,
        responses=schemas.answers(404, 422, 503, csv=True),
        dependencies=[Depends(takes(OneSeriesParameters))],
    )
    async def one_series(request: Request, unique_id: str, wanted: Annotated[OneSeriesParameters, Query()]) -> Response:
        """The forecast of one series, its recent actuals, and why a fallback stands in where one does."""
        edition = await archive.edition(wanted.cutoff)
        selection = wanted.selection(unique_id)
        selection.check(edition.publication)
        if _wants_csv(request, wanted):
            return respond(await _csv(edition, selection), request.headers)
        freshness = edition.freshness(clock())
        key = ("detail", selection, freshness)
        body = await edition.rendered.get(key, lambda: edition.detail(selection, freshness))
        return respond(body, request.headers)

    return router


async def _csv(edition: Edition, selection: Selection) -> Representation:
    return await edition.rendered.get(("csv", selection), lambda: edition.csv(selection))


def _wants_csv(request: Request, wanted: AmountParameters) -> bool:
    """`format` where it is given, else what `Accept` prefers."""
    if wanted.format is not None:
        return wanted.format == "csv"
    return prefers_csv(request.headers.get("accept"))
