"""Routes of the system, its publications and its series."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from publication.errors import MalformedPublicationError, StoreUnreachableError
from publication.model import PublicationSummary
from service.http.conditional import respond
from service.publications.repository import Clock, PublicationRepository
from service.queries.parameters import (
    ActualParameters,
    FindingParameters,
    PlaceListParameters,
    PublicationParameters,
    SeriesListParameters,
    reject_unknown_parameters,
)
from service.queries.selection import Form
from service.rendering.bodies import summary_body
from service.rendering.catalogue import publications_table
from service.routes import schemas
from service.routes.auth_cache import cached_response, current_principal, headers_of
from service.routes.list_schemas import ActualsAnswer, PlacesAnswer, RowsAnswer
from service.routes.lists import Lists, form_of


def catalogue_router(repository: PublicationRepository, clock: Clock) -> APIRouter:
    router, lists = APIRouter(prefix="/v1", tags=["catalogue"]), Lists(repository, clock)

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
        response_model=schemas.PublicationsAnswer | RowsAnswer,
        responses=schemas.answers(422, 503, tables=True),
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
        form, complete = form_of(request, wanted), principal.place is None
        page, link = _page(summaries, wanted, form)
        body = served.answer(
            form,
            served.freshness(clock()),
            lambda: {"publications": [summary_body(summary, complete=complete) for summary in page]},
            lambda: publications_table(page, complete=complete),
            link,
            since,
        )
        return respond(body, headers_of(request), principal.cache_control)

    @router.get(
        "/places",
        response_model=PlacesAnswer | RowsAnswer,
        responses=schemas.answers(404, 422, 503, tables=True),
        dependencies=[Depends(reject_unknown_parameters(PlaceListParameters))],
    )
    async def places(request: Request, wanted: Annotated[PlaceListParameters, Query()]) -> Response:
        """The places, each with its parent and name: to join other lists with."""
        selection = wanted.selection()
        return await lists.answer(
            request,
            wanted,
            ("places", selection),
            selection,
            lambda served, form, freshness: served.places(selection, form, freshness),
        )

    @router.get(
        "/series",
        response_model=schemas.SeriesAnswer | RowsAnswer,
        responses=schemas.answers(404, 422, 503, tables=True),
        dependencies=[Depends(reject_unknown_parameters(SeriesListParameters))],
    )
    async def series(request: Request, wanted: Annotated[SeriesListParameters, Query()]) -> Response:
        """The forecast series, each with its unit, last actual and model."""
        selection = wanted.selection()
        return await lists.answer(
            request,
            wanted,
            ("series", selection),
            selection,
            lambda served, form, freshness: served.series(selection, form, freshness),
        )

    @router.get(
        "/actuals",
        response_model=ActualsAnswer | RowsAnswer,
        responses=schemas.answers(404, 422, 503, tables=True),
        dependencies=[Depends(reject_unknown_parameters(ActualParameters))],
    )
    async def actuals(request: Request, wanted: Annotated[ActualParameters, Query()]) -> Response:
        """The recent actuals of the forecast series, each day with the check that doubts it."""
        selection = wanted.selection()
        return await lists.answer(
            request,
            wanted,
            ("actuals", selection),
            selection,
            lambda served, form, freshness: served.actuals(selection, form, freshness),
        )

    @router.get(
        "/findings",
        response_model=schemas.FindingsAnswer | RowsAnswer,
        responses=schemas.answers(404, 422, 503, tables=True),
        dependencies=[Depends(reject_unknown_parameters(FindingParameters))],
    )
    async def findings(request: Request, wanted: Annotated[FindingParameters, Query()]) -> Response:
        """Days of the last weeks that a check doubts, why, and what was done with them: suspect ones, newest first."""
        selection = wanted.findings()
        return await lists.answer(
            request,
            wanted,
            ("findings", selection),
            selection.series,
            lambda served, form, freshness: served.findings(selection, form, freshness),
        )

    return router


def _page(
    summaries: tuple[PublicationSummary, ...], wanted: PublicationParameters, form: Form
) -> tuple[tuple[PublicationSummary, ...], str | None]:
    """Return the summaries of a page, and the link to the next page."""
    older = [summary for summary in summaries if wanted.issued_before(summary.cutoff, summary.revision)]
    page = tuple(older[: wanted.limit])
    if len(page) == len(older):
        return page, None
    last = f"{page[-1].cutoff.isoformat()}.{page[-1].revision}"
    query = urlencode({"limit": wanted.limit, "after": last, **form.query()})
    return page, f'</v1/publications?{query}>; rel="next"'
