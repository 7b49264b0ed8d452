"""Whether there will be a bed, where, and what would help."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from service.publications.ports import Clock
from service.publications.repository import PublicationRepository
from service.queries.parameters import PressureParameters, reject_unknown_parameters
from service.routes import schemas
from service.routes.auth_cache import cached_response, current_principal


def pressure_router(repository: PublicationRepository, clock: Clock) -> APIRouter:
    router = APIRouter(prefix="/v1/pressure", tags=["pressure"])

    @router.get(
        "",
        response_model=schemas.PressureAnswer,
        responses=schemas.answers(404, 422, 503),
        dependencies=[Depends(reject_unknown_parameters(PressureParameters))],
    )
    async def pressure(request: Request, wanted: Annotated[PressureParameters, Query()]) -> Response:
        """Pressure of each place that counts beds and occupancy, worst first; also what if it had more of either."""
        served = await repository.served(current_principal(request).place, wanted.cutoff, wanted.revision)
        selection, what_if = wanted.selection(), wanted.what_if()
        selection.check(served.publication)
        what_if.check(served.publication)
        freshness = served.freshness(clock())
        key = ("pressure", selection, what_if, freshness)
        return await cached_response(request, served, key, lambda: served.pressure(selection, what_if, freshness))

    return router
