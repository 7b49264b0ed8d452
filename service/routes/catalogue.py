"""What there is: the system, its publications, its series."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from publication.errors import StoreUnreachableError
from service import rendering, schemas
from service.archive import Archive
from service.conditional import respond
from service.freshness import Clock, Watcher
from service.parameters import PublicationParameters, SeriesParameters, takes


def catalogue_router(watcher: Watcher, archive: Archive, clock: Clock) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["catalogue"])

    @router.get(
        "/system",
        response_model=schemas.SystemAnswer,
        responses=schemas.answers(422, 503),
        dependencies=[Depends(takes())],
    )
    async def system(request: Request) -> Response:
        """The hospital system: time zone, census hour, measures, thresholds, horizon and places."""
        edition = watcher.edition
        freshness = edition.freshness(clock())
        content: rendering.Json = {"system": rendering.system_body(edition.publication.system)}
        body = await edition.rendered.get(("system", freshness), lambda: edition.body(content, freshness))
        return respond(body, request.headers)

    @router.get(
        "/publications",
        response_model=schemas.PublicationsAnswer,
        responses=schemas.answers(422, 503),
        dependencies=[Depends(takes(PublicationParameters))],
    )
    async def publications(request: Request, wanted: Annotated[PublicationParameters, Query()]) -> Response:
        """Publications of the system, newest first. While the store is lost, the one that is served."""
        edition = watcher.edition
        try:
            headings = await archive.headings(wanted.limit)
        except StoreUnreachableError:
            headings = (edition.heading,)
        content: rendering.Json = {"publications": [rendering.heading_body(heading) for heading in headings]}
        return respond(edition.body(content, edition.freshness(clock())), request.headers)

    @router.get(
        "/series",
        response_model=schemas.SeriesAnswer,
        responses=schemas.answers(404, 422, 503),
        dependencies=[Depends(takes(SeriesParameters))],
    )
    async def series(request: Request, wanted: Annotated[SeriesParameters, Query()]) -> Response:
        """What is forecast: each series with its unit, last actual and model."""
        edition = watcher.edition
        selection = wanted.selection()
        selection.check(edition.publication)
        freshness = edition.freshness(clock())
        content: rendering.Json = {
            "series": [rendering.series_body(chosen) for chosen in selection.series(edition.publication)]
        }
        body = await edition.rendered.get(("series", selection, freshness), lambda: edition.body(content, freshness))
        return respond(body, request.headers)

    return router
