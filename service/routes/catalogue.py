"""What there is: the system, its publications, its series."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from publication.errors import MalformedPublicationError, StoreUnreachableError
from publication.model import Heading
from service import rendering, schemas
from service.archive import Archive
from service.conditional import respond
from service.formats import JSON
from service.parameters import PublicationParameters, SeriesListParameters, takes
from service.ports import Clock
from service.reception import headers_of, reply, visitor_of


def catalogue_router(archive: Archive, clock: Clock) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["catalogue"])

    @router.get(
        "/system",
        response_model=schemas.SystemAnswer,
        responses=schemas.answers(422, 503),
        dependencies=[Depends(takes())],
    )
    async def system(request: Request) -> Response:
        """The hospital system: time zone, census hour, measures, thresholds, horizon and places."""
        edition = await archive.edition(visitor_of(request))
        freshness = edition.freshness(clock())
        content: rendering.Json = {"system": rendering.system_body(edition.publication.system)}
        return await reply(request, edition, ("system", freshness), lambda: edition.body(content, freshness))

    @router.get(
        "/publications",
        response_model=schemas.PublicationsAnswer,
        responses=schemas.answers(422, 503),
        dependencies=[Depends(takes(PublicationParameters))],
    )
    async def publications(request: Request, wanted: Annotated[PublicationParameters, Query()]) -> Response:
        """Publications of the system, newest first. The one that is served, while others cannot be read."""
        visitor = visitor_of(request)
        edition = await archive.edition(visitor)
        try:
            headings = await archive.headings()
            # An older cutoff may have been issued since the newest.
            since = max((heading.issued_at for heading in headings), default=edition.heading.issued_at)
        except (MalformedPublicationError, StoreUnreachableError):
            headings, since = (edition.heading,), clock()
        page, link = _page(headings, wanted)
        told = [rendering.heading_body(heading, whole=visitor.place is None) for heading in page]
        body = edition.body({"publications": told}, edition.freshness(clock()), link, since)
        return respond(body, headers_of(request), visitor.cache_control)

    @router.get(
        "/series",
        response_model=schemas.SeriesAnswer,
        responses=schemas.answers(404, 422, 503),
        dependencies=[Depends(takes(SeriesListParameters))],
    )
    async def series(request: Request, wanted: Annotated[SeriesListParameters, Query()]) -> Response:
        """What is forecast: each series with its unit, last actual and model."""
        edition = await archive.edition(visitor_of(request), wanted.cutoff, wanted.revision)
        selection = wanted.selection()
        selection.check(edition.publication)
        freshness = edition.freshness(clock())
        key = ("series", selection, JSON, freshness)
        return await reply(request, edition, key, lambda: edition.series(selection, freshness))

    return router


def _page(headings: tuple[Heading, ...], wanted: PublicationParameters) -> tuple[tuple[Heading, ...], str | None]:
    """The headings that are asked for, and where the next ones are."""
    older = [heading for heading in headings if wanted.issued_before(heading.cutoff, heading.revision)]
    page = tuple(older[: wanted.limit])
    if len(page) == len(older):
        return page, None
    last = f"{page[-1].cutoff.isoformat()}.{page[-1].revision}"
    return page, f'</v1/publications?limit={wanted.limit}&after={last}>; rel="next"'
