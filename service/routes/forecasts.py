"""Routes of forecasts, of pressure and of scores."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from service.publications.repository import Clock, PublicationRepository
from service.publications.served import pressure_key
from service.queries.parameters import (
    ForecastParameters,
    OneSeriesParameters,
    OutputParameters,
    PressureParameters,
    ScoreParameters,
    reject_unknown_parameters,
)
from service.queries.selection import Selection
from service.routes import schemas
from service.routes.auth_cache import cached_response, current_principal
from service.routes.list_schemas import RowsAnswer
from service.routes.lists import Lists, form_of
from service.routes.pressure_schemas import PressureAnswer


def forecasts_router(repository: PublicationRepository, clock: Clock) -> APIRouter:
    router, lists = APIRouter(prefix="/v1/forecasts", tags=["forecasts"]), Lists(repository, clock)

    async def answer(
        request: Request, wanted: OutputParameters, selection: Selection, *, detailed: bool = False
    ) -> Response:
        return await lists.answer(
            request,
            wanted,
            ("detail" if detailed else "forecasts", selection),
            selection,
            lambda served, form, freshness: served.forecasts(selection, form, freshness, detailed=detailed),
        )

    @router.get(
        "",
        response_model=schemas.ForecastsAnswer | RowsAnswer,
        responses=schemas.answers(404, 422, 503, tables=True),
        dependencies=[Depends(reject_unknown_parameters(ForecastParameters))],
    )
    async def forecasts(request: Request, wanted: Annotated[ForecastParameters, Query()]) -> Response:
        """Forecasts of every series, or of the selected ones."""
        return await answer(request, wanted, wanted.selection())

    @router.get(
        "/{unique_id:path}",
        response_model=schemas.DetailAnswer | RowsAnswer,
        responses=schemas.answers(404, 422, 503, tables=True),
        dependencies=[Depends(reject_unknown_parameters(OneSeriesParameters))],
    )
    async def one_series(
        request: Request, unique_id: schemas.UniqueId, wanted: Annotated[OneSeriesParameters, Query()]
    ) -> Response:
        """The forecast of one series, its recent actuals, and why a fallback stands in where one does."""
        return await answer(request, wanted, wanted.selection(unique_id), detailed=True)

    return router


def pressure_router(repository: PublicationRepository, clock: Clock) -> APIRouter:
    router = APIRouter(prefix="/v1/pressure", tags=["pressure"])

    @router.get(
        "",
        response_model=PressureAnswer | RowsAnswer,
        responses=schemas.answers(404, 422, 503, tables=True),
        dependencies=[Depends(reject_unknown_parameters(PressureParameters))],
    )
    async def pressure(request: Request, wanted: Annotated[PressureParameters, Query()]) -> Response:
        """Pressure of each place that counts beds and occupancy, worst first; also what if it had more of either.

        Places are ranked by the days from today on, in the system's time zone.
        """
        served = await repository.served(current_principal(request).place, wanted.cutoff, wanted.revision)
        selection, form = wanted.pressure(), form_of(request, wanted)
        selection.check(served.publication)
        days_over = served.days_over(clock())
        key = pressure_key(selection, form, days_over)
        return await cached_response(request, served, key, lambda: served.pressure(selection, form, days_over))

    return router


def scores_router(repository: PublicationRepository, clock: Clock) -> APIRouter:
    router, lists = APIRouter(prefix="/v1/scores", tags=["scores"]), Lists(repository, clock)

    @router.get(
        "",
        response_model=schemas.ScoresAnswer | RowsAnswer,
        responses=schemas.answers(404, 422, 503, tables=True),
        dependencies=[Depends(reject_unknown_parameters(ScoreParameters))],
    )
    async def scores(request: Request, wanted: Annotated[ScoreParameters, Query()]) -> Response:
        """Losses of the issued forecasts, against the actuals known when they were last scored."""
        selection = wanted.scores()
        return await lists.answer_scored(
            request,
            wanted,
            ("scores", selection),
            selection.series,
            lambda served, live_scores, form, freshness: served.scores(selection, live_scores, form, freshness),
        )

    return router
