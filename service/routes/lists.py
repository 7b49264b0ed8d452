"""The way that every list is answered: a selection of one publication, in the form that the caller wants."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from publication.live_scores import LiveScores
from publication.vocabulary import Freshness
from service.http.conditional import Representation, respond
from service.publications.render_cache import Key
from service.publications.repository import Clock, PublicationRepository
from service.publications.served import ServedPublication
from service.queries.parameters import FormParameters, ListParameters
from service.queries.selection import Form, Selection
from service.routes.auth_cache import cached_response, current_principal, headers_of

Render = Callable[[ServedPublication, Form, Freshness], Representation]
RenderScored = Callable[[ServedPublication, LiveScores | None, Form, Freshness], Representation]


class Lists:
    """Answers requests for lists from the repository."""

    def __init__(self, repository: PublicationRepository, clock: Clock) -> None:
        self._repository = repository
        self._clock = clock

    async def answer(
        self, request: Request, wanted: ListParameters, key: Key, series: Selection, render: Render
    ) -> Response:
        """Return the part of the publication that `key` identifies, but for its form and freshness.

        `series` is rejected where the publication does not have it.
        """
        served = await self._repository.served(current_principal(request).place, wanted.cutoff, wanted.revision)
        series.check(served.publication)
        form = form_of(request, wanted)
        freshness = served.freshness(self._clock())
        complete_key = (*key, form, freshness if form.has_metadata else None)
        return await cached_response(request, served, complete_key, lambda: render(served, form, freshness))

    async def answer_scored(
        self, request: Request, wanted: FormParameters, key: Key, series: Selection, render: RenderScored
    ) -> Response:
        """Return the part of the live scores that `key` identifies, but for their instant, its form and freshness.

        They change without the publication: so their instant is part of the key, and the address gets no alias.
        """
        principal = current_principal(request)
        served, live_scores = await self._repository.served(principal.place), self._repository.live_scores
        series.check(served.publication)
        form = form_of(request, wanted)
        freshness = served.freshness(self._clock())
        scored_at = live_scores and live_scores.scored_at
        complete_key = (*key, scored_at, form, freshness if form.has_metadata else None)
        body = await served.get(complete_key, lambda: render(served, live_scores, form, freshness))
        return respond(body, headers_of(request), principal.cache_control)


def form_of(request: Request, wanted: FormParameters) -> Form:
    """Return the form that the parameters, or the header Accept, want."""
    return wanted.form(headers_of(request).get("accept", ""))
