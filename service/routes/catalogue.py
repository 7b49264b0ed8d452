"""Routes of the system, its publications and its series."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from publication.errors import MalformedPublicationError, StoreUnreachableError
from publication.model import PublicationSummary
from service.http.conditional import respond
from service.publications.repository import Clock, PublicationRepository
from service.queries.parameters import (
    FindingParameters,
    PublicationParameters,
    SeriesListParameters,
    reject_unknown_parameters,
)
from service.queries.selection import JSON, negotiated
from service.rendering.bodies import summary_body
from service.routes import schemas
from service.routes.auth_cache import cached_response, current_principal, headers_of


def catalogue_router(repository: PublicationRepository, clock: Clock) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["catalogue"])

    @router.get(
        "/system",
        response_model=schemas.SystemAnswer,
        responses=schemas.answers(422, 503),
        dependencies=[Depends(reject_unknown_parameters())],
    )
    async def system(request: Request) -> Response:
        """The hospital system: time zone, census hour, measures, thresholds, horizon, places; findings by check."""
        served = await repository.served(current_principal(request).place)
        freshness = served.freshness(clock())
        return await cached_response(request, served, ("system", freshness), lambda: served.system(freshness))

    @router.get(
        "/publications",
        response_model=schemas.PublicationsAnswer,
        responses=schemas.answers(422, 503),
        dependencies=[Depends(reject_unknown_parameters(PublicationParameters))],
    )
    async def publications(request: Request, wanted: Annotated[PublicationParameters, Query()]) -> Response:
        """Publications of the system, newest first. The one that is served, while others cannot be read."""
        principal = current_principal(request)
        served = await repository.served(principal.place)
        try:
            summaries = await repository.summaries()
            # An older cutoff may have been issued since the newest.
            since = max((summary.issued_at for summary in summaries), default=served.summary.issued_at)
        except (MalformedPublicationError, StoreUnreachableError):
            summaries, since = (served.summary,), clock()
        page, link = _page(summaries, wanted)
        listed = [summary_body(summary, complete=principal.place is None) for summary in page]
        body = served.body({"publications": listed}, served.freshness(clock()), link, since)
        return respond(body, headers_of(request), principal.cache_control)

    @router.get(
        "/series",
        response_model=schemas.SeriesAnswer,
        responses=schemas.answers(404, 422, 503),
        dependencies=[Depends(reject_unknown_parameters(SeriesListParameters))],
    )
    async def series(request: Request, wanted: Annotated[SeriesListParameters, Query()]) -> Response:
        """The forecast series, each with its unit, last actual and model."""
        served = await repository.served(current_principal(request).place, wanted.cutoff, wanted.revision)
        selection = wanted.selection()
        selection.check(served.publication)
        freshness = served.freshness(clock())
        key = ("series", selection, JSON, freshness)
        return await cached_response(request, served, key, lambda: served.series(selection, freshness))

    @router.get(
        "/findings",
        response_model=schemas.FindingsAnswer,
        responses=schemas.answers(404, 422, 503, tables=True),
        dependencies=[Depends(reject_unknown_parameters(FindingParameters))],
    )
    async def findings(request: Request, wanted: Annotated[FindingParameters, Query()]) -> Response:
        """Days of the last weeks that a check doubts, why, and what was done with them: suspect ones, newest first."""
        served = await repository.served(current_principal(request).place, wanted.cutoff, wanted.revision)
        selection, form = wanted.findings(), negotiated(wanted.format, headers_of(request).get("accept", ""))
        selection.series.check(served.publication)
        freshness = served.freshness(clock())
        key = ("findings", selection, form, freshness if form is JSON else None)
        return await cached_response(request, served, key, lambda: served.findings(selection, form, freshness))

    return router


def _page(
    summaries: tuple[PublicationSummary, ...], wanted: PublicationParameters
) -> tuple[tuple[PublicationSummary, ...], str | None]:
    """Return the summaries of a page, and the link to the next page."""
    older = [summary for summary in summaries if wanted.issued_before(summary.cutoff, summary.revision)]
    page = tuple(older[: wanted.limit])
    if len(page) == len(older):
        return page, None
    last = f"{page[-1].cutoff.isoformat()}.{page[-1].revision}"
    return page, f'</v1/publications?limit={wanted.limit}&after={last}>; rel="next"'
