"""Whether there will be a bed, where, and what would help."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from service import schemas
from service.archive import Archive
from service.parameters import PressureParameters, takes
from service.ports import Clock
from service.reception import reply, visitor_of


def pressure_router(archive: Archive, clock: Clock) -> APIRouter:
    router = APIRouter(prefix="/v1/pressure", tags=["pressure"])

    @router.get(
        "",
        response_model=schemas.PressureAnswer,
        responses=schemas.answers(404, 422, 503),
        dependencies=[Depends(takes(PressureParameters))],
    )
    async def pressure(request: Request, wanted: Annotated[PressureParameters, Query()]) -> Response:
        """Pressure of each place that counts beds and occupancy, worst first; also what if it had more of either."""
        edition = await archive.edition(visitor_of(request), wanted.cutoff, wanted.revision)
        selection, what_if = wanted.selection(), wanted.what_if()
        selection.check(edition.publication)
        what_if.check(edition.publication)
        freshness = edition.freshness(clock())
        key = ("pressure", selection, what_if, freshness)
        return await reply(request, edition, key, lambda: edition.pressure(selection, what_if, freshness))

    return router
