"""Whether there will be a bed, where, and what would help."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from service import schemas
from service.archive import Archive
from service.conditional import respond
from service.freshness import Clock
from service.parameters import PressureParameters, takes


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
        edition = await archive.edition(wanted.cutoff)
        selection, what_if = wanted.selection(), wanted.what_if()
        selection.check(edition.publication)
        what_if.check(edition.publication)
        freshness = edition.freshness(clock())
        key = ("pressure", selection, what_if, freshness)
        body = await edition.rendered.get(key, lambda: edition.pressure(selection, what_if, freshness))
        return respond(body, request.headers)

    return router
